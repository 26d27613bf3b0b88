"""What docs/format.md, sections 9 and 10, let a stranger check of batches and manifests.

The roots themselves need the seeds, which are secret.
"""

from canonical_cbor import encode
from hashes import blake3_of
from record_shapes import is_bytes, is_count, is_hash, need

CONTAINER_ROWS_MAX = 1_000_000
SEED_BYTES = 16


def node_id(kind, key):
    """The id of a node is that of its stub."""
    return blake3_of(encode({"type": "stub", "format": 1, "kind": kind, "key": key}))


def check_batch(revision):
    """Refuses a batch whose parts do not fit one another."""
    need(len(revision["edges"]) == 1, f"a batch with {len(revision['edges'])} edges")
    relation, kind, key, _, _ = revision["edges"][0]
    need((relation, kind) == ("served_by", "deployment"), f"a batch that is {relation} a {kind}")
    need(revision["key"][1] == node_id(kind, key), "a batch whose key names another deployment")
    fields = revision["fields"]
    for name, test in (("root", is_hash), ("seed", is_bytes(SEED_BYTES)), ("rows", is_count),
                       ("overrides", is_count), ("art12", is_count), ("size", is_count)):
        need(test(fields.get(name)), f"a batch whose `{name}` is not what it should be")
    need(fields["seed"] == node_id("batch", revision["key"])[:SEED_BYTES], "a batch with the seed of another node")
    for name in ("overrides", "art12"):
        need(fields[name] <= fields["rows"], f"a batch with more {name} than rows")
    end = 0
    for run in fields.get("doubted", []):
        need(len(run) == 2 and is_count(run[0]) and is_count(run[1]), "a run of doubted rows that is no run")
        need(end <= run[0] and 0 < run[1] and run[0] + run[1] <= fields["rows"], "doubted rows that are not the batch's")
        end = run[0] + run[1]
    need(fields.get("keys_root") is None, "a batch with a keys_root, which format 1 reserves")


def check_manifest(manifest, batches):
    """Refuses a manifest whose runs are not those of its batches, one after another."""
    row = 0
    for link, first, rows in manifest["batches"]:
        need(first == row, f"a manifest with a batch at row {first} where row {row} should begin one")
        need(rows == batches[link].get("rows"), f"a manifest that gives a batch {rows} rows")
        row += rows
    need(row <= CONTAINER_ROWS_MAX, f"a container of {row} rows")
