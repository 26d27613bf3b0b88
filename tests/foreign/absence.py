"""The map of a commit and the keys of a batch, from docs/format.md, section 22: what stands in them,
their roots, and what a stranger checks in a proof that something was never recorded.
"""

import bisect
import heapq

from canonical_cbor import encode
from hashes import blake3, blake3_of
from record_shapes import is_bytes, is_hash, is_text, list_of, need

HALF = 16
BLOCK_ENTRIES = 16
RUNS_MAX = 64
BITS_MIN, BITS_MAX = 8, 24
VALUES_PER_BUCKET = 4


# The map.

def name(*items):
    """A name: the first 16 bytes of the hash of a list whose first item is its sort."""
    return blake3_of(encode(list(items)))[:HALF]


def claimed(kind, key):
    """Whether a key is a claim of its kind; then a list with the name that it gives, or null."""
    part = {("model", 3): 1, ("dataset", 4): 0}.get((kind, len(key)))
    return [key[part]] if part is not None and None in key else []


def names(record):
    """Under which names a record stands."""
    if record["type"] == "stub":
        return {name("node", record["kind"], record["key"])}
    if record["type"] == "reference":
        return {name("reference", record["kind"])}
    if record["type"] != "revision":
        return set()
    found = {name("node", record["kind"], record["key"]), name("kind", record["kind"])}
    for relation, kind, key, _, _ in record["edges"]:
        found.add(name("edge", relation, kind, key))
        found.update(name("claim", relation, kind, said) for said in claimed(kind, key))
    return found


def entries(record, identity):
    return {stands + identity[:HALF] for stands in names(record)}


def block_leaves(run):
    blocks = (run[at:at + BLOCK_ENTRIES] for at in range(0, len(run), BLOCK_ENTRIES))
    return [blake3_of(b"\x00" + b"".join(block)) for block in blocks]


def root_of(leaves):
    """The shape of RFC 6962 over leaves as they are."""
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return blake3_of(b"\x01" + root_of(leaves[:left]) + root_of(leaves[left:]))


def map_root(runs):
    """Of runs, each its number of entries and its root."""
    heads = (count.to_bytes(8, "little") + root for count, root in runs)
    return blake3_of(b"lineal v1 map" + b"".join(heads))


class RecordMap:
    """The runs of a map, oldest first, commit by commit."""

    def __init__(self):
        self.runs, self.heads = [], []

    def take(self, new):
        """A commit brings these entries, if any."""
        if not new:
            return
        self.runs.append(sorted(new))
        first, newer = len(self.runs) - 1, 0
        for at in reversed(range(len(self.runs))):
            if len(self.runs[at]) <= newer:
                first = at
            newer += len(self.runs[at])
        merged = list(heapq.merge(*self.runs[first:]))
        self.runs[first:] = [merged]
        self.heads[first:] = [(len(merged), root_of(block_leaves(merged)))]

    def root(self):
        return map_root(self.heads)


# Neighbouring leaves of a tree.

def range_root(count, first, leaves, path):
    """The root of a tree of `count` leaves in which these stand from `first` on."""
    path = list(path)

    def inside(start, size):
        if first + len(leaves) <= start or start + size <= first:
            need(path, "a path that ends early")
            return path.pop(0)
        if size == 1:
            return leaves[start - first]
        left = 1 << (size - 1).bit_length() - 1
        return blake3_of(b"\x01" + inside(start, left) + inside(start + left, size - left))

    need(leaves and first + len(leaves) <= count, "leaves that no tree of this size has there")
    root = inside(0, count)
    need(not path, "a path that goes on")
    return root


def check_run(head, asked, opened):
    """All values that stand under a name in a run."""
    (count, root), (first_block, shown, path) = head, opened
    start = first_block * BLOCK_ENTRIES
    end = start + len(shown)
    need(shown and end <= count, "entries outside of their run")
    need(len(shown) % BLOCK_ENTRIES == 0 or end == count, "a block that is not whole")
    need(shown == sorted(shown), "entries that do not ascend")
    need(start == 0 or shown[0][:HALF] < asked, "no neighbour before")
    need(end == count or shown[-1][:HALF] > asked, "no neighbour behind")
    blocks = -(-count // BLOCK_ENTRIES)
    need(range_root(blocks, first_block, block_leaves(shown), path) == root, "blocks of another run")
    return [entry[HALF:] for entry in shown if entry[:HALF] == asked]


def check_map(root, asked, runs, ranges):
    """What stands under each name in the map with this root."""
    need(len(runs) <= RUNS_MAX and map_root(runs) == root, "runs of another map")
    need(len(ranges) == len(asked) and all(len(some) == len(runs) for some in ranges), "ranges too few or many")
    return [[value for head, opened in zip(runs, some) for value in check_run(head, one, opened)]
            for one, some in zip(asked, ranges)]


# The keys of a batch.

def check_keys_fields(fields):
    """What a batch says of its keys: nothing, or a root and which fields it covers."""
    if fields.get("keys_root") is None:
        need("keys_of" not in fields, "a batch that names the fields of a keys_root and has none")
        return
    need(is_hash(fields["keys_root"]), "a batch whose keys_root is no hash")
    covered = fields.get("keys_of")
    need(covered and list_of(is_text)(covered) and len(set(covered)) == len(covered),
         "a batch whose keys_root covers no fields")


def value_hash(field, value):
    return blake3_of(encode([field, value]))


def bits_for(rows, fields):
    buckets = -(-max(rows * fields, 1) // VALUES_PER_BUCKET)
    return min(max((buckets - 1).bit_length(), BITS_MIN), BITS_MAX)


def bucket_of(hashed, bits):
    return int.from_bytes(hashed[:4], "little") >> 32 - bits


def digest_of(salt, hashed):
    return blake3(b"\x01" + hashed, key=salt).digest()[:HALF]


def tree_root(bits, fields, tree):
    return blake3_of(encode(["batch keys", bits, fields, tree]))


def keys_root(secret, fields, rows, hashes):
    """The root over the hashes of the values in a batch's rows."""
    bits = bits_for(rows, len(fields))
    buckets = [set() for _ in range(1 << bits)]
    salts = [blake3(number.to_bytes(4, "little"), key=secret).digest() for number in range(1 << bits)]
    for hashed in hashes:
        bucket = bucket_of(hashed, bits)
        buckets[bucket].add(digest_of(salts[bucket], hashed))
    leaves = [blake3(b"".join(sorted(bucket)), key=salt).digest() for bucket, salt in zip(buckets, salts)]
    return tree_root(bits, fields, root_of(leaves))


def check_keys(root, field, value, opened):
    """Whether a value is in the batch with this keys_root."""
    bits, fields, salt, digests, path = (opened[part] for part in ("bits", "fields", "salt", "digests", "path"))
    need(BITS_MIN <= bits <= BITS_MAX and len(path) == bits, "a tree of another height")
    need(is_bytes(32)(salt) and all(map(is_bytes(HALF), digests)), "parts of another length")
    need(all(one < other for one, other in zip(digests, digests[1:])), "digests that do not ascend")
    need(field in fields, "a field that the root does not cover")
    hashed = value_hash(field, value)
    leaf = blake3(b"".join(digests), key=salt).digest()
    found = range_root(1 << bits, bucket_of(hashed, bits), [leaf], path)
    need(tree_root(bits, fields, found) == root, "a bucket of another batch")
    digest = digest_of(salt, hashed)
    at = bisect.bisect_left(digests, digest)
    return digests[at:at + 1] == [digest]
