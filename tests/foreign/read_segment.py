"""A second reader of a Lineal store, written from docs/format.md alone.

    python3 read_segment.py STORE

walks the segments up to what `head` vouches for, checks every frame, record, commit and container
file, checkpoint and tile, and prints one line a revision (kind, key, source, form, id, content digest; separated by
tabs), then one line `summary` with the counts as JSON. At the first fault it says the file, the
byte and the broken rule, and exits with 1. It needs Python 3.11; the `blake3` package is used where
it is installed.

What it cannot check: roots of batches and of their keys (they need secrets), sealed values
(likewise), and whether a key of an edge is one the source really named.
"""

import hashlib
import json
import struct
import sys
from pathlib import Path

from absence import RecordMap, entries
from batches import check_batch, check_erasure, check_manifest
from canonical_cbor import NotCanonical, decode, encode
from crc32c import crc32c
from hashes import blake3_of, merkle_root
from public_log import check_log, leaf
from record_shapes import FORMAT, KIND_NUMBER, SHAPES, Fault, check_nodes, check_shape, content, links, need

HEAD_BYTES = 128
SEGMENT_HEADER_BYTES = 64
FRAME_HEADER_BYTES = 44
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
COMMIT_BYTES_MAX = 1024
MAGIC_SEGMENT = bytes.fromhex("894c4e4c0d0a1a0a")
MAGIC_SEALED = bytes.fromhex("894c4e530d0a1a0a")

TYPES = {
    1: "revision", 2: "reference", 3: "setting", 4: "source", 5: "manifest", 6: "seen", 7: "retract",
    8: "erasure", 9: "sealed", 10: "hold", 12: "stub", 13: "blob", 15: "commit",
}
# Section 7: the order of the types inside a transaction.
RANK = {
    word: rank for rank, word in enumerate(
        ("blob", "stub", "revision", "reference", "setting", "manifest", "seen", "retract", "erasure", "hold", "source"))
}


class Damaged(Exception):
    """A fault with its place."""


def read_head(store):
    """Section 12: what a reader trusts, or a fault."""
    path = store / "head"
    need(path.is_file(), f"{path.name}: missing; only a writer may look for the last whole commit")
    data = path.read_bytes()
    need(len(data) == HEAD_BYTES, f"head: {len(data)} bytes instead of {HEAD_BYTES}")
    need(data[:8] == b"LINHEAD1", "head: not a head")
    need(struct.unpack("<I", data[124:])[0] == crc32c(data[:124]), "head: checksum does not fit")
    written, segment, store_id, commit, length, commit_id = struct.unpack("<II16sQQ32s", data[8:80])
    need(written == FORMAT, f"head: format {written}; this reader knows format {FORMAT}")
    return {"segment": segment, "store": store_id, "commit": commit, "length": length, "id": commit_id}


def frames(data, start):
    """Section 5: type word, id, payload, first byte and end of each frame."""
    at = start
    while at < len(data):
        need_at(at, len(data) - at >= FRAME_HEADER_BYTES, "a frame that ends inside its header")
        length, checksum, number = struct.unpack_from("<IIB", data, at)
        need_at(at, 1 <= length <= PAYLOAD_BYTES_MAX, f"a payload of {length} bytes")
        end = at + (FRAME_HEADER_BYTES + length + 7) // 8 * 8
        need_at(at, end <= len(data), "a frame that ends after the file")
        need_at(at, crc32c(data[at + 8:end]) == checksum, "a frame whose checksum does not fit")
        need_at(at, number in TYPES, f"a frame of the unknown type {number}")
        need_at(at, not any(data[at + 9:at + 12]), "a frame header with bits that should be zero")
        payload = data[at + FRAME_HEADER_BYTES:at + FRAME_HEADER_BYTES + length]
        need_at(at, not any(data[at + FRAME_HEADER_BYTES + length:end]), "padding that is not zero")
        identity = data[at + 12:at + FRAME_HEADER_BYTES]
        need_at(at, blake3_of(payload) == identity, "an id that is not the hash of its payload")
        yield TYPES[number], identity, payload, at, end
        at = end


def need_at(at, truth, rule):
    if not truth:
        raise Damaged(f"byte {at}: {rule}")


def read_record(word, payload, at):
    """The record of a frame: canonical, of the frame's type, of the shape of its type."""
    try:
        record = decode(payload)
        need(encode(record) == payload, "bytes that are not what the record encodes to")
        check_shape(record)
        check_nodes(record)
        need(record["type"] == word, f"a {record['type']} in a frame of type {word}")
    except (NotCanonical, Fault) as fault:
        raise Damaged(f"byte {at}: {fault}") from None
    return record


def segment_header(data, magic, number, store_id):
    need(len(data) >= SEGMENT_HEADER_BYTES, "a segment shorter than its header")
    need(data[:8] == magic, "not a segment of this kind")
    need(struct.unpack_from("<I", data, 60)[0] == crc32c(data[:60]), "a header whose checksum does not fit")
    written, found, store = struct.unpack_from("<II16s", data, 8)
    need(written == FORMAT, f"format {written}; this reader knows format {FORMAT}")
    need(found == number, f"the header says segment {found}")
    need(store == store_id, "a segment of another store")
    need(not any(data[32:60]), "a header with bits that should be zero")


class Log:
    """Everything read so far: what later records are checked against."""

    def __init__(self, store_id):
        self.store_id = store_id
        self.records = {}   # id -> what later records need to know of it
        self.open = []      # (word, id, record) of the transaction that is being read
        self.map = RecordMap()
        self.commit_id = None
        self.commit = None
        self.counts = {word: 0 for word in SHAPES if word != "sealed"}
        self.manifests = {}
        self.replaced = set()
        self.gone = set()   # containers and generations that an erasure says must not exist
        self.lines = []
        self.leaves = []         # of the public log, one a commit
        self.log_setting = None  # its name and keys, as said last

    def take(self, word, identity, record):
        """One more record of the open transaction."""
        need(word != "sealed", "a sealed value in a segment")
        need(identity not in self.records, "a record that stands in the store already")
        if word == "setting" and record["name"] == "log":
            self.log_setting = record["value"]
        if word == "revision":
            self.check_revision(record)
            if record["kind"] == "batch":
                check_batch(record)
            digest = blake3_of(content(record))
            self.lines.append("\t".join((
                record["kind"], key_text(record["key"]), record["source"], record["form"],
                identity.hex(), digest.hex())))
        elif word in ("manifest", "seen", "erasure"):
            for link in links(record):
                need(self.kind_of(link) is not None, f"a {word} that names a revision not written before it")
        if word == "manifest":
            check_manifest(record, {link: self.records[bytes(link)] for link, _, _ in record["batches"]})
            before = self.manifests.get(record["container"])
            generation = before["generation"] if before else 0
            need(record["generation"] > generation, "a manifest of a generation that was there before")
            self.manifests[record["container"]] = record
            self.replaced.update(record["replaces"])
        summary = {key: record.get(key) for key in ("type", "kind", "key", "source", "form")}
        if word == "erasure":
            check_erasure(record, lambda link: self.records[bytes(link)]["rows"])
            if record["decision"] == "erased":
                self.gone.update((container, generation) for container, generation, _ in record["files"])
        if record.get("kind") == "batch" and word == "revision":
            summary["rows"] = record["fields"]["rows"]
        self.records[identity] = summary
        self.open.append((word, identity, record))
        self.counts[word] += 1

    def kind_of(self, link):
        target = self.records.get(bytes(link))
        return target["kind"] if target and target["type"] in ("revision", "stub") else None

    def check_revision(self, record):
        for _, kind, key, pin, _ in record["edges"]:
            need(self.kind_of(pin) == kind, f"an edge to a {kind} pinned to no earlier {kind}")
            target = self.records[bytes(pin)]["key"]
            need(fits(key, target), f"an edge to {key_text(key)} pinned to {key_text(target)}")
        for link in links(record["fields"]):
            target = self.records.get(bytes(link))
            need(target and target["type"] == "blob", "a field that links to no earlier blob")
        if record["previous"] is not None:
            target = self.records.get(bytes(record["previous"]))
            need(target and (target["kind"], target["key"]) == (record["kind"], record["key"]),
                 "a previous revision that is none of this node")
            chain = (target["source"], target["form"])
            need(target["type"] == "stub" or chain == (record["source"], record["form"]),
                 "a previous revision of another chain")

    def close(self, identity, record, payload, frame_bytes):
        """The commit that ends the open transaction."""
        before = self.commit
        need(len(payload) < COMMIT_BYTES_MAX, f"a commit of {len(payload)} bytes")
        need(record["store"] == self.store_id, "a commit of another store")
        number = before["number"] + 1 if before else 1
        need(record["number"] == number, f"commit {record['number']} where {number} should stand")
        need(record["parent"] == self.commit_id, "a commit whose parent is not the one before it")
        need(before is None or record["recorded"] >= before["recorded"], "a commit recorded before its parent")
        need(1 <= record["import"] <= number, f"a commit of import {record['import']}")
        words = [word for word, _, _ in self.open]
        counted = {word: words.count(word) for word in set(words)}
        stated = {word: count for word, count in record["counts"].items() if count}
        need(stated == counted, f"counts {stated} instead of {counted}")
        need(record["records_root"] == merkle_root([identity for _, identity, _ in self.open]),
             "a records_root that is not the root of the records")
        need(record["segment_sha256"] == hashlib.sha256(frame_bytes).digest(),
             "a segment_sha256 that is not that of the frames")
        self.map.take(set().union(*(entries(one, own) for _, own, one in self.open)))
        need(record["map_root"] in (None, self.map.root()), "a map_root that is not that of what records name")
        self.check_order()
        self.records[identity] = {"type": "commit", "kind": None, "key": None, "source": None, "form": None}
        self.counts["commit"] += 1
        self.leaves.append(leaf(payload))
        self.commit, self.commit_id, self.open = record, identity, []

    def check_order(self):
        """Section 7, last paragraph, as far as it is a total order."""
        def place(entry):
            word, identity, record = entry
            within = {
                "stub": lambda: identity,
                "revision": lambda: KIND_NUMBER[record["kind"]],
                "source": lambda: record["label"].encode(),
            }.get(word, lambda: 0)
            return RANK[word], within()
        places = [place(entry) for entry in self.open]
        for one, other in zip(places, places[1:]):
            need(one <= other, "records of a transaction out of their order")


def fits(key, target):
    """Whether a key, its null parts being unknown, can be that of the target."""
    if len(key) != len(target):
        return True  # a claim by name that was resolved to a logged model, or the reverse
    return all(part is None or part == other for part, other in zip(key, target))


def key_text(key):
    """A key on one line: JSON, bytes as hexadecimal behind 0x."""
    return json.dumps([f"0x{part.hex()}" if isinstance(part, bytes) else part for part in key],
                      ensure_ascii=False, separators=(",", ":"))


def place(path, store, work):
    """Runs a check and puts the file before what it complains of."""
    try:
        return work()
    except (Fault, Damaged) as fault:
        raise Damaged(f"{path.relative_to(store)}: {fault}") from None


def read_segments(store, head):
    log = Log(head["store"])
    for number in range(1, head["segment"] + 1):
        path = store / "segments" / f"{number:08}.seg"
        last = number == head["segment"]
        place(path, store, lambda: read_one(log, path, number, head["length"] if last else None))
    found = (log.commit["number"] if log.commit else 0, log.commit_id or bytes(32))
    need(found == (head["commit"], head["id"]),
         f"head: names commit {head['commit']}, the segments end with {found[0]}")
    return log


def read_one(log, path, number, length):
    need(path.is_file(), "missing")
    data = path.read_bytes()
    need(length is None or length <= len(data), f"{len(data)} bytes where head vouches for {length}")
    data = data[:length]
    segment_header(data, MAGIC_SEGMENT, number, log.store_id)
    start = SEGMENT_HEADER_BYTES
    for word, identity, payload, at, end in frames(data, start):
        record = read_record(word, payload, at)
        try:
            if word == "commit":
                log.close(identity, record, payload, data[start:at])
                start = end
            else:
                log.take(word, identity, record)
        except Fault as fault:
            raise Damaged(f"byte {at}: {fault}") from None
    need(not log.open, f"byte {start}: records without a commit")


def read_sealed(store, store_id):
    """Section 8: frames and records of the sealed values; the values themselves need their keys."""
    count = 0
    for number, path in enumerate(sorted((store / "sealed").glob("*.seg")), start=1):
        def work():
            data = path.read_bytes()
            segment_header(data, MAGIC_SEALED, number, store_id)
            records = 0
            for word, _, payload, at, _ in frames(data, SEGMENT_HEADER_BYTES):
                need_at(at, word == "sealed", f"a {word} among the sealed values")
                read_record(word, payload, at)
                records += 1
            return records
        count += place(path, store, work)
    return count


def read_containers(store, log):
    """Each container that counts is the file that its manifest describes."""
    count = 0
    for container, manifest in log.manifests.items():
        if container in log.replaced:
            continue
        path = store / "containers" / f"{container.hex()}.{manifest['generation']}.parquet"

        def work():
            need(path.is_file(), "missing, but a manifest names it")
            data = path.read_bytes()
            need(len(data) == manifest["length"], f"{len(data)} bytes instead of {manifest['length']}")
            need(hashlib.sha256(data).digest() == manifest["sha256"], "not the bytes its manifest names")
            if manifest["generation"] == 1:
                need(blake3_of(data) == container, "a name that is not the hash of its bytes")
        place(path, store, work)
        count += 1
    for container, generation in log.gone:
        path = store / "containers" / f"{container.hex()}.{generation}.parquet"
        need(not path.exists(), f"{path.relative_to(store)}: it should be gone since an erasure")
    return count


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    store = Path(arguments[0])
    try:
        head = read_head(store)
        log = read_segments(store, head)
        sealed = read_sealed(store, head["store"])
        containers = read_containers(store, log)
        public_log = check_log(store, log)
    except (Fault, Damaged) as fault:
        print(fault, file=sys.stderr)
        return 1
    for line in log.lines:
        print(line)
    print("summary", json.dumps({
        "store": head["store"].hex(), "segments": head["segment"], "head": head["id"].hex(),
        "records": log.counts, "sealed": sealed, "containers": containers, **public_log,
    }))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
