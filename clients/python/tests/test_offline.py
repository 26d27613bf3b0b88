"""What needs no server: how texts are shown, and what is done with an answer that is none."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from lineal import (
    Answer,
    Client,
    LinealError,
    ServerError,
    TooManyRequests,
    Trace,
    Unreachable,
)
from lineal.types import nanoseconds

ABOUT: dict[str, Any] = {
    "total": 2,
    "completeness": {
        "state": "cannot_tell",
        "truncated_by": None,
        "reasons": ["a <i>reason</i>"],
        "reason_count": 3,
    },
    "commit": 7,
    "recorded": "2026-01-01T00:00:00Z",
    "now": "2026-01-01T00:00:00Z",
    "warnings": [],
    "withheld": ["subject group"],
}
HOSTILE = "<script>alert('x')</script>"


def client(answer: Any) -> Client:
    return Client("http://localhost", "lineal_x", transport=httpx.MockTransport(answer))


def test_what_others_wrote_does_not_act_in_a_notebook() -> None:
    rows: list[list[Any]] = [[HOSTILE, None], [{"nodes": ["a", HOSTILE], "edges": ["deploys"]}, [True]]]
    shown = Answer([HOSTILE, "b"], rows, ABOUT)._repr_html_()
    assert "<script" not in shown and "<i>" not in shown
    assert "a deploys &lt;script&gt;" in shown and "kept back from this role" in shown
    assert "cannot tell; a &lt;i&gt;reason&lt;/i&gt;; and 2 more" in shown
    body = {
        "target": HOSTILE,
        "roots": [HOSTILE],
        "edges": [{"from": HOSTILE, "relation": "x", "to": HOSTILE}],
        "training_data": [],
        "recorded": False,
        "completeness": "complete",
        "findings": [HOSTILE],
        "events": [{"event_id": HOSTILE}],
        "found_by": "event id",
        "commit": 1,
    }
    trace = Trace.read(body)
    assert "<script" not in trace._repr_html_()
    assert trace.tree().endswith("(above)"), "a circle has an end"


def test_the_token_goes_in_the_clear_to_this_machine_alone() -> None:
    for url in ["http://127.0.0.1:7413", "http://localhost", "http://[::1]:1", "https://x.org"]:
        Client(url, "lineal_x").close()
    for url in ["http://10.0.0.1", "http://example.org", "ftp://localhost", "localhost", ""]:
        with pytest.raises(ValueError):
            Client(url, "lineal_x")


def test_a_proxy_of_the_environment_is_not_handed_the_token_in_the_clear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy, socket.create_server(
        ("127.0.0.1", 0)
    ) as server:
        proxy.settimeout(2)

        def listen() -> None:
            with contextlib.suppress(OSError), proxy.accept()[0] as caller:
                caller.settimeout(2)
                heard.append(caller.recv(65536))

        listener = threading.Thread(target=listen)
        listener.start()
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, address)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        # Nobody answers at the server: it is only of interest who hears the question.
        with Client(url, "lineal_x", timeout=0.5) as asker, pytest.raises(LinealError):
            asker.query("find model")
        listener.join()
    assert heard == []


def test_an_answer_that_breaks_off_is_none() -> None:
    about = json.dumps({"$answer": ABOUT})
    with client(lambda _: httpx.Response(200, text='{"a": 1}\n' + about + "\n")) as whole:
        with whole.stream("find model") as stream:
            assert list(stream) == [{"a": 1}]
    with client(lambda _: httpx.Response(200, text='{"a": 1}\n')) as cut:
        with cut.stream("find model") as stream, pytest.raises(Unreachable):
            list(stream)
    with client(lambda _: httpx.Response(200, text="<html>")) as other, pytest.raises(LinealError):
        other.stats()
    with client(lambda _: httpx.Response(302, headers={"Location": "http://x.org"})) as moved:
        with pytest.raises(LinealError):
            moved.stats()


def test_the_public_log_is_asked_for_by_size_and_commit() -> None:
    note = "log.example\n7\nroot\n\n— log.example AAAA\n"

    def log(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/checkpoint":
            return httpx.Response(200, text=note)
        return httpx.Response(200, json={"path": str(request.url.raw_path, "ascii")})

    with client(log) as asked:
        assert asked.checkpoint() == note and asked.checkpoint(7) == note
        assert asked.consistency(3) == {"path": "/v1/log/consistency?earlier=3"}
        assert asked.consistency(3, 7) == {"path": "/v1/log/consistency?earlier=3&later=7"}
        assert asked.log_proof(2, 7) == {"path": "/v1/log/proof?commit=2&size=7"}
    absent = {"detail": "none is kept"}
    with client(lambda _: httpx.Response(404, json=absent)) as none:
        with pytest.raises(LinealError, match="none is kept"):
            none.checkpoint()


def test_a_busy_server_is_asked_again_and_not_for_ever() -> None:
    asked: list[int] = []

    def busy(_: httpx.Request) -> httpx.Response:
        asked.append(1)
        if len(asked) == 2:
            return httpx.Response(200, json={"events": 1})
        return httpx.Response(429, headers={"Retry-After": "0"}, json={"detail": "often"})

    with client(busy) as once:
        assert once.stats() == {"events": 1} and len(asked) == 2
        with pytest.raises(TooManyRequests, match="often"):
            once.stats()
    assert len(asked) == 6
    with client(lambda _: httpx.Response(500, json={"detail": "d", "request_id": "77"})) as broken:
        with pytest.raises(ServerError, match="request 77"):
            broken.stats()


def test_columns_have_their_types_and_what_does_not_fit_stays_as_it_came() -> None:
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    assert nanoseconds("1970-01-01T00:00:01.5Z") == 1_500_000_000
    assert nanoseconds("1969-12-31T23:59:59Z") == -1_000_000_000
    for text in ["", "2026-01-01", "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00.1234567890Z"]:
        with pytest.raises(ValueError):
            nanoseconds(text)
    kinds = ["timestamp", "int", "bool", "any", "timestamp", "int"]
    columns = dict(zip("tnbxwh", kinds, strict=True))
    rows: list[list[Any]] = [
        ["2026-01-01T00:00:00Z", 1, True, 1, "then", 1],
        [None, None, None, "a", None, "2"],
    ]
    answer = Answer(list(columns), rows, {**ABOUT, "types": list(columns.values())})
    frame, table = answer.to_pandas(), answer.to_arrow()
    assert frame["t"].iloc[0] == pandas.Timestamp("2026-01-01", tz="UTC") and frame["t"].isna()[1]
    assert str(frame["n"].dtype) == "Int64" and str(frame["b"].dtype) == "boolean"
    assert list(frame["x"]) == [1, "a"] and list(frame["w"]) == ["then", None]
    assert list(frame["h"]) == [1, "2"]
    assert table.schema.field("t").type == arrow.timestamp("ns", "UTC")
    assert table["n"].to_pylist() == [1, None] and table["x"].to_pylist() == ["1", "a"]
    assert table["w"].to_pylist() == ["then", None] and table["h"].to_pylist() == ["1", "2"]
    empty = Answer(["t", "n"], [], {**ABOUT, "types": ["timestamp", "int"]})
    assert len(empty.to_pandas()) == 0 and empty.to_arrow().num_rows == 0
    untyped = Answer(["n"], [[1]], ABOUT)
    assert untyped.types == ["any"] and list(untyped.to_pandas()["n"]) == [1]


def test_what_no_request_can_say_is_refused_with_its_name_before_it_is_sent() -> None:
    for token in ["", " \n"]:
        with pytest.raises(ValueError, match="the token is empty"):
            Client("http://localhost", token)
    with pytest.raises(ValueError, match="case 'Prüfung-7': .* ASCII"):
        Client("http://localhost", "lineal_x", case="Prüfung-7")
    with pytest.raises(ValueError, match="store 'größe'"):
        Client("http://localhost", "lineal_x", store="größe")
    with pytest.raises(ValueError, match="the token: .* ASCII"):
        Client("http://localhost", "lineal_ü")


def test_times_are_sent_as_questions_take_them_and_other_types_are_named() -> None:
    sent: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content)["params"])
        return httpx.Response(200, json={**ABOUT, "columns": [], "rows": [], "next": None})

    zone = timezone(timedelta(hours=2))
    when = datetime(2026, 3, 1, 12, 30, tzinfo=zone)
    with client(answer) as lineal:
        lineal.query("find x", {"t": when, "d": when.date(), "l": [1, "a", True], "n": "ü"})
        expected = {"t": "2026-03-01T12:30:00+02:00", "d": "2026-03-01", "l": [1, "a", True], "n": "ü"}
        assert sent == [expected]
        with pytest.raises(ValueError, match=r"params\['t'\] needs a time zone"):
            lineal.query("find x", {"t": when.replace(tzinfo=None)})
        with pytest.raises(TypeError, match=r"params\['b'\]\[1\] is a bytes"):
            lineal.query("find x", {"b": ["a", b"b"]})
        with pytest.raises(TypeError, match=r"params\['f'\] is a float"):
            lineal.query("find x", {"f": float("nan")})
    assert len(sent) == 1


def test_the_licences_of_the_package_are_those_of_the_project() -> None:
    package = Path(__file__).parent.parent
    for name in ["LICENSE-APACHE", "LICENSE-MIT"]:
        assert (package / name).read_bytes() == (package.parent.parent / name).read_bytes()


def test_a_token_is_told_with_its_text_once_and_never_printed() -> None:
    kept = {
        "id": "4d39abb1f76e",
        "name": "ci",
        "role": "engineer",
        "stores": ["*"],
        "systems": ["*"],
        "created": "2026-01-01T00:00:00Z",
        "expires": None,
        "revoked": None,
        "state": "good",
    }
    asked: list[tuple[str, str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        asked.append((request.method, request.url.path, body))
        match request.method:
            case "POST":
                return httpx.Response(200, json={"token": "lineal_secret", **kept})
            case "GET":
                return httpx.Response(200, json={"tokens": [kept]})
        return httpx.Response(200, json={**kept, "state": "revoked"})

    with client(answer) as lineal:
        end = datetime(2027, 1, 31, tzinfo=timezone.utc)
        made = lineal.make_token("ci", "engineer", stores=["main"], expires=end)
        assert made.text == "lineal_secret" and "lineal_secret" not in repr(made)
        assert [token.text for token in lineal.tokens()] == [None]
        assert lineal.revoke_token("4d39/../x").state == "revoked"
    wanted = asked[0][2]
    assert wanted["stores"] == ["main"] and wanted["expires"].startswith("2027-01-31T00:00:00")
    assert asked[2][:2] == ("DELETE", "/v1/tokens/4d39/../x"), "one part of the path"


def test_a_proposal_is_its_bytes_and_who_executes_names_their_digest() -> None:
    proposal = b'{\n  "batches": []\n}\n'
    asked: list[Any] = []
    job = {
        "id": "7",
        "state": "done",
        "label": "x",
        "created": "2026-01-01T00:00:00Z",
        "progress": {"phase": "", "bytes": 0, "bytes_total": 0, "items": 0},
        "report": {"rows": 8},
        "problem": None,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, request.content))
        if request.url.path == "/v1/retention/proposals":
            return httpx.Response(200, content=proposal)
        return httpx.Response(202 if request.method == "POST" else 200, json=job)

    with client(answer) as lineal:
        given, digest = lineal.propose_retention(kept="inference-log")
        assert given == proposal and len(digest) == 64
        done = lineal.execute_retention(given, digest, decided_by="anna@bank.example")
        assert done == {"rows": 8}
        assert lineal.rebuild() == {"rows": 8}
        assert lineal.cancel("7").is_over
    sent = json.loads(asked[1][2])
    assert sent["proposal"].encode() == proposal and sent["sha256"] == digest
    assert asked[-1][:2] == ("DELETE", "/v1/imports/7")
