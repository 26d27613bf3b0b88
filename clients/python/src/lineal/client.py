"""The client: one server, one token."""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx

from .answer import Answer, Stream
from .arrow import ARROW_STREAM, open_stream, read_table
from .errors import LinealError, Problem, Unreachable, problem
from .told import Events, Node, Trace

if TYPE_CHECKING:
    import pyarrow

ATTEMPTS = 4
"""How often a request is made that the server refuses for its load alone."""
WAIT_SECONDS_MAX = 5.0
"""Longest wait between two attempts; whoever should wait longer is told so."""
TIMEOUT_SECONDS = 120.0
"""A server bounds questions itself, by default at 30 s."""


class Client:
    """A Lineal server, asked with a token. Close it, or use it in a `with`."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        store: str | None = None,
        case: str | None = None,
        verify: ssl.SSLContext | str | bool = True,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`store` names the store where the token may see several, `case` the case within which
        is read, `verify` whom to trust (True: the certificates that httpx knows)."""
        base = httpx.URL(url.rstrip("/"))
        if base.scheme not in ("http", "https") or not base.host:
            raise ValueError(f"{url}: write https://host or https://host:port")
        if base.scheme == "http" and not _is_loopback(base.host):
            raise ValueError(f"{url}: the token would travel in the clear; use https://")
        headers = {"Authorization": f"Bearer {token.strip()}", "User-Agent": "lineal-python/0.1.0"}
        if store is not None:
            headers["Lineal-Store"] = store
        if case is not None:
            headers["Lineal-Case"] = case
        if isinstance(verify, str):
            verify = ssl.create_default_context(cafile=verify)
        self._http = httpx.Client(
            base_url=base,
            headers=headers,
            verify=verify,
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
            # A proxy of the environment would be handed the token in the clear.
            trust_env=base.scheme != "http",
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def query(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        *,
        limits: Mapping[str, int] | None = None,
        page: int | None = None,
    ) -> Answer:
        """Asks a question; all pages of its answer are of one commit. `limits` bound it: rows,
        edges, events, bytes, seconds; what reaches one is cut, and says so."""
        asked = _question(text, params, limits, page)
        response = self._request("POST", "/v1/query", json=asked, question=text)
        first = body = self._read(response)
        rows = list(body["rows"])
        while body["next"] is not None:
            further = {**asked, "cursor": body["next"]}
            body = self._json("POST", "/v1/query", json=further, question=text)
            rows.extend(body["rows"])
        # The same commit and the same now().
        again = {**asked, "cursor": response.headers.get("Lineal-Cursor")}

        def arrow() -> pyarrow.Table:
            return self._arrow(again, len(rows), text)

        return Answer(first["columns"], rows, first, arrow)

    def _arrow(self, asked: dict[str, Any], rows: int, question: str) -> pyarrow.Table:
        import pyarrow

        accept, tables = {"Accept": ARROW_STREAM}, []
        while True:
            response = self._request(
                "POST", "/v1/query", json=asked, headers=accept, question=question
            )
            tables.append(read_table(response.content))
            further = response.headers.get("Lineal-Next")
            if further is None:
                return pyarrow.concat_tables(tables, promote_options="permissive")
            asked = {**asked, "cursor": further}

    @contextmanager
    def stream(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        *,
        limits: Mapping[str, int] | None = None,
    ) -> Iterator[Stream]:
        """Asks a question and gives its rows as they come. Leaving early ends the question."""
        asked = _question(text, params, limits, None)
        accept = {"Accept": "application/x-ndjson"}
        try:
            with self._http.stream("POST", "/v1/query", json=asked, headers=accept) as response:
                if response.status_code != 200:
                    response.read()
                    raise _refused(response, text)
                yield Stream(response.iter_lines())
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._http.base_url}: {error}") from error

    @contextmanager
    def stream_arrow(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        *,
        limits: Mapping[str, int] | None = None,
    ) -> Iterator[pyarrow.RecordBatchReader]:
        """Asks a question and gives its rows as Arrow's record batches, as they come. What is said
        of the answer stands in the metadata of the reader's schema, as JSON: `lineal.answer`, its
        `rows` among it. Leaving early ends the question."""
        asked = _question(text, params, limits, None)
        accept = {"Accept": ARROW_STREAM}
        try:
            with self._http.stream("POST", "/v1/query", json=asked, headers=accept) as response:
                if response.status_code != 200:
                    response.read()
                    raise _refused(response, text)
                yield open_stream(response.iter_bytes())
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._http.base_url}: {error}") from error

    def trace(self, target: str, *, as_of: int | None = None) -> Trace:
        """Where a thing comes from: a node, an id, an input hash or any name."""
        return Trace.read(self._json("GET", "/v1/trace", params=_target(target, as_of)))

    def node(self, target: str, *, as_of: int | None = None) -> Node | Events:
        """Everything recorded about a thing; of an inference hash or id its events."""
        body = self._json("GET", "/v1/show", params=_target(target, as_of))
        if "events" in body:
            return Events(body["events"], body["total"], body["found_by"], body["commit"])
        return Node.read(body)

    def stats(self) -> dict[str, Any]:
        """What the store holds, counted."""
        return self._object("/v1/stats")

    def schema(self) -> dict[str, Any]:
        """The vocabulary: kinds, fields, relations; `card` is the language on one page."""
        return self._object("/v1/schema")

    def batches(self, *, page: int = 1_000) -> Iterator[dict[str, Any]]:
        """The batches of events, page by page, all of one commit."""
        wanted: dict[str, Any] = {"page": page}
        while True:
            body = self._json("GET", "/v1/batches", params=wanted)
            yield from body["batches"]
            if body["next"] is None:
                return
            wanted["cursor"] = body["next"]

    def _object(self, path: str) -> dict[str, Any]:
        body: dict[str, Any] = self._json("GET", path)
        return body

    def _json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        question: str | None = None,
    ) -> Any:
        return self._read(self._request(method, path, params=params, json=json, question=question))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        question: str | None = None,
    ) -> httpx.Response:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._http.request(
                    method, path, params=params, json=json, headers=headers
                )
            except httpx.HTTPError as error:
                raise Unreachable(f"{self._http.base_url}: {error}") from error
            if response.status_code == 200:
                break
            wait = _wait(response)
            if wait is None or attempt == ATTEMPTS:
                raise _refused(response, question)
            time.sleep(wait)
        return response

    def _read(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise LinealError(f"{self._http.base_url}: no JSON came; is that lineal?") from error


def _wait(response: httpx.Response) -> float | None:
    """How long to wait before asking again; None where that would not help."""
    if response.status_code not in (429, 503):
        return None
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= WAIT_SECONDS_MAX else None


def _refused(response: httpx.Response, question: str | None) -> Problem:
    try:
        body = response.json()
    except ValueError:
        body = {}
    return problem(response.status_code, body, question)


def _target(target: str, as_of: int | None) -> dict[str, Any]:
    return {"target": target} if as_of is None else {"target": target, "as_of": as_of}


def _question(
    text: str,
    params: Mapping[str, Any] | None,
    limits: Mapping[str, int] | None,
    page: int | None,
) -> dict[str, Any]:
    asked: dict[str, Any] = {"query": text, "params": dict(params or {})}
    if limits:
        asked["limits"] = dict(limits)
    if page is not None:
        asked["page"] = page
    return asked


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
