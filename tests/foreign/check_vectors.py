"""Checks the test vectors of docs/format.md, section 18, from that page alone.

    python3 check_vectors.py FOLDER

prints a line for each file with how many vectors hold; at the first that does not, says which and
exits with 1.
"""

import base64
import json
import struct
import sys
from pathlib import Path

from absence import RecordMap, check_keys, check_map, entries, keys_root, value_hash
from canonical_cbor import CID_HEAD, Link, NotCanonical, decode, encode
from hashes import blake3, blake3_of, merkle_root
from read_segment import frames
from record_shapes import check_nodes, check_shape, content


class Differs(Exception):
    """A vector that is not what this reader makes of it."""


def need(truth, what):
    if not truth:
        raise Differs(what)


def from_words(words):
    """The value that `{"type": ...}` says."""
    (kind, said), = words.items()
    return {
        "null": lambda: None,
        "bool": lambda: said,
        "int": lambda: int(said),
        "float": lambda: struct.unpack(">d", bytes.fromhex(said))[0],
        "text": lambda: said,
        "bytes": lambda: bytes.fromhex(said),
        "list": lambda: [from_words(item) for item in said],
        "map": lambda: {key: from_words(member) for key, member in said},
        "link": lambda: Link(bytes.fromhex(said)),
    }[kind]()


def check_value(vector):
    payload = bytes.fromhex(vector["bytes"])
    value = from_words(vector["value"])
    need(encode(value) == payload, f"{vector['value']} encodes to {encode(value).hex()}")
    need(decode(payload) == value, f"{payload.hex()} decodes to something else")


def check_refused(vector):
    try:
        decode(bytes.fromhex(vector["bytes"]))
    except NotCanonical:
        return
    raise Differs(f"{vector['what']} is not refused")


def check_record(vector):
    payload = bytes.fromhex(vector["payload"])
    record = decode(payload)
    check_shape(record)
    check_nodes(record)
    need(record["type"] == vector["type"], f"a {record['type']}")
    identity = blake3_of(payload)
    need(identity.hex() == vector["id"], f"the id of the {vector['type']}")
    cid = base64.b32encode(CID_HEAD[1:] + identity).decode().rstrip("=").lower()
    need("b" + cid == vector["cid"], f"the CID of the {vector['type']}")
    (word, found, inside, _, _), = frames(bytes.fromhex(vector["frame"]), 0)
    need((word, found, inside) == (vector["type"], identity, payload), f"the frame of the {word}")
    if "content" in vector:
        need(blake3_of(content(record)).hex() == vector["content"], "the content digest")


def salt_of(seed, row, rows):
    """Section 9: from the seed, a step for each bit of the row's number."""
    node = seed
    for step in reversed(range((rows - 1).bit_length() if rows else 0)):
        node = blake3(bytes([row >> step & 1]), key=node).digest()
    return node


def root_of(leaves):
    """The tree over leaves as they are."""
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return blake3_of(b"\x01" + root_of(leaves[:left]) + root_of(leaves[left:]))


def check_batch(batch):
    leaves = []
    for number, row in enumerate(batch["rows"]):
        salt = salt_of(bytes.fromhex(batch["seed"]), number, len(batch["rows"]))
        need(salt.hex() == row["salt"], f"the salt of row {number}")
        opened, subject = bytes.fromhex(row["open"]), bytes.fromhex(row["subject"])
        for group in (opened, subject):
            need(encode(decode(group)) == group, f"row {number} is not canonical")
        keys = blake3(b"lineal v1 event", key=salt).digest(64)
        kept = blake3(subject, key=keys[32:]).digest()
        leaves.append(blake3(b"\0" + opened + kept, key=keys[:32]).digest())
        need(leaves[-1].hex() == row["leaf"], f"the leaf of row {number}")
    need(root_of(leaves).hex() == batch["root"], "the root of the batch")


def check_tree(vector):
    ids = [bytes.fromhex(identity) for identity in vector["ids"]]
    need(merkle_root(ids).hex() == vector["root"], f"the root over {len(ids)} ids")


def check_absence(vector):
    """Section 25: roots of maps, what stands under names, and the keys of a batch."""
    read, root = RecordMap(), None
    for commit in vector["commits"]:
        payloads = [bytes.fromhex(payload) for payload in commit["records"]]
        read.take(set().union(*(entries(decode(payload), blake3_of(payload)) for payload in payloads)))
        root = read.root()
        need(root.hex() == commit["map_root"], "the root of a map")
    opening = vector["opening"]
    runs = [(count, bytes.fromhex(root)) for count, root in opening["runs"]]
    unhex = lambda texts: [bytes.fromhex(text) for text in texts]
    ranges = [[(first, unhex(shown), unhex(path)) for first, shown, path in some] for some in opening["ranges"]]
    found = check_map(root, unhex(opening["asked"]), runs, ranges)
    need([[value.hex() for value in values] for values in found] == opening["found"], "what stands under the names")
    keys = vector["keys"]
    hashes = [value_hash(field, from_words(value)) for field, value in keys["values"]]
    root = keys_root(bytes.fromhex(keys["secret"]), keys["fields"], keys["rows"], hashes)
    need(root.hex() == keys["keys_root"], "the root of a batch's keys")
    for one in keys["openings"]:
        opened = {"bits": one["bits"], "fields": keys["fields"], "salt": bytes.fromhex(one["salt"]),
                  "digests": unhex(one["digests"]), "path": unhex(one["path"])}
        present = check_keys(root, one["field"], from_words(one["value"]), opened)
        need(present == one["present"], f"whether {one['value']} is there")


CHECKS = {
    "values.json": check_value, "refused.json": check_refused, "records.json": check_record,
    "trees.json": check_tree,
}


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    for name, check in CHECKS.items():
        vectors = json.loads((folder / name).read_text(encoding="utf-8"))
        need(vectors, f"{name} is empty")
        for vector in vectors:
            try:
                check(vector)
            except Exception as error:  # whatever goes wrong, the vector is named
                raise Differs(f"{name}: {json.dumps(vector)[:200]}: {error}") from error
        print(f"{name}: {len(vectors)}")
    check_batch(json.loads((folder / "batch.json").read_text(encoding="utf-8")))
    print("batch.json: 1")
    check_absence(json.loads((folder / "absence.json").read_text(encoding="utf-8")))
    print("absence.json: 1")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Differs as difference:
        print(difference, file=sys.stderr)
        sys.exit(1)
