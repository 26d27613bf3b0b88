"""Against a live server over the bundled exports."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from conftest import HASH

from lineal import (
    Ambiguous,
    Client,
    Events,
    Forbidden,
    ImportFailed,
    Incomplete,
    Node,
    NotFound,
    Progress,
    QuestionError,
    Unauthenticated,
)

EVENTS = "find inference as i return i, time, decision, confidence order by time, i"


def test_rows_are_dicts_and_the_answer_says_how_complete_it_is(client: Client) -> None:
    answer = client.query("find dataset upstream of inference:$hash", {"hash": HASH})
    assert answer.columns == ["dataset"]
    assert len(answer) == answer.total == 2
    assert answer[0]["dataset"].startswith("dataset:") and answer.rows == list(answer)
    assert answer.require_complete() is answer
    assert answer.commit == 2 and answer.recorded and answer.withheld == ()
    cut = client.query(EVENTS, limits={"rows": 3})
    assert cut.completeness.state == "truncated" and "3 rows" in str(cut.completeness)
    with pytest.raises(Incomplete, match="3 rows"):
        cut.require_complete()


def test_pages_are_turned_and_streams_end_with_what_is_said_of_them(client: Client) -> None:
    whole, turned = client.query(EVENTS), client.query(EVENTS, page=7)
    assert len(whole) == 300 and turned.rows == whole.rows
    with client.stream(EVENTS) as stream:
        assert stream.about is None
        rows = list(stream)
    assert rows == whole.rows
    assert stream.about is not None and stream.about.total == 300
    with client.stream(EVENTS) as stream:
        assert next(iter(stream)) == whole[0], "leaving early is allowed"
    assert len(list(client.batches(page=1))) == len(list(client.batches())) == 4


def test_parameters_are_values_and_no_part_of_the_question(client: Client) -> None:
    asked = "find model where name = $name return it"
    assert len(client.query(asked, {"name": "credit-risk-scorer"})) > 1
    assert len(client.query(asked, {"name": 'credit-risk-scorer" or name != "'})) == 0
    many = client.query("find model where version in $all return it", {"all": ["1", "2"]})
    assert len(many) > 1


def test_pandas_and_arrow_hold_the_same_rows(client: Client) -> None:
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    answer = client.query(EVENTS)
    frame, table = answer.to_pandas(), answer.to_arrow()
    assert isinstance(frame, pandas.DataFrame) and isinstance(table, arrow.Table)
    assert list(frame.columns) == table.column_names == answer.columns
    types = [arrow.string(), arrow.timestamp("ns", "UTC"), arrow.string(), arrow.float64()]
    assert table.schema.types == types
    for name in ("i", "decision", "confidence"):
        assert table.column(name).to_pylist() == answer.column(name), name
    texts = [pandas.Timestamp(text) for text in answer.column("time")]
    assert table.column("time").to_pandas().tolist() == texts
    assert answer.types == ["node", "timestamp", "string", "float"]
    first = frame["time"].iloc[0]
    assert first == pandas.Timestamp(answer[0]["time"]) and first.tzinfo is not None
    assert table["time"].cast("int64")[0].as_py() == first.value
    assert str(frame["confidence"].dtype) == "float64"
    counted = client.query("find inference as i summarize count() as n by i.decision")
    assert str(counted.to_pandas()["n"].dtype) == "Int64"
    assert counted.to_arrow().schema.field("n").type == arrow.int64()
    assert frame["confidence"].iloc[0] == answer[0]["confidence"]
    assert frame.attrs["completeness"] == str(answer.completeness)
    known = table.schema.metadata[b"lineal.completeness"]
    assert known.decode() == str(answer.completeness)
    paths = client.query(f"trace inference:{HASH} to dataset").to_arrow()
    assert paths.num_rows == 2
    mixed = client.query("show limits").to_arrow()
    assert mixed.num_rows > 5


def test_arrow_comes_page_by_page_and_batch_by_batch(client: Client) -> None:
    pytest.importorskip("pyarrow")
    whole = client.query(EVENTS).to_arrow()
    paged = client.query(EVENTS, page=7).to_arrow()
    assert paged.equals(whole)
    said = json.loads(paged.schema.metadata[b"lineal.answer"])
    at_once = json.loads(whole.schema.metadata[b"lineal.answer"])
    assert {**said, "now": None} == {**at_once, "now": None}, "but for the time of asking"
    assert (said["rows"], said["next"]) == (300, None), "of all pages, not of the first"
    with client.stream_arrow(EVENTS) as batches:
        read = batches.read_all()
        about = json.loads(batches.schema.metadata[b"lineal.answer"])
    assert read.equals(whole) and about["rows"] == about["total"] == 300
    assert about["completeness"]["state"] == client.query(EVENTS).completeness.state
    with client.stream_arrow(EVENTS) as batches:
        assert batches.read_next_batch().num_rows > 0, "leaving early is allowed"
    with pytest.raises(QuestionError), client.stream_arrow("find  modle"):
        pass


def test_a_trace_is_a_tree_and_says_what_is_missing(client: Client) -> None:
    trace = client.trace(HASH)
    assert trace.recorded is True and trace.completeness in ("complete", "cannot_tell")
    assert trace.roots and trace.training_data and trace.found_by
    lines = trace.tree().splitlines()
    assert lines[0] == trace.roots[0] and lines[1].startswith("   deploys model:")
    assert "training data recorded: dataset:" in str(trace)
    named = {end for edge in trace.edges for end in (edge["from"], edge["to"])}
    assert all(any(name in line for line in lines) for name in named)
    assert client.trace(HASH, as_of=2) == trace


def test_nodes_events_counts_and_the_vocabulary(client: Client) -> None:
    node = client.node("model:credit-risk-scorer@3")
    assert isinstance(node, Node) and node.kind == "model" and not node.missing
    assert node.fields["version"] == "3" and "produced_by" in node.edges
    events = client.node(HASH)
    assert isinstance(events, Events) and events.total == len(events) >= 1
    assert next(iter(events))["input_hash"] == HASH
    assert client.stats()["events"] == 300
    schema = client.schema()
    assert "find" in schema["card"] and any(k["name"] == "model" for k in schema["kinds"])


def test_refusals_carry_what_the_server_says(client: Client, url: str, token: str) -> None:
    with pytest.raises(QuestionError) as wrong:
        client.query("find  modle")
    error = wrong.value
    assert error.status == 400 and error.kind == "question" and error.request_id
    assert error.errors[0].repaired("find  modle") == "find  model"
    assert "\n  find  modle\n        ^^^^^" in str(error)
    with pytest.raises(QuestionError) as absent, client.stream("find run:x"):
        pass
    assert absent.value.status == 422 and absent.value.errors[0].code.startswith("R")
    with pytest.raises(NotFound):
        client.node("model:nobody@9")
    with pytest.raises(Ambiguous):
        client.node("model:credit-risk-scorer")
    with Client(url, "lineal_wrong") as stranger, pytest.raises(Unauthenticated) as unknown:
        stranger.stats()
    assert "lineal_wrong" not in str(unknown.value)
    # The token of the tests reads within a case.
    with Client(url, token) as caseless, pytest.raises(Forbidden, match="case"):
        caseless.stats()


def test_a_notebook_shows_them(client: Client) -> None:
    table = client.query(EVENTS)._repr_html_()
    assert table.count("<tr>") == 101 and "<small>300 rows, " in table
    assert "<pre>deployment:" in client.trace(HASH)._repr_html_()
    assert "credit-risk-scorer@3" in client.node("model:credit-risk-scorer@3")._repr_html_()
    assert HASH in client.node(HASH)._repr_html_()


def test_a_file_is_imported_and_its_report_is_given(
    importer: Client, client: Client, tmp_path: Path
) -> None:
    event = {
        "_id": "python-1",
        "date": "2026-03-01T00:00:01Z",
        "service": "s",
        "attributes": {
            "art12": {
                "event_id": "python-1",
                "timestamp": "2026-03-01T00:00:01Z",
                "model": {"name": "credit-risk-scorer", "version": "2"},
            }
        },
    }
    file = tmp_path / "day.json"
    file.write_text(json.dumps(event) + "\n")
    steps: list[Progress] = []
    dry = importer.import_file(file, dry_run=True, progress=steps.append)
    assert dry.state == "done" and dry.number is None and dry.is_over
    assert steps[0] == Progress("sending", file.stat().st_size, file.stat().st_size, 0)
    job = importer.import_file(file, observed_at=datetime(2026, 3, 2, tzinfo=timezone.utc))
    assert job.report is not None and job.report["events"] == 1 and job.label == "day.json"
    assert "day.json" in job._repr_html_() and importer.jobs()[0] == job
    assert client.history()[-1]["import"] == job.number
    assert client.names("model:credit-risk-sc")[0].startswith("model:credit-risk-scorer@")
    later = importer.import_file(file, name="again.json", wait=False)
    again = importer.wait(later, timeout=60).report
    assert again is not None and again["commits"] == 0
    file.write_text("nothing of the kind")
    with pytest.raises(ImportFailed, match="day.json"):
        importer.import_file(file)
    with pytest.raises(Forbidden, match="role"):
        client.import_file(file)
    with pytest.raises(Forbidden, match="no folder is configured"):
        importer.import_there("dt=20251103")
    with pytest.raises(ValueError, match="time zone"):
        importer.import_file(file, observed_at=datetime(2026, 3, 2))
