"""Evidence: asked, recorded and handed over by a live server; the rest needs none."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import datetime, timezone
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from lineal import Client, Forbidden, ImportFailed, NotFound, Problem, Recorded, Report

SYSTEM = "CREDIT-RISK-EU-001"
MODEL = "model:credit-risk-scorer@3"


def test_a_report_says_what_is_recorded_and_what_is_missing(client: Client) -> None:
    (whole,) = client.check()
    assert whole.pack == "reconcile" and whole.system is None and whole.commit >= 2
    law, beside = client.check(SYSTEM, reconcile=True)
    assert law.system == f"system:{SYSTEM}" and beside.pack == "reconcile"
    assert len(law) == 40 == sum(law.counts.values()) and list(law) == list(law.rules)
    open_rules = law.open()
    assert open_rules and all(rule.status in ("gap", "conflict") for rule in open_rules)
    assert set(rule.id for rule in law.open("blocker")) <= set(rule.id for rule in open_rules)
    finding = open_rules[0].findings[0]
    assert finding.fix and finding.say and finding.status in ("gap", "conflict")
    assert law.rule(open_rules[0].id) is open_rules[0]
    with pytest.raises(KeyError):
        law.rule("NONE-99")
    assert "compliant" not in json.dumps(law.told)
    assert open_rules[0].id in law._repr_html_()


def test_as_of_is_a_commit_or_a_time_which_then_counts_as_today(client: Client) -> None:
    (then,) = client.check(SYSTEM, as_of=2)
    assert then.commit == 2
    when = datetime(2199, 1, 1, tzinfo=timezone.utc)
    (later,) = client.check(SYSTEM, as_of=when)
    assert later.today == "2199-01-01T00:00:00Z"
    assert client.check(SYSTEM, as_of="2199-01-01")[0].told == later.told
    with pytest.raises(ValueError, match="time zone"):
        client.check(SYSTEM, as_of=datetime(2199, 1, 1))
    with pytest.raises(Problem, match="no commit 99999"):
        client.check(SYSTEM, as_of=99999)
    with pytest.raises(NotFound, match="nothing recorded up to commit"):
        client.check("nobody")


def test_reports_come_as_files_for_other_programs(client: Client) -> None:
    sarif = json.loads(client.check_in("sarif", SYSTEM, reconcile=True))
    assert sarif["version"] == "2.1.0" and len(sarif["runs"]) == 2
    suites = ElementTree.fromstring(client.check_in("junit", SYSTEM, reconcile=True))
    assert suites.tag == "testsuites" and len(suites) == 2
    assert ElementTree.fromstring(client.check_in("junit", SYSTEM)).tag == "testsuite"


def test_reports_for_people_come_in_three_forms(client: Client) -> None:
    text = client.report("annex-iv", SYSTEM).decode()
    assert text.startswith("# Technical documentation") and "**not recorded**" in text
    assert text == client.report("annex-iv", f"system:{SYSTEM}").decode()
    page = client.report("annex-iv", SYSTEM, form="html")
    assert page.startswith(b"<!DOCTYPE html>") and b"<script" not in page
    told = json.loads(client.report("oversight", SYSTEM, form="json", sample=2, names=True))
    assert told["kind"] == "oversight" and len(told["sections"]) > 3
    change = client.report("change", old="credit-risk-scorer@1", new="credit-risk-scorer@3")
    assert b"credit-risk-scorer@3" in change
    when = datetime(2199, 1, 1, tzinfo=timezone.utc)
    later = client.report("oversight", SYSTEM, as_of=when, start="2025-01-01", until=when)
    assert b"2199-01-01" in later
    with pytest.raises(Problem, match="needs `target`"):
        client.report("data-sheet")
    with pytest.raises(Problem, match="does not take `sample`"):
        client.report("incident", "inc-1", sample=3)
    with pytest.raises(Forbidden, match="for the roles"):
        client.report("retention", policy="[[retention]]")
    with pytest.raises(NotFound, match="kind of report"):
        client.report("annex-v", SYSTEM)  # type: ignore[arg-type]


def test_logs_come_as_files_with_counts_that_reconcile(client: Client) -> None:
    archive = zipfile.ZipFile(io.BytesIO(client.export_logs(SYSTEM, disclose="subject")))
    assert archive.testzip() is None
    statement = json.loads(archive.read("logs/logs.json"))
    counts = statement["predicate"]["counts"]
    assert counts["counted"] == counts["rows"] + counts["outside"] + counts["untimed"] > 0
    for file in statement["subject"]:
        digest = hashlib.sha256(archive.read(f"logs/{file['name']}")).hexdigest()
        assert digest == file["digest"]["sha256"]
    rows = [name for name in archive.namelist() if "events" in name and name.endswith(".csv")]
    lines = sum(len(archive.read(name).decode().splitlines()) - 1 for name in rows)
    assert rows and lines >= counts["rows"]
    parquet = client.export_logs(SYSTEM, form="parquet", start="2025-01-01")
    names = zipfile.ZipFile(io.BytesIO(parquet)).namelist()
    assert any(name.endswith(".parquet") for name in names)
    with pytest.raises(Problem, match="of a system or of a deployment"):
        client.export_logs(MODEL)
    with pytest.raises(Forbidden, match="may not"):
        client.pack(MODEL, samples=1)


def test_what_a_thing_rests_on_comes_in_forms_of_others(client: Client) -> None:
    bom = json.loads(client.export("cyclonedx", MODEL))
    assert bom["bomFormat"] == "CycloneDX" and bom["specVersion"] == "1.7"
    assert json.loads(client.export("cyclonedx-1.6", MODEL))["specVersion"] == "1.6"
    prov = json.loads(client.export("prov", MODEL))
    assert prov["entity"]
    statement = json.loads(client.export("slsa", MODEL).splitlines()[0])
    assert statement["_type"].endswith("/Statement/v1")
    event = json.loads(client.export("openlineage", MODEL).splitlines()[0])
    assert event["run"]["runId"]
    archive = client.export("car", MODEL)
    assert archive[1:2] == b"\xa2" and b"roots" in archive[:64]
    assert client.export("car", MODEL, as_of=2) == archive, "the same view gives the same bytes"
    with pytest.raises(NotFound):
        client.export("prov", "model:nobody@9")
    with pytest.raises(NotFound, match="is a form"):
        client.export("pdf", MODEL)  # type: ignore[arg-type]
    with pytest.raises(Problem, match="describes"):
        client.export("slsa", f"system:{SYSTEM}")


def test_what_is_stated_is_recorded_and_a_gate_tells_what_is_missing(
    client: Client, engineer: Client
) -> None:
    declared = {"declare_system": {"node": "python-system", "fields": ["provider=Bank"]}}
    recorded = engineer.record(declared, reason="a test")
    assert isinstance(recorded, Recorded) and recorded.node == "system:python-system"
    assert recorded.kind == "system" and not recorded.known and recorded.standing is None
    assert recorded.number <= recorded.commit
    (kept,) = engineer.record_check("python-system")
    assert kept.system == "system:python-system"
    asked = "find document where type = \"check_result\" return it"
    assert len(client.query(asked)) == 1
    assert all(key["key"].startswith("SHA256:") for key in client.keys())
    release = client.gate(MODEL)
    assert not release and not release.passes and release.missing
    assert len(release.items) == 6 and release.missing[0].fix
    assert release.missing[0].id in release._repr_html_()
    with pytest.raises(ImportFailed, match="nothing"):
        engineer.record({"withdraw": {"node": "dataset:nobody"}}, reason="x")
    with pytest.raises(Forbidden, match="role"):
        engineer.record({"waive": {"rule": "R", "node": MODEL, "until": "2099-01-01"}})


def test_a_hold_stands_until_it_is_released(officer: Client, engineer: Client) -> None:
    officer.hold("python-case", MODEL, reason="a test")
    (held,) = (hold for hold in officer.holds() if hold["name"] == "python-case")
    assert held["scope"] == MODEL
    with pytest.raises(Forbidden, match="role"):
        engineer.release_hold("python-case", reason="a test")
    officer.release_hold("python-case", reason="a test")
    assert "python-case" not in {hold["name"] for hold in officer.holds()}
    with pytest.raises(ImportFailed, match="python-case"):
        officer.release_hold("python-case", reason="again")


def test_a_member_that_a_newer_server_adds_is_no_obstacle() -> None:
    finding = {
        "status": "gap", "node": "model:x", "node_id": "00", "missing": "digest",
        "say": "<b>none</b>", "fix": "lineal attach", "later": 1,
    }
    rule = {
        "id": "R-1", "article": "<i>1</i>", "basis": "text", "severity": "major", "status": "gap",
        "subjects": 1, "findings_total": 2, "findings": [finding], "cannot_tell": 0, "explain": "",
    }
    report: dict[str, Any] = {
        "pack": "p", "version": "1", "system": None, "commit": 7, "today": "2026-01-01T00:00:00Z",
        "rules": [rule], "counts": {"gap": 1}, "disclaimer": "d", "not_covered": ["x"],
    }
    read = Report.read(report)
    assert read.open("blocker") == [] and read.open("major") == [read.rule("R-1")]
    assert "<i>" not in read._repr_html_() and read.rules[0].findings[0].waiver is None

    def answer(request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        assert asked == {"system": "s", "as_of": "7", "reconcile": "true"}
        return httpx.Response(200, json={"reports": [report], "recorded": [], "withheld": []})

    transport = httpx.MockTransport(answer)
    with Client("http://localhost", "lineal_x", transport=transport) as asking:
        assert asking.check("s", as_of=7, reconcile=True) == [read]


def test_keys_are_listed_with_their_owners() -> None:
    key = {"key": "SHA256:x", "public_key": "ssh-ed25519 AAAA", "owners": ["a"], "revoked": None}

    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("GET", "/v1/keys")
        return httpx.Response(200, json={"keys": [key]})

    transport = httpx.MockTransport(answer)
    with Client("http://localhost", "lineal_x", transport=transport) as asking:
        assert asking.keys() == [key]
