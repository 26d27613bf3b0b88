"""Changes a pack in many ways, one at a time, and sees that the verifier finds each and names the file.

    check_pack.py VERIFIER FOLDER KEY

Of each file one byte is changed at a place that follows from a seed, its last byte is cut off, and it is
removed; one file is added, one linked, one moved. What did not change is not hashed again: the verifier's
own functions are called, with a memory.
"""

import functools
import importlib.util
import os
import random
import sys

SEED = 16


def main(verifier, folder, key):
    spec = importlib.util.spec_from_file_location("verify", verifier)
    verify = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verify)
    for name in ("blake3", "signed", "read_signed", "_point"):
        setattr(verify, name, functools.lru_cache(maxsize=None)(getattr(verify, name)))
    key = verify.read_key(key)
    # Proofs hold lists, which are not changed by who reads them.
    known, check = {}, verify.checked

    def checked(data, key, trusted=None):
        asked = data, key, None if trusted is None else trusted[:3]
        if asked not in known:
            try:
                known[asked] = check(data, key, trusted)
            except verify.Tampered as fault:
                known[asked] = fault
        if isinstance(known[asked], Exception):
            raise known[asked]
        return known[asked]

    verify.checked = checked
    wrong = []

    def look(path, what):
        code, _, faults = verify.check_pack(folder, key)
        named = {name for name, _ in faults} | {path for name, rule in faults if path in rule}
        if code != verify.TAMPERED or path not in named:
            wrong.append(f"{what} of {path}: code {code}, {faults[:3]}")

    code, _, faults = verify.check_pack(folder, key)
    if code == verify.TAMPERED:
        sys.exit(f"the pack as it came: {faults}")
    paths = []
    for where, _, names in os.walk(folder):
        paths += [os.path.relpath(os.path.join(where, name), folder).replace(os.sep, "/") for name in names]
    chance, changes = random.Random(SEED), 0
    for path in sorted(paths):
        place = os.path.join(folder, path)
        with open(place, "rb") as file:
            data = file.read()
        at = chance.randrange(len(data))
        flipped = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1:]
        for what, changed in (("a changed byte", flipped), ("a cut end", data[:-1])):
            with open(place, "wb") as file:
                file.write(changed)
            look(path, what)
        os.remove(place)
        look(path, "a lack")
        with open(place, "wb") as file:
            file.write(data)
        changes += 3
    added = os.path.join(folder, "documents", "added.txt")
    with open(added, "wb") as file:
        file.write(b"added")
    look("documents/added.txt", "the addition")
    os.remove(added)
    os.symlink("README.md", added)
    look("documents/added.txt", "a link")
    os.remove(added)
    moved = os.path.join(folder, "moved.md")
    os.rename(os.path.join(folder, "README.md"), moved)
    look("moved.md", "a move")
    os.rename(moved, os.path.join(folder, "README.md"))
    changes += 3
    code, _, faults = verify.check_pack(folder, key)
    if code == verify.TAMPERED or wrong:
        sys.exit("\n".join(wrong) or f"the pack is not as it was: {faults}")
    print(f"{changes} changes, each found and its file named")


if __name__ == "__main__":
    main(*sys.argv[1:])
