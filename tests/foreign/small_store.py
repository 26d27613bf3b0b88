"""Writes a small store from docs/format.md, so that the reader can be seen to accept a sound store
and to refuse damaged ones before, and without, the Rust engine.
"""

import hashlib
import struct

from batches import node_id
from canonical_cbor import Link, encode
from crc32c import crc32c
from hashes import blake3_of, merkle_root
from read_segment import MAGIC_SEALED, MAGIC_SEGMENT, TYPES

STORE_ID = bytes(range(16))
NUMBERS = {word: number for number, word in TYPES.items()}


def header(magic, number=1, written=1, store=STORE_ID):
    """The 64 bytes a segment begins with."""
    head = (magic + struct.pack("<II", written, number) + store).ljust(60, b"\0")
    return head + struct.pack("<I", crc32c(head))


def frame(payload, number):
    """A payload in its frame."""
    rest = struct.pack("<B3x", number) + blake3_of(payload) + payload
    rest += bytes(-(8 + len(rest)) % 8)
    return struct.pack("<II", len(payload), crc32c(rest)) + rest


def head(commit, commit_id, length, segment=1):
    """The file that readers trust."""
    data = struct.pack("<8sII16sQQ32s", b"LINHEAD1", 1, segment, STORE_ID, commit, length, commit_id)
    data = data.ljust(124, b"\0")
    return data + struct.pack("<I", crc32c(data))


def identity(record):
    """The id of a record."""
    return blake3_of(encode(record))


def link(record):
    """A link to a record."""
    return Link(identity(record))


def record(word, **content):
    """A record of a type."""
    return {"type": word, "format": 1} | content


def revision(kind, key, fields, edges=(), previous=None, observed_at=1000):
    """A revision with the parts that matter here."""
    return record(
        "revision", kind=kind, key=key, source="prod", form="mlflow-file", observed_at=observed_at,
        fields=fields, sealed={}, edges=sorted(edges, key=lambda e: encode([e[0], e[1], e[2], e[4]])),
        previous=previous)


class Writer:
    """Appends transactions to a segment in memory. `commit(change=...)` may spoil the commit."""

    def __init__(self):
        self.data = header(MAGIC_SEGMENT)
        self.number, self.parent = 0, None

    def transaction(self, records, change=lambda commit: commit, recorded=None):
        """The records and the commit that ends them."""
        start = len(self.data)
        for one in records:
            self.data += frame(encode(one), NUMBERS[one["type"]])
        self.number += 1
        words = [one["type"] for one in records]
        commit = change(record(
            "commit", number=self.number, recorded=recorded or 5000 + self.number, store=STORE_ID,
            actor=None, parent=self.parent, counts={word: words.count(word) for word in set(words)},
            records_root=merkle_root([identity(one) for one in records]),
            segment_sha256=hashlib.sha256(self.data[start:]).digest(), map_root=None,
            **{"import": 1}))
        self.data += frame(encode(commit), NUMBERS["commit"])
        self.parent = link(commit)

    def write(self, folder):
        """The store's files."""
        (folder / "segments").mkdir(parents=True, exist_ok=True)
        (folder / "segments" / "00000001.seg").write_bytes(self.data)
        commit_id = bytes(self.parent) if self.parent else bytes(32)
        (folder / "head").write_bytes(head(self.number, commit_id, len(self.data)))


DATASET = record("stub", kind="dataset", key=["loans", "d41d", None, None])
RUN = revision("run", ["4cf1"], {"name": "train", "started": 7}, [
    ["trained_on", "dataset", ["loans", "d41d", None, None], link(DATASET), None]])
MODEL = revision("model", ["prod", "credit-risk", "3"], {"stage": "Production"}, [
    ["produced_by", "run", ["4cf1"], link(RUN), {"logged": "m-1"}]])
AGAIN = revision("run", ["4cf1"], {"name": "train", "status": "FINISHED"}, previous=link(RUN), observed_at=2000)
SERVICE = record("stub", kind="deployment", key=["api", "prod", None, "credit-risk", "3"])
BATCH_KEY = ["datadog", node_id("deployment", SERVICE["key"]), bytes(16), 0]
BATCH = revision("batch", BATCH_KEY, {
    "rows": 4, "first_time": 1, "last_time": 9, "longest_silence": 5, "overrides": 1, "art12": 3,
    "presence": {"time": 3}, "months": {"1970-01": [3, 1, 2]}, "size": 200, "name": "a.json.gz", "root": bytes(32),
    "seed": node_id("batch", BATCH_KEY)[:16],
}, [["served_by", "deployment", SERVICE["key"], link(SERVICE), None]])
CONTAINER = b"PAR1 stands for a container PAR1"
MANIFEST = record(
    "manifest", container=blake3_of(CONTAINER), generation=1, length=len(CONTAINER),
    sha256=hashlib.sha256(CONTAINER).digest(), batches=[[link(BATCH), 0, 4]], replaces=[])
SOURCE = record(
    "source", source="prod", form="mlflow-file", label="mlruns", files=3, lines=None, size=120,
    sha256=bytes(32), blake3=bytes(32), sealed={}, digest=bytes(16), mapping=bytes(32), observed_at=1000,
    stretches=[0, 0], whole=True,
    counts={"read": 3, "accepted": 2, "duplicate": 1, "rejected": 0, "skipped": 0, "suppressed": 0})
SEEN = record(
    "seen", source="prod", form="mlflow-file", observed_at=2000, full=False, revisions=[link(MODEL)],
    file=None, rows=[], **{"except": []})
SEALED = record("sealed", commitment=bytes(32), subject=bytes(32), field="email", value=b"cipher")


def sound(folder):
    """A store of two commits with one container and one sealed value."""
    writer = Writer()
    writer.transaction([DATASET, RUN, MODEL, SOURCE])
    writer.transaction([SERVICE, AGAIN, BATCH, MANIFEST, SEEN])
    writer.write(folder)
    for name, data in {
        f"containers/{blake3_of(CONTAINER).hex()}.1.parquet": CONTAINER,
        "sealed/00000001.seg": header(MAGIC_SEALED) + frame(encode(SEALED), NUMBERS["sealed"]),
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return writer
