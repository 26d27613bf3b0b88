"""Checks a public log with packages that are not ours: aics-tlog, pymerkle and rfc3161-client.

    check_log.py CASE TOOL

CASE is what tests/foreign/run wrote; TOOL is `aics-tlog`, `pymerkle` or `rfc3161-client`.
"""

import base64
import hashlib
import json
import pathlib
import subprocess
import sys


def main():
    case = json.loads(pathlib.Path(sys.argv[1]).read_text())
    tool = {"aics-tlog": aics_tlog, "pymerkle": pymerkle, "rfc3161-client": rfc3161}
    print(tool[sys.argv[2]](case))


def entries(case):
    """The entries of the log, from its bundles."""
    size = parse(case["checkpoints"][-1])[0]
    found = []
    while len(found) < size:
        number = len(found) // 256
        width = min(256, size - number * 256)
        path = f"{number:03}" if width == 256 else f"{number:03}.p/{width}"
        data = (pathlib.Path(case["tiles"]) / "tile/entries" / path).read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    return found


def parse(note):
    """Size and root of a checkpoint; nothing is checked."""
    lines = note.split("\n")
    return int(lines[1]), base64.b64decode(lines[2])


def aics_tlog(case):
    folder = pathlib.Path(sys.argv[1]).parent
    key = folder / "log.vkey"
    key.write_text(case["key"] + "\n")
    program = pathlib.Path(sys.executable).parent / "aics-tlog"

    def run(*words):
        return subprocess.run([program, *words, "--vkey-file", key], capture_output=True, text=True)

    def must(*words):
        done = run(*words)
        if done.returncode != 0:
            sys.exit(f"{words}: {done.stdout}{done.stderr}")

    def refused(*words):
        if run(*words).returncode == 0:
            sys.exit(f"accepted: {words}")

    notes = []
    for number, note in enumerate(case["checkpoints"]):
        path = folder / f"{number}.note"
        path.write_text(note)
        notes.append(path)
    changed = folder / "changed.note"
    changed.write_text(case["checkpoints"][-1].replace("\n", "0\n", 2))
    must("verify-checkpoint", "--tiles", case["tiles"])
    refused("verify-checkpoint", "--checkpoint", changed)
    for older in notes:
        must("verify-consistency", "--old-checkpoint", older, "--tiles", case["tiles"])
    refused("verify-consistency", "--old-checkpoint", changed, "--tiles", case["tiles"])
    proved = case["proofs"]
    for one in proved:
        leaf = folder / "leaf"
        leaf.write_bytes(base64.b64decode(one["entry"]))
        index = str(one["commit"] - 1)
        must("verify-inclusion", "--leaf", leaf, "--index", index, "--tiles", case["tiles"])
        other = str(one["commit"] % len(entries(case)))
        refused("verify-inclusion", "--leaf", leaf, "--index", other, "--tiles", case["tiles"])
    return f"{len(notes)} checkpoints, consistency from each, {len(proved)} commits, over the tiles"


def pymerkle(case):
    from pymerkle import InmemoryTree

    tree, wanted = InmemoryTree(algorithm="sha256"), dict(parse(note) for note in case["checkpoints"])
    checked = 0
    for number, entry in enumerate(entries(case), start=1):
        tree.append_entry(entry)
        if number in wanted:
            if tree.get_state() != wanted[number]:
                sys.exit(f"another root at {number}")
            checked += 1
    if checked != len(wanted):
        sys.exit(f"{checked} of {len(wanted)} roots were reached")
    return f"{checked} roots from the entries"


def rfc3161(case):
    from cryptography import x509
    from rfc3161_client import VerifierBuilder, decode_timestamp_response

    stamp = case["timestamp"]
    reply = decode_timestamp_response(pathlib.Path(stamp["reply"]).read_bytes())
    roots = x509.load_pem_x509_certificate(pathlib.Path(stamp["root"]).read_bytes())
    verifier = VerifierBuilder().add_root_certificate(roots).build()
    digest = hashlib.sha256(stamp["text"].encode()).digest()
    if not verifier.verify(reply, digest):
        sys.exit("not verified")
    try:
        verifier.verify(reply, hashlib.sha256(b"another").digest())
    except Exception:
        return "the stamp, its certificate and signature; another text refused"
    sys.exit("accepted another text")


main()
