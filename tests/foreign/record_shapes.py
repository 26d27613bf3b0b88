"""What each record holds: the maps of docs/format.md, sections 6, 7, 8 and 11.

`fault` says what is wrong with a decoded payload taken by itself; what needs the records before it
(order, pins, roots) is the reader's work.
"""

from canonical_cbor import Link, encode

FORMAT = 1

# Section 6: how many parts the key of each kind has. The order is the order of the kinds' numbers.
KEY_PARTS = {
    "actor": (1,), "code": (1,), "system": (1,), "dataset": (4,), "experiment": (2,), "run": (1,),
    "model": (3, 1), "document": (3,), "evaluation": (4,), "approval": (4,), "deployment": (5,),
    "batch": (4,),
}
KIND_NUMBER = {kind: number for number, kind in enumerate(KEY_PARTS)}


class Fault(Exception):
    """What is wrong, in a few words."""


def need(truth, rule):
    """Refuses a record that breaks a rule."""
    if not truth:
        raise Fault(rule)


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_count(value):
    return is_int(value) and value >= 0


def is_text(value):
    return isinstance(value, str)


def is_bool(value):
    return isinstance(value, bool)


def is_map(value):
    return isinstance(value, dict)


def is_link(value):
    return isinstance(value, Link)


def is_bytes(length):
    """A test for a byte string of that length (which a link is not)."""
    return lambda value: isinstance(value, bytes) and not is_link(value) and len(value) == length


def or_null(test):
    return lambda value: value is None or test(value)


def is_null(value):
    return value is None


def anything(_):
    return True


def list_of(test):
    return lambda value: isinstance(value, list) and all(test(item) for item in value)


def map_of(test):
    return lambda value: is_map(value) and all(test(item) for item in value.values())


def is_run(value):
    """`[first, count]`."""
    return isinstance(value, list) and len(value) == 2 and all(is_count(item) for item in value)


def is_key_part(value):
    return value is None or is_text(value) or is_int(value) or isinstance(value, bytes) and not is_link(value)


is_hash = is_bytes(32)
is_key = list_of(is_key_part)
is_commitments = map_of(is_hash)

NODE = {"kind": is_text, "key": is_key}
CHAIN = {"source": is_text, "form": is_text}
SHAPES = {
    "stub": NODE,
    "revision": NODE | CHAIN | {
        "observed_at": is_int, "fields": is_map, "sealed": is_commitments,
        "edges": list_of(anything), "previous": or_null(is_link),
    },
    "blob": {"value": anything},
    "commit": {
        "number": is_count, "recorded": is_int, "store": is_bytes(16), "actor": or_null(is_text),
        "parent": or_null(is_link), "import": is_count, "counts": map_of(is_count),
        "records_root": is_hash, "segment_sha256": is_hash, "map_root": is_null,
    },
    "manifest": {
        "container": is_hash, "generation": is_count, "length": is_count, "sha256": is_hash,
        "batches": list_of(lambda row: isinstance(row, list) and len(row) == 3 and is_link(row[0])
                           and is_count(row[1]) and is_count(row[2])),
        "replaces": list_of(is_hash),
    },
    "source": CHAIN | {
        "label": is_text, "files": is_count, "lines": or_null(is_count), "size": is_count,
        "sha256": or_null(is_hash), "blake3": or_null(is_hash), "sealed": or_null(is_commitments),
        "digest": is_bytes(16), "mapping": or_null(is_hash), "observed_at": or_null(is_int),
        "stretches": or_null(is_run), "whole": is_bool, "counts": map_of(is_count),
    },
    "seen": CHAIN | {
        "observed_at": or_null(is_int), "full": is_bool, "except": or_null(list_of(is_hash)),
        "revisions": or_null(list_of(is_link)), "file": or_null(is_bytes(16)),
        "rows": or_null(list_of(lambda row: isinstance(row, list) and len(row) == 2
                                and is_link(row[0]) and list_of(is_run)(row[1]))),
    },
    "retract": {
        "import": is_count, "restore": is_bool, "actor": or_null(is_text),
        "sealed": or_null(is_commitments),
    },
    "reference": {"name": is_text, "kind": is_text, "key": or_null(is_key)},
    "setting": {"name": is_text, "value": anything},
    "sealed": {"commitment": is_hash, "subject": is_hash, "field": is_text, "value": anything},
}


def check_shape(record):
    """Refuses a record that is not exactly one of the maps above."""
    need(is_map(record) and is_text(record.get("type")), "a payload that is no map with a type")
    word = record["type"]
    need(word in SHAPES, f"a record of the unknown type {word!r}")
    written = record.get("format")
    if is_int(written) and written > FORMAT:
        raise Fault(f"a {word} of format {written}; this reader knows format {FORMAT}")
    need(is_int(written) and written == FORMAT, f"a {word} without its format number")
    keys = SHAPES[word]
    found = set(record) - {"type", "format"}
    need(found == set(keys), f"a {word} with other keys than it has: {sorted(found ^ set(keys))}")
    for key, test in keys.items():
        need(test(record[key]), f"a {word} whose `{key}` is not what it should be")
    if word in ("stub", "revision"):
        check_key(record["kind"], record["key"])
    if word == "revision":
        check_edges(record["edges"])
    if word == "source":
        counts = record["counts"]
        parts = ("accepted", "duplicate", "rejected", "skipped", "suppressed")
        total = sum(counts.get(part, 0) for part in parts)
        need(counts.get("read", 0) == total, "a source whose counts do not add up")


def check_key(kind, key):
    need(kind in KEY_PARTS, f"a node of the unknown kind {kind!r}")
    need(len(key) in KEY_PARTS[kind], f"a {kind} key of {len(key)} parts")


def check_edges(edges):
    last = None
    for edge in edges:
        need(isinstance(edge, list) and len(edge) == 5, "an edge that has not five parts")
        relation, kind, key, pin, beside = edge
        need(is_text(relation) and is_text(kind) and is_key(key) and is_link(pin), "an edge of another form")
        need(beside is None or map_of(is_text)(beside), "an edge with something else beside it")
        check_key(kind, key)
        order = encode([relation, kind, key, beside])
        need(last is None or last < order, "edges out of order, or twice the same")
        last = order


def content(revision):
    """What the content digest of a revision is the hash of."""
    kept = {key: value for key, value in revision.items() if key not in ("form", "observed_at", "previous")}
    kept["edges"] = [[relation, kind, key, beside] for relation, kind, key, _, beside in revision["edges"]]
    return encode(kept)


def links(value):
    """All links inside a value, in order."""
    if is_link(value):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from links(item)
    elif is_map(value):
        for item in value.values():
            yield from links(item)
