"""Checks a pack as a zip: as it was handed over, packed again by another, and changed in many ways.

    check_zip.py VERIFIER FOLDER ZIP KEY

The zip gives the verdict and the words of the folder, however its files are packed. A file that was changed, a
name that leads out of the pack, a name that is there twice and a link are found and named; what cannot be
read, or unpacks to more than the bounds, is no verdict (2).
"""

import contextlib
import functools
import importlib.util
import io
import json
import os
import stat
import sys
import warnings
import zipfile


def main(verifier, folder, path, key):
    spec = importlib.util.spec_from_file_location("verify", verifier)
    verify = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verify)
    # What did not change is not hashed again.
    for name in ("blake3", "signed", "read_signed", "_point"):
        setattr(verify, name, functools.lru_cache(maxsize=None)(getattr(verify, name)))

    def told(place, *more):
        """The code, and what was found, as the command says it."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = verify.main([place, "--key", key, "--json", *more])
        return code, json.loads(out.getvalue()) if code != verify.WRONG_USE else err.getvalue()

    expected = told(folder)
    assert expected[0] == verify.VALID, expected
    assert told(path) == expected, told(path)
    with zipfile.ZipFile(path) as zipped:
        entries = [(info.filename, zipped.read(info)) for info in zipped.infolist()]
    below = entries[0][0].split("/")[0]
    other = path + ".other.zip"

    def made(changed, packing=zipfile.ZIP_STORED):
        with zipfile.ZipFile(other, "w", packing) as out:
            for name, data in changed:
                out.writestr(name, data)
        return told(other)

    def named(found, name):
        code, faults = found
        assert code == verify.TAMPERED, found
        assert any(fault["at"] == name for fault in faults["faults"]), (name, faults["faults"])

    assert made(entries, zipfile.ZIP_DEFLATED) == expected
    assert made([(below + "/", b""), *entries]) == expected, "with an entry for the folder"
    assert made([(name.split("/", 1)[1], data) for name, data in entries]) == expected, "without a folder"
    # One byte of a file, within a sound zip and within the bytes of the zip.
    name, data = next((name, data) for name, data in entries if name.endswith("findings.json"))
    inside = name.split("/", 1)[1]
    rest = [entry for entry in entries if entry[0] != name]
    named(made([*rest, (name, data[:-1] + bytes([data[-1] ^ 1]))]), inside)
    named(made(rest), inside)
    named(made([*entries, (below + "/added.txt", b"x")]), "added.txt")
    with open(path, "rb") as file:
        whole = file.read()
    at = whole.index(data) + len(data) // 2
    with open(other, "wb") as file:
        file.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    named(told(other), inside)
    # Names that lead out of the pack, or to two files.
    for wrong in ("../out.txt", below + "/../../out.txt", "/etc/out.txt", below + "//out.txt", below + "\\out.txt"):
        named(made([*entries, (wrong, b"x")]), wrong)
        assert not os.path.exists(os.path.join(os.path.dirname(path), "out.txt"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        named(made([*entries, (name, data)]), inside)
    link = zipfile.ZipInfo(name)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    named(made([*rest, (link, b"pack.json")]), inside)
    # What cannot be checked.
    with open(other, "wb") as file:
        file.write(whole[:len(whole) // 2])
    code, said = told(other)
    assert code == verify.WRONG_USE and "none that can be read" in said, said
    verify.ENTRY_BYTES_MAX = max(len(data) for _, data in entries)
    assert made(entries) == expected, "as much as may be"
    verify.ENTRY_BYTES_MAX -= 1
    code, said = made(entries, zipfile.ZIP_DEFLATED)
    assert code == verify.WRONG_USE and "unpack it and give the folder" in said, said
    verify.ENTRY_BYTES_MAX, verify.ENTRIES_MAX = 1 << 30, len(entries) - 1
    assert made(entries)[0] == verify.WRONG_USE
    verify.ENTRIES_MAX = len(entries)
    # An entry that says it is small, and is a bomb: no more of it is read than it says.
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        for one, content in rest:
            out.writestr(one, content)
        out.writestr(name, bytes(64 << 20))
    raw = bytearray(bomb.getvalue())
    size = (64 << 20).to_bytes(4, "little")
    for _ in range(raw.count(size)):
        place = raw.index(size)
        raw[place:place + 4] = (100).to_bytes(4, "little")
    with open(other, "wb") as file:
        file.write(raw)
    read = []
    plain = verify.Zipped.read
    verify.Zipped.read = lambda pack, path: read.append((path, plain(pack, path))) or read[-1][1]
    named(told(other), inside)
    assert all(len(data) <= 100 for path, data in read if path == inside), "the bomb was unpacked"
    print("the zip is as the folder, and each change was found")


main(*sys.argv[1:])
