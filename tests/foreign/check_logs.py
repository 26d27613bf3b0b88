"""Reads handed-over logs with programs that are not ours, and holds the statement to the files.

    check_logs.py FOLDER

The statement: its one form by `rfc8785`, its signature by `securesystemslib`, its shape by
`in-toto-attestation`. The rows: by DuckDB and by pyarrow, which must agree with each other and with what the
statement counts. Prints what was found as JSON; what does not fit ends the run with 1 and the file's name.
"""
import base64, collections, csv, hashlib, json, pathlib, sys

import duckdb
import in_toto_attestation.v1.statement as statement
import in_toto_attestation.v1.statement_pb2 as statement_pb2
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import rfc8785
from google.protobuf import json_format
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Signature, SSlibKey

BESIDE = {"logs.json", "logs.json.sig", "log-key.pem"}
PLACE = ["deployment", "batch", "row", "standing"]


def wrong(name, why):
    sys.exit(f"{name}: {why}")


def signed(folder, raw):
    lines = (folder / "log-key.pem").read_text().splitlines()
    public = base64.b64decode(lines[1])[-32:].hex()
    key = SSlibKey("log", "ed25519", "ed25519", {"public": public})
    try:
        key.verify_signature(Signature("log", (folder / "logs.json.sig").read_bytes().hex()), raw)
    except VerificationError as error:
        wrong("logs.json", f"the signature does not fit: {error}")


def columns_of(path, form):
    """The columns as DuckDB and as pyarrow read them, texts all, so that the forms compare."""
    database = duckdb.connect()
    if form == "csv":
        found = database.execute(
            "select * from read_csv(?, all_varchar=true, header=true, delim=',', quote='\"', escape='\"')",
            [str(path)],
        )
        with path.open(newline="") as text:
            names = next(csv.reader(text))
        options = pyarrow.csv.ConvertOptions(
            column_types={name: pyarrow.string() for name in names},
            strings_can_be_null=True,
            null_values=[""],
            quoted_strings_can_be_null=True,
        )
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        table = pyarrow.csv.read_csv(path, convert_options=options, parse_options=parse)
    else:
        found = database.execute("select * from read_parquet(?)", [str(path)])
        table = pyarrow.parquet.read_table(path)
    names, rows = [column[0] for column in found.description], found.fetchall()
    if len(rows) != table.num_rows or names != table.column_names:
        wrong(path.name, f"DuckDB reads {len(rows)} rows of {len(names)} columns, pyarrow {table.shape}")
    for name in PLACE + ["event_id", "decision"]:
        at = names.index(name)
        if [str(row[at]) for row in rows] != list(map(str, table[name].to_pylist())):
            wrong(path.name, f"DuckDB and pyarrow read {name} differently")
    return table


def main():
    folder = pathlib.Path(sys.argv[1])
    raw = (folder / "logs.json").read_bytes()
    is_signed = (folder / "logs.json.sig").exists()
    if is_signed:
        signed(folder, raw)
    said = json.loads(raw)
    if rfc8785.dumps(said) != raw:
        wrong("logs.json", "not in the form of RFC 8785")
    message = json_format.ParseDict(said, statement_pb2.Statement())
    statement.Statement.copy_from_pb(message).validate()
    names = {subject["name"]: subject["digest"]["sha256"] for subject in said["subject"]}
    there = {path.name for path in folder.iterdir()}
    if there - BESIDE != set(names):
        wrong("logs.json", f"it names {sorted(names)}, there are {sorted(there - BESIDE)}")
    for name, digest in sorted(names.items()):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            wrong(name, "its SHA-256 is not the one that the statement names")
    predicate = said["predicate"]
    listed = {file["name"]: file for file in predicate["files"]}
    expected = [column["name"] for column in predicate["columns"]]
    standing, by_deployment, rows = collections.Counter(), collections.Counter(), 0
    for name in sorted(names):
        if not name.startswith("events-"):
            continue
        table = columns_of(folder / name, predicate["asked"]["format"])
        if table.column_names != expected:
            wrong(name, f"columns {table.column_names}")
        if table.num_rows != listed[name]["rows"]:
            wrong(name, f"{table.num_rows} rows, the statement counts {listed[name]['rows']}")
        rows += table.num_rows
        standing.update(table["standing"].to_pylist())
        by_deployment.update(table["deployment"].to_pylist())
        fields = [column for column in expected if column not in PLACE]
        for row in table.filter(pyarrow.compute.not_equal(table["standing"], "shown")).to_pylist():
            if any(row[field] is not None for field in fields):
                wrong(name, f"a row that is {row['standing']} holds something")
    counts = predicate["counts"]
    for word in ("shown", "erased", "restricted"):
        if standing[word] != counts[word]:
            wrong("logs.json", f"{counts[word]} {word}, the files hold {standing[word]}")
    for own in predicate["deployments"]:
        if by_deployment[own["deployment"]] != own["rows"]:
            wrong("logs.json", f"{own['rows']} rows of {own['deployment']}")
    with (folder / "batches.csv").open(newline="") as text:
        batches = list(csv.DictReader(text))
    sums = {word: sum(int(one[word]) for one in batches) for word in ("counted", "shown", "erased", "restricted", "outside", "untimed")}
    for word, total in sums.items():
        if total != counts[word]:
            wrong("batches.csv", f"{total} {word}, the statement says {counts[word]}")
    if counts["rows"] + counts["outside"] + counts["untimed"] != counts["counted"] or rows != counts["rows"]:
        wrong("logs.json", "its counts do not add up")
    print(json.dumps({"rows": rows, "signed": is_signed, "standing": dict(sorted(standing.items())), "columns": len(expected)}))


if __name__ == "__main__":
    import pyarrow.compute

    main()
