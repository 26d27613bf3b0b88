"""What docs/format.md, sections 9 and 10, let a stranger check of batches and manifests.

The roots themselves need the seeds, which are secret.
"""

import datetime
import re

from absence import check_keys_fields
from canonical_cbor import encode
from hashes import blake3_of
from record_shapes import is_bytes, is_count, is_hash, need

CONTAINER_ROWS_MAX = 1_000_000
SEED_BYTES = 16
DAY_NS = 86_400_000_000_000
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


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
    check_months(fields)
    end = 0
    for run in fields.get("doubted", []):
        need(len(run) == 2 and is_count(run[0]) and is_count(run[1]), "a run of doubted rows that is no run")
        need(end <= run[0] and 0 < run[1] and run[0] + run[1] <= fields["rows"], "doubted rows that are not the batch's")
        end = run[0] + run[1]
    check_keys_fields(fields)


def month_of(time):
    """The month of a time in ns since 1970, as a batch names it."""
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=time // DAY_NS)
    return f"{day.year:04}-{day.month:02}"


def check_months(fields):
    """Refuses counters by month that are not of the batch, and a batch that should have some."""
    bounds = [fields.get(name) for name in ("first_time", "last_time")]
    timed = fields["presence"].get("time", 0)
    need((timed > 0) == (bounds[0] is not None) == (bounds[1] is not None), "a batch whose times are not those of its events")
    ends = [month_of(time) for time in bounds if time is not None]
    is_divided = len(set(ends)) > 1 or 0 < timed < fields["rows"]
    need(is_divided == ("months" in fields), "a batch with months where it has one, or without where it has several")
    if not is_divided:
        return
    months = fields["months"]
    names = sorted(months)
    need([names[0], names[-1]] == ends, "a batch with months beyond its first and last time")
    need(all(MONTH.fullmatch(name) for name in names), "a month that is none")
    for counts in months.values():
        need(len(counts) == 3 and all(map(is_count, counts)), "a month with other than three counts")
        need(counts[0] > 0 and max(counts[1:]) <= counts[0], "a month with more marks than events")
    sums = [sum(counts[at] for counts in months.values()) for at in range(3)]
    need(sums[0] == timed, "months that do not add up to the events with a time")
    for name, counted in (("overrides", sums[1]), ("art12", sums[2])):
        rest = fields[name] - counted
        need(0 <= rest <= fields["rows"] - timed, f"months that do not add up to the batch's {name}")


def check_manifest(manifest, batches):
    """Refuses a manifest whose runs are not those of its batches, one after another."""
    row = 0
    for link, first, rows in manifest["batches"]:
        need(first == row, f"a manifest with a batch at row {first} where row {row} should begin one")
        need(rows == batches[link].get("rows"), f"a manifest that gives a batch {rows} rows")
        row += rows
    need(row <= CONTAINER_ROWS_MAX, f"a container of {row} rows")


def check_erasure(record, rows_of):
    """Refuses an erasure of rows that its batches have not."""
    for part in ("batches", "unsalted"):
        for link, runs, leaves in record[part]:
            rows = rows_of(link)
            need(runs[-1][0] + runs[-1][1] <= rows, "an erasure of rows that its batch has not")
            need(part == "batches" or leaves is not None, "a row without a salt and without its leaf")
            if part == "batches" and record["decision"] == "erased":
                need((leaves is None) == (runs == [[0, rows]]), "leaves of a batch of which nothing is left, or none of another")
    if record["decision"] != "erased":
        need(not (record["files"] or record["unsalted"] or record["keys"] or record["fingerprints"]),
             f"a decision `{record['decision']}` that destroys something")
        need(all(leaves is None for _, _, leaves in record["batches"]), "leaves of rows that stay")
        need(all(fingerprint is None for *_, fingerprint in record["sealed"]), "a fingerprint of what stays")
    if record["decision"] == "refused":
        need(not record["sealed"], "a refusal that names values")
