"""Reads a stream of Arrow's record batches with `pyarrow` (https://pypi.org/project/pyarrow) and holds it to
the same answer as JSON: the arguments are the two files. Prints the columns, the language's word for the
type of each and Arrow's, and how many batches there were."""
import datetime, json, math, sys

import pyarrow

JSON_WORDS = ("list", "map", "path", "any")
UNITS = {"d": 86_400e9, "h": 3_600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}


def nanoseconds(text):
    """A time as the answer's JSON has it, in ns since 1970 UTC."""
    text = text.removesuffix("Z")
    whole, _, part = text.partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * 1_000_000_000 + int((part + "0" * 9)[:9] or 0)


def same(word, kind, value, told):
    """Is a value of a column what the JSON says?"""
    if value is None or told is None:
        return value is None and told is None
    if word in JSON_WORDS:
        return json.loads(value) == told
    if pyarrow.types.is_timestamp(kind):
        return value == nanoseconds(told)
    if pyarrow.types.is_duration(kind):
        # The text has its two greatest units.
        sign = -1 if told.startswith("-") else 1
        parts = [part.lstrip("-") for part in told.split(" ")]
        digits = [("".join(c for c in p if c.isdigit()), "".join(c for c in p if c.isalpha())) for p in parts]
        least = sum(int(number) * UNITS[unit] for number, unit in digits)
        return least <= sign * value < least + UNITS[digits[-1][1]]
    if isinstance(value, float) and not math.isfinite(value):
        return told in ("NaN", "Infinity", "-Infinity")
    return type(value) is type(told) and value == told or isinstance(value, float) and value == told


stream, body = sys.argv[1:]
with pyarrow.ipc.open_stream(stream) as reader:
    batches = list(reader)
    schema = reader.schema
table = pyarrow.Table.from_batches(batches, schema)
with open(body) as file:
    answer = json.load(file)
about = json.loads(schema.metadata[b"lineal.answer"])
for member in ("total", "completeness", "commit", "recorded", "withheld", "warnings"):
    assert about[member] == answer[member], member
assert about["rows"] == table.num_rows == len(answer["rows"]), "rows"
assert table.column_names == answer["columns"], table.column_names
words = [field.metadata[b"lineal.type"].decode() for field in schema]
for at, (word, field) in enumerate(zip(words, schema)):
    kind = field.type
    column = table.column(at)
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_duration(kind):
        column = column.cast(pyarrow.int64())
    for value, row in zip(column.to_pylist(), answer["rows"], strict=True):
        assert same(word, kind, value, row[at]), (field, value, row[at])
print(json.dumps({"words": words, "types": [str(kind) for kind in schema.types], "batches": len(batches)}))
