"""Changes the time stamp of a pack, and has verify.py find each change or tell another time.

Arguments: the folder with verify.py, the folder of the pack. The manifest is not looked at: its signer could
list what he likes. Prints how many changes were made; a change that is not found is an error.
"""

import sys

sys.path.insert(0, sys.argv[1])
import verify  # noqa: E402

STATUS = b"\x30\x03\x02\x01"


def found(note, name, reply):
    """What verify.py finds and says, with this stamp in the place of the pack's."""
    pack = verify.Pack(sys.argv[2])
    read = pack.read
    pack.listed = {name: ""}
    pack.read = lambda path: reply if path == name else read(path)
    pack.check_stamps(note)
    return pack.faults, pack.words


def main():
    pack = verify.Pack(sys.argv[2])
    note = pack.json("pack.json")["checkpoint"]["note"]
    name = note.removesuffix(".note") + ".000.tsr"
    reply = pack.read(name)
    digest, time = verify.read_stamp(reply)
    faults, words = found(note, name, reply)
    assert not faults and time.isoformat() in words[0], (faults, words)
    at, status = reply.index(digest), reply.index(STATUS) + len(STATUS)
    changes = [reply[:status] + bytes([2]) + reply[status + 1:], b"", reply + b"\0"]
    changes += [reply[:place] + bytes([reply[place] ^ 1]) + reply[place + 1:] for place in range(at, at + 32)]
    changes += [reply[:end] for end in range(1, len(reply), 7)]
    for changed in changes:
        faults, _ = found(note, name, changed)
        assert [path for path, _ in faults] == [name], changed.hex()
    year = reply.index(b"%04d" % time.year, at)
    _, words = found(note, name, reply[:year] + b"2031" + reply[year + 4:])
    assert "2031-" in words[0], words
    print(f"{len(changes)} changes, each found")


main()
