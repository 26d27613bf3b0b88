"""Reads exports with the tools of those who defined the forms: prints how many of each it accepted.

    read_exports.py FOLDER

Files are named NUMBER.FORM. PROV-JSON is read by `prov`, CycloneDX by the strict validator of
`cyclonedx-python-lib`, statements by `in-toto-attestation`, run events by `openlineage-python`; the blocks
of an archive are hashed again with `blake3`. What one of them refuses ends the run with 1 and its words.
"""
import collections, json, pathlib, sys, uuid

import blake3
import in_toto_attestation.v1.statement as statement
import in_toto_attestation.v1.statement_pb2 as statement_pb2
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from openlineage.client import event_v2
from prov.model import ProvDocument

# CIDv1, DAG-CBOR, BLAKE3 of 32 bytes.
CID = bytes([1, 0x71, 0x1E, 32])


def prov(text):
    document = ProvDocument.deserialize(content=text, format="json")
    again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert document == again, "not the same when it is written again"
    assert list(document.get_records()), "no records"


def cyclonedx(version):
    validator = JsonStrictValidator(version)

    def check(text):
        wrong = validator.validate_str(text)
        assert wrong is None, str(wrong)
        refs = {part["bom-ref"] for part in json.loads(text)["components"]}
        refs.add(json.loads(text)["metadata"]["component"]["bom-ref"])
        for needs in json.loads(text)["dependencies"]:
            assert {needs["ref"], *needs["dependsOn"]} <= refs, needs

    return check


def slsa(text):
    for line in text.splitlines():
        said = json.loads(line)
        message = json_format.ParseDict(said, statement_pb2.Statement())
        statement.Statement.copy_from_pb(message).validate()
        made = json_format.ParseDict(said["predicate"], provenance_pb2.Provenance())
        assert made.build_definition.build_type and made.run_details.builder.id, line
        for used in made.build_definition.resolved_dependencies:
            assert used.uri or used.digest, line


def openlineage(text):
    for line in text.splitlines():
        said = json.loads(line)
        uuid.UUID(said["run"]["runId"])
        sets = {
            "inputs": [event_v2.InputDataset(one["namespace"], one["name"]) for one in said["inputs"]],
            "outputs": [event_v2.OutputDataset(one["namespace"], one["name"]) for one in said["outputs"]],
        }
        event = event_v2.RunEvent(
            eventTime=said["eventTime"],
            producer=said["producer"],
            run=event_v2.Run(runId=said["run"]["runId"]),
            job=event_v2.Job(namespace=said["job"]["namespace"], name=said["job"]["name"]),
            eventType=event_v2.RunState[said["eventType"]],
            **sets,
        )
        assert event.schemaURL == said["schemaURL"], (event.schemaURL, said["schemaURL"])


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def car(data):
    length, at = varint(data, 0)
    at += length
    blocks = 0
    while at < len(data):
        length, at = varint(data, at)
        cid, block = data[at : at + 36], data[at + 36 : at + length]
        assert cid[:4] == CID and cid[4:] == blake3.blake3(block).digest(), f"block at {at}"
        at += length
        blocks += 1
    assert blocks, "no blocks"


CHECKS = {
    "prov": prov,
    "cyclonedx": cyclonedx(SchemaVersion.V1_7),
    "cyclonedx-1.6": cyclonedx(SchemaVersion.V1_6),
    "slsa": slsa,
    "openlineage": openlineage,
}
read = collections.Counter()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    form = path.name.split(".", 1)[1]
    try:
        if form == "car":
            car(path.read_bytes())
        else:
            CHECKS[form](path.read_text())
    except Exception as wrong:
        sys.exit(f"{path.name}: {type(wrong).__name__}: {wrong}")
    read[form] += 1
print(json.dumps(dict(sorted(read.items()))))
