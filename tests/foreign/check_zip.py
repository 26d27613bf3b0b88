"""Checks a pack as a zip: as it was handed over, packed again by another, and changed in many ways.

    check_zip.py VERIFIER FOLDER ZIP KEY

The zip gives the verdict and the words of the folder. A file that was changed, a name that leads out of the pack, a
name that is there twice, a file that the directory does not tell of, and a byte of the zip that is another than Lineal
writes are found, with their place; what is larger than the bounds is no verdict (2).
"""

import contextlib
import functools
import importlib.util
import io
import json
import os
import struct
import sys
import zipfile
import zlib


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def header(name, data):
    """What the form says twice of a file: nothing packed, no time."""
    return struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)


def local(name, data):
    return b"PK\x03\x04" + header(name, data) + name + data


def exact(below, files):
    """The zip that Lineal writes of these files, as docs/evidence.md has it; of a list also what it never writes."""
    body, directory, count = b"", b"", 0
    for path, data in sorted(files.items()) if isinstance(files, dict) else files:
        name = f"{below}/{path}".encode()
        directory += b"PK\x01\x02\x0a\x03" + header(name, data)
        directory += struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, len(body)) + name
        body, count = body + local(name, data), count + 1
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def told_of(verify, path, data):
    """The place that the form of a zip is refused for; nothing if it is as Lineal writes it."""
    with open(path, "wb") as file:
        file.write(data)
    assert verify.is_zip(path)
    try:
        verify.Zipped(path)
    except verify.Tampered as fault:
        return fault
    return None


def check_structure(whole, refused):
    """Each byte of the headers, the directory and the end is looked at, and nothing stands between or behind."""
    small = exact("pack", {"a.txt": b"one", "b/c.txt": b"two and more"})
    assert refused(whole) is None and refused(small) is None
    for at in range(len(small)):
        for bit in (1, 0x80):
            fault = refused(small[:at] + bytes([small[at] ^ bit]) + small[at + 1:])
            assert fault is not None and fault.rule.startswith("byte "), (at, bit)
            # Of a changed name, length or size the first that no longer fits may be told; it is of the same zip.
            told = int(fault.rule.split()[1])
            assert 0 <= told < len(small) + 22, (at, bit, fault)
    for at in range(len(whole) - 22, len(whole)):
        fault = refused(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        assert fault is not None and fault.rule.startswith(f"byte {at} "), (at, fault)
    assert refused(small + b"x") is not None and refused(b"x" + small) is not None
    assert refused(small[:-1]) is not None and refused(b"") is not None
    # A second file of one name, which a reader takes that goes through the zip from its beginning: the directory tells
    # of the other alone.
    forged = local(b"pack/a.txt", b"forged")
    start = small.index(b"PK\x01\x02")
    size = len(small) - 22 - start
    first = len(forged).to_bytes(4, "little")
    before = bytearray(forged + small)
    place = before.index(b"PK\x01\x02") + 42
    before[place:place + 4] = first
    for one in (small[:start] + forged + small[start:], bytes(before)):
        end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, size, start + len(forged), 0)
        fault = refused(one[:-22] + end)
        assert fault is not None and fault.at == "a.txt" and fault.rule.startswith("byte "), fault


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

    def put(data):
        with open(other, "wb") as file:
            file.write(data)
        return told(other)

    def made(changed, packing=zipfile.ZIP_STORED):
        with zipfile.ZipFile(other, "w", packing) as out:
            for name, data in changed:
                out.writestr(name, data)
        return told(other)

    def named(found, name):
        code, faults = found
        assert code == verify.TAMPERED, found
        assert any(fault["at"] == name for fault in faults["faults"]), (name, faults["faults"])

    files = {name.split("/", 1)[1]: data for name, data in entries}
    assert exact(below, files) == open_bytes(path), "as Lineal writes it"
    # Another program packs in another form, and a reader may go by another part of it.
    named(made(entries), entries[0][0].split("/", 1)[1])
    named(made(entries, zipfile.ZIP_DEFLATED), entries[0][0].split("/", 1)[1])
    # One byte of a file, within a sound zip and within the bytes of the zip.
    inside = next(name for name in files if name.endswith("findings.json"))
    data = files[inside]
    named(put(exact(below, {**files, inside: data[:-1] + bytes([data[-1] ^ 1])})), inside)
    named(put(exact(below, {name: data for name, data in files.items() if name != inside})), inside)
    named(put(exact(below, {**files, "zz.txt": b"x"})), "zz.txt")
    whole = open_bytes(path)
    at = whole.index(data) + len(data) // 2
    flipped = put(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    named(flipped, inside)
    # Of the content a zip tells a checksum alone: between which bytes the changed one lies is said, and not that it
    # is one of the header.
    start = whole.index(data)
    rule = flipped[1]["faults"][0]["rule"]
    header = start - 30 - len(f"{below}/{inside}".encode())
    assert rule.startswith(f"byte {header + 14} of the zip: the CRC-32 of the bytes from {start} to before "
                           f"{start + len(data)}"), rule
    # Names that lead out of the pack, and one that is there twice.
    for wrong in ("../out.txt", "./out.txt", "/etc/out.txt", "a\\out.txt"):
        named(put(exact(below, {wrong: b"x", **files})), below + "/" + wrong)
    named(put(exact("..", files)), "../" + entries[0][0].split("/", 1)[1])
    assert not os.path.exists(os.path.join(os.path.dirname(path), "out.txt"))
    named(put(exact(below, [*files.items(), (inside, b"other")])), inside)
    check_structure(whole, lambda data: told_of(verify, other, data))
    # What is cut, or more than may be.
    code, cut = put(whole[:len(whole) // 2])
    assert code == verify.TAMPERED and "within the zip" in cut["faults"][0]["rule"], cut
    verify.ENTRY_BYTES_MAX = max(len(data) for data in files.values())
    assert told(path) == expected, "as much as may be"
    verify.ENTRY_BYTES_MAX -= 1
    code, said = told(path)
    assert code == verify.WRONG_USE and "unpack it and give the folder" in said, said
    verify.ENTRY_BYTES_MAX, verify.ENTRIES_MAX = 1 << 30, len(entries) - 1
    assert told(path)[0] == verify.WRONG_USE
    verify.ENTRIES_MAX, verify.ENTRIES_BYTES_MAX = len(entries), len(whole) - 1
    assert told(path)[0] == verify.WRONG_USE
    print("the zip is as the folder, and each change was found")


main(*sys.argv[1:])
