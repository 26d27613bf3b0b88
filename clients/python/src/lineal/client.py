"""The client: one server, one token."""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from math import isfinite
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from .answer import Answer, Stream
from .arrow import ARROW_STREAM, joined, open_stream, read_table
from .errors import LinealError, Problem, Unreachable, problem
from .evidence import EvidenceCalls
from .job import ImportFailed, Job, Progress, Watch
from .told import Events, Node, Trace
from .upkeep import UpkeepCalls

if TYPE_CHECKING:
    import pyarrow

ATTEMPTS = 4
"""How often a request is made that the server refuses for its load alone."""
WAIT_SECONDS_MAX = 5.0
"""Longest wait between two attempts; whoever should wait longer is told so."""
TIMEOUT_SECONDS = 120.0
"""A server bounds questions itself, by default at 30 s."""
PART_BYTES = 1 << 16
"""Bytes of a file that are sent at a time."""
POLL_SECONDS = (0.05, 1.0)
"""The first and the longest wait before an import is asked after again."""


class Client(EvidenceCalls, UpkeepCalls):
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
        if not token.strip():
            raise ValueError("the token is empty: `lineal token create` gives one, shown once")
        headers = {
            "Authorization": f"Bearer {_header('the token', token.strip())}",
            "User-Agent": "lineal-python/0.1.0",
        }
        if store is not None:
            headers["Lineal-Store"] = _header(f"store {store!r}", store)
        if case is not None:
            headers["Lineal-Case"] = _header(f"case {case!r}", case)
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
        accept, tables = {"Accept": ARROW_STREAM}, []
        while True:
            response = self._request(
                "POST", "/v1/query", json=asked, headers=accept, question=question
            )
            tables.append(read_table(response.content))
            further = response.headers.get("Lineal-Next")
            if further is None:
                break
            asked = {**asked, "cursor": further}
        table = joined(tables)
        if table.num_rows != rows:
            raise LinealError(f"the answer had {rows} rows, and its table has {table.num_rows}")
        return table

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

    def prove(
        self,
        statement: str,
        params: Mapping[str, Any] | None = None,
        *,
        checkpoint: str | None = None,
        withhold_subject: bool = False,
        max_bytes: int | None = None,
    ) -> bytes:
        """A proof that a stranger can check: write these bytes to a file as they are.

        `checkpoint` is a signed note; without, it is shown against the newest of the store.
        `no approval approves model:x@3` and `no inference:$hash in deployment:y` state that
        something was never recorded; `max_bytes` allows a proof larger than 16 MiB of the latter.
        """
        body: dict[str, Any] = {
            "statement": statement,
            "params": _params(params),
            "checkpoint": checkpoint,
            "withhold": "subject" if withhold_subject else None,
        }
        if max_bytes is not None:
            body["max_bytes"] = max_bytes
        return self._request("POST", "/v1/prove", json=body, question=statement).content

    def stats(self) -> dict[str, Any]:
        """What the store holds, counted."""
        return self._object("/v1/stats")

    def checkpoint(self, size: int | None = None) -> str:
        """The newest checkpoint of the public log, or the one of so many commits: a signed note, to
        be held on to. Nothing is checked here; any program for C2SP's notes does that."""
        params = {} if size is None else {"size": size}
        return self._request("GET", "/v1/checkpoint", params=params).text

    def consistency(self, earlier: int, later: int | None = None) -> dict[str, Any]:
        """What shows that the log only grew from one checkpoint to a later one, the newest if none is
        named: both notes, and the hashes (RFC 6962, base64)."""
        params = {"earlier": earlier} | ({} if later is None else {"later": later})
        body: dict[str, Any] = self._json("GET", "/v1/log/consistency", params=params)
        return body

    def log_proof(self, commit: int, size: int | None = None) -> dict[str, Any]:
        """What shows that a commit stands in the log: `proof` (a C2SP tlog-proof) and `entry` (the
        commit's record, base64)."""
        params = {"commit": commit} | ({} if size is None else {"size": size})
        body: dict[str, Any] = self._json("GET", "/v1/log/proof", params=params)
        return body

    def holds(self) -> list[dict[str, Any]]:
        """The holds that stand: what must not be erased, and why."""
        return list(self._object("/v1/holds")["holds"])

    def erasures(self) -> list[dict[str, Any]]:
        """What was decided on requests to erase: erased, restricted, lifted or refused, with commit,
        time, basis and reference."""
        return list(self._object("/v1/erasures")["erasures"])

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

    def import_file(
        self,
        path: str | PathLike[str],
        *,
        name: str | None = None,
        form: str | None = None,
        source: str | None = None,
        observed_at: str | datetime | None = None,
        strict: bool = False,
        dry_run: bool = False,
        progress: Watch | None = None,
        wait: bool = True,
    ) -> Job:
        """Sends a file (logs as they are, gzip or Zstandard, an `mlflow.db`) to be imported, and
        waits for the end; `ImportFailed` says why nothing came of it. `name` is what the file is
        called there. With `wait=False` the job is given as it was taken on."""
        file = Path(path)
        params = _wanted(form, source, observed_at, strict, dry_run)
        params["name"] = name or file.name
        size = file.stat().st_size

        def parts() -> Iterator[bytes]:
            sent = 0
            with file.open("rb") as opened:
                while part := opened.read(PART_BYTES):
                    yield part
                    sent += len(part)
                    if progress is not None:
                        progress(Progress("sending", sent, size, 0))

        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        body = self._json("POST", "/v1/imports", params=params, parts=parts, headers=headers)
        job = Job.read(body)
        return self.wait(job, progress=progress) if wait else job

    def import_there(
        self,
        path: str | PathLike[str],
        *,
        form: str | None = None,
        source: str | None = None,
        observed_at: str | datetime | None = None,
        strict: bool = False,
        dry_run: bool = False,
        progress: Watch | None = None,
        wait: bool = True,
    ) -> Job:
        """The same of a file or folder that lies where the server is, below the folder that its
        configuration names."""
        wanted = {**_wanted(form, source, observed_at, strict, dry_run), "path": fspath(path)}
        job = Job.read(self._json("POST", "/v1/imports", json=wanted))
        return self.wait(job, progress=progress) if wait else job

    def wait(
        self, job: Job | str, *, progress: Watch | None = None, timeout: float | None = None
    ) -> Job:
        """Waits until a job has ended; `ImportFailed` if it failed. After `timeout` seconds it is
        given as it is then."""
        wait, most = POLL_SECONDS
        end = None if timeout is None else time.monotonic() + timeout
        name = job if isinstance(job, str) else job.id
        while True:
            known = self.job(name)
            if progress is not None:
                progress(known.progress)
            if known.state == "failed":
                raise ImportFailed(known)
            if known.is_over or (end is not None and time.monotonic() >= end):
                return known
            time.sleep(wait)
            wait = min(wait * 2, most)

    def job(self, name: str) -> Job:
        """How far an import is."""
        return Job.read(self._object(f"/v1/imports/{quote(name, safe='')}"))

    def jobs(self) -> list[Job]:
        """Imports since the server started, the newest first."""
        return [Job.read(job) for job in self._object("/v1/imports")["imports"]]

    def history(self) -> list[dict[str, Any]]:
        """The imports that the store holds."""
        imports: list[dict[str, Any]] = self._object("/v1/history")["imports"]
        return imports

    def names(self, begins: str) -> list[str]:
        """The first names that begin with a text: `names("model:cre")`."""
        names: list[str] = self._json("GET", "/v1/names", params={"begins": begins})["names"]
        return names

    def _object(self, path: str) -> dict[str, Any]:
        body: dict[str, Any] = self._json("GET", path)
        return body

    def _json(self, method: str, path: str, **asked: Any) -> Any:
        """What the body of an answer says; `asked` is as `_request` takes it."""
        return self._read(self._request(method, path, **asked))

    def _bytes(self, method: str, path: str, **asked: Any) -> bytes:
        """The body of an answer as it came."""
        return self._request(method, path, **asked).content

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        parts: Callable[[], Iterator[bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
        question: str | None = None,
    ) -> httpx.Response:
        for attempt in range(1, ATTEMPTS + 1):
            content = None if parts is None else parts()
            try:
                response = self._http.request(
                    method, path, params=params, json=json, content=content, headers=headers
                )
            except httpx.HTTPError as error:
                raise Unreachable(f"{self._http.base_url}: {error}") from error
            if response.status_code in (200, 202):
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


def _wanted(
    form: str | None,
    source: str | None,
    observed_at: str | datetime | None,
    strict: bool,
    dry_run: bool,
) -> dict[str, Any]:
    if isinstance(observed_at, datetime):
        observed_at = _time("observed_at", observed_at)
    said = {"form": form, "source": source, "observed_at": observed_at}
    wanted: dict[str, Any] = {name: text for name, text in said.items() if text is not None}
    wanted.update({name: True for name, is_so in (("strict", strict), ("dry_run", dry_run)) if is_so})
    return wanted


def _target(target: str, as_of: int | None) -> dict[str, Any]:
    return {"target": target} if as_of is None else {"target": target, "as_of": as_of}


def _question(
    text: str,
    params: Mapping[str, Any] | None,
    limits: Mapping[str, int] | None,
    page: int | None,
) -> dict[str, Any]:
    asked: dict[str, Any] = {"query": text, "params": _params(params)}
    if limits:
        asked["limits"] = dict(limits)
    if page is not None:
        asked["page"] = page
    return asked


def _params(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _param(f"params[{name!r}]", value) for name, value in (params or {}).items()}


def _param(name: str, value: Any) -> Any:
    """A value as a question takes it: a time as text with its zone."""
    if isinstance(value, datetime):
        return _time(name, value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_param(f"{name}[{at}]", item) for at, item in enumerate(value)]
    if isinstance(value, (str, bool, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    raise TypeError(
        f"{name} is a {type(value).__name__}: text, finite numbers, truths, dates, times with a zone,"
        " and lists of these"
    )


def _time(name: str, value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{name} needs a time zone: datetime(..., tzinfo=timezone.utc)")
    return value.isoformat()


def _header(what: str, value: str) -> str:
    """A value that stands in the head of a request."""
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"{what}: it goes into the head of a request, which takes ASCII alone")
    return value


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
