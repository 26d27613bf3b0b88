"""Asks `verify.py` about proofs in one process and compares its verdicts with those of the Rust verifier.

    check_proofs.py VERIFIER KEY < cases

A case is a line of JSON: the file in base64, and what `lineal-verify --json` says of it.
"""

import base64
import functools
import importlib.util
import json
import sys

SHOWN = 10


def main(verifier, key):
    spec = importlib.util.spec_from_file_location("verify", verifier)
    verify = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verify)
    # Changed proofs share nearly all of their bytes.
    verify.blake3 = functools.lru_cache(maxsize=None)(verify.blake3)
    verify.signed = functools.lru_cache(maxsize=None)(verify.signed)
    key = verify.read_key(key)
    cases, unlike = 0, []
    for line in sys.stdin:
        case = json.loads(line)
        data = base64.b64decode(case["file"])
        found = verify.check(data, key)
        cases += 1
        if found != case["told"]:
            unlike.append((case["told"], found, data))
    for case in unlike[:SHOWN]:
        print(*case)
    if unlike:
        print(f"{len(unlike)} of {cases} proofs with another verdict")
        return 1
    print(f"{cases} proofs, the same verdicts")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
