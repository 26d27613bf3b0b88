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
    "batch": (4,), "monitor": (1,), "alert": (2,), "incident": (1,), "change": (4,), "access": (2,),
}
KIND_NUMBER = {kind: number for number, kind in enumerate(KEY_PARTS)} | {"incident": 14, "change": 15, "access": 21}


class Fault(Exception):
    """What is wrong, in a few words."""


def need(truth, rule):
    """Refuses a record that breaks a rule."""
    if not truth:
        raise Fault(rule)


def is_int(value):
    """A time or another number that fits in 64 bits with its sign."""
    return isinstance(value, int) and not isinstance(value, bool) and -1 << 63 <= value < 1 << 63


def is_count(value):
    return is_int(value) and value >= 0


def is_row(value):
    """A number of rows, or of a generation: 32 bits."""
    return is_count(value) and value < 1 << 32


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


def anything(_):
    return True


def list_of(test):
    return lambda value: isinstance(value, list) and all(test(item) for item in value)


def map_of(test):
    return lambda value: is_map(value) and all(test(item) for item in value.values())


def pair_of(test):
    """`[first, count]`."""
    return lambda value: isinstance(value, list) and len(value) == 2 and all(test(item) for item in value)


def ascending(test):
    """A sorted list without repetition."""
    return lambda value: list_of(test)(value) and all(one < other for one, other in zip(value, value[1:]))


def is_key_part(value):
    return value is None or is_text(value) or is_int(value) or isinstance(value, bytes) and not is_link(value)


def is_balance(value):
    """What became of the items of a source: the parts add up to what was read."""
    parts = ("accepted", "duplicate", "rejected", "skipped", "suppressed")
    return (map_of(is_count)(value) and set(value) == {"read", *parts}
            and value["read"] == sum(value[part] for part in parts))


is_hash = is_bytes(32)
is_key = list_of(is_key_part)
is_commitments = map_of(is_hash)



def is_octets(value):
    """A byte string of any length, and no link."""
    return isinstance(value, bytes) and not is_link(value)


def parts(*tests):
    """A list of exactly these."""
    return lambda value: (isinstance(value, list) and len(value) == len(tests)
                          and all(test(item) for test, item in zip(tests, value)))


def is_erased(value):
    """`[batch, runs, leaves]`: runs ascending and apart, a leaf for each row or null."""
    if not parts(is_link, list_of(pair_of(is_row)), or_null(is_octets))(value):
        return False
    _, runs, leaves = value
    ends = [first + count for first, count in runs]
    return (bool(runs) and all(count > 0 for _, count in runs)
            and all(end < first for end, (first, _) in zip(ends, runs[1:]))
            and (leaves is None or len(leaves) == 32 * sum(count for _, count in runs)))


def is_keys(value):
    """`[batch, buckets]`."""
    return (parts(is_link, list_of(parts(is_row, is_hash)))(value) and bool(value[1])
            and ascending(anything)([bucket for bucket, _ in value[1]]))


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
        "records_root": is_hash, "segment_sha256": is_hash, "map_root": or_null(is_hash),
    },
    "manifest": {
        "container": is_hash, "generation": is_row, "length": is_count, "sha256": is_hash,
        "batches": list_of(lambda entry: isinstance(entry, list) and len(entry) == 3
                           and is_link(entry[0]) and is_row(entry[1]) and is_row(entry[2])),
        "replaces": list_of(is_hash),
    },
    "source": CHAIN | {
        "label": is_text, "files": is_count, "lines": or_null(is_count), "size": is_count,
        "sha256": or_null(is_hash), "blake3": or_null(is_hash), "sealed": is_commitments,
        "digest": is_bytes(16), "mapping": is_hash, "observed_at": is_int,
        "stretches": pair_of(is_count), "whole": is_bool, "counts": is_balance,
    },
    "seen": CHAIN | {
        "observed_at": is_int, "full": is_bool, "except": ascending(is_hash),
        "revisions": ascending(is_link), "file": or_null(is_bytes(16)),
        "rows": list_of(lambda entry: isinstance(entry, list) and len(entry) == 2
                        and is_link(entry[0]) and list_of(pair_of(is_row))(entry[1])),
    },
    "retract": {"import": is_count, "restore": is_bool, "actor": or_null(is_text), "sealed": is_commitments},
    "erasure": {
        "decision": lambda value: value in ("erased", "refused", "restricted", "lifted"), "basis": is_text, "reference": is_text,
        "decided_by": or_null(is_text), "executed_by": or_null(is_text),
        "batches": list_of(is_erased), "unsalted": list_of(is_erased), "keys": list_of(is_keys),
        "fingerprints": lambda value: is_octets(value) and len(value) % 16 == 0 and ascending(anything)(
            [value[at:at + 16] for at in range(0, len(value), 16)]),
        "sealed": list_of(parts(is_hash, is_text, is_hash, is_hash, or_null(is_hash))),
        "files": list_of(parts(is_hash, is_row, is_hash)),
    },
    "hold": {
        "name": is_text, "scope": or_null(parts(is_text, is_key)), "reason": is_text,
        "actor": or_null(is_text), "release": is_bool,
    },
    "reference": {"name": is_text, "kind": is_text, "key": or_null(is_key)},
    "setting": {"name": is_text, "value": anything},
    "sealed": {
        "commitment": is_hash, "subject": is_hash, "field": is_text,
        "value": lambda value: isinstance(value, bytes) and not is_link(value),
    },
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
    if word == "revision":
        check_edges(record["edges"])


def check_edges(edges):
    last = None
    for edge in edges:
        need(isinstance(edge, list) and len(edge) == 5, "an edge that has not five parts")
        relation, kind, key, pin, beside = edge
        need(is_text(relation) and is_text(kind) and is_key(key) and is_link(pin), "an edge of another form")
        need(beside is None or beside and map_of(is_text)(beside), "an edge with something else beside it")
        order = encode([relation, kind, key, beside])
        need(last is None or last < order, "edges out of order, or twice the same")
        last = order


def check_nodes(record):
    """Refuses a record that speaks of a node whose kind has no such keys."""
    nodes = [(record["kind"], record["key"])] if record["type"] in ("stub", "revision") else []
    nodes += [(kind, key) for _, kind, key, _, _ in record.get("edges", [])]
    for kind, key in nodes:
        need(kind in KEY_PARTS, f"a node of the unknown kind {kind!r}")
        need(len(key) in KEY_PARTS[kind], f"a {kind} key of {len(key)} parts")


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
