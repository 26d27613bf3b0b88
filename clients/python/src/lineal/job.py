"""Imports over the network: how far one is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import LinealError
from .html import table


class ImportFailed(LinealError):
    """An import came to nothing; `job` has what is known of it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        """The job, as it ended."""
        problem = job.problem or {}
        self.kind = str(problem.get("type", "")).removeprefix("urn:lineal:problem:")
        """A stable name for programs: `import`, `rejected`, ..."""
        detail = problem.get("detail") or "the server does not say why"
        super().__init__(f"{job.label}: {detail}")


@dataclass(frozen=True)
class Progress:
    """How far an import is."""

    phase: str
    """What is being done: `sending`, then what the server says."""
    bytes: int
    """Bytes sent, or read by the server."""
    bytes_total: int
    items: int
    """Items read."""


Watch = Callable[[Progress], None]
"""Told how far a job is."""


@dataclass(frozen=True)
class Job:
    """An import that a server has taken on."""

    id: str
    state: str
    """`waiting`, `running`, `done` or `failed`."""
    label: str
    """What was given."""
    created: str
    progress: Progress
    report: dict[str, Any] | None
    """What was done, as `lineal import --json` says it; none before the end."""
    problem: dict[str, Any] | None
    """Why it failed; none otherwise."""

    @staticmethod
    def read(body: dict[str, Any]) -> Job:
        """The job of the server's words for it."""
        known = body["progress"]
        progress = Progress(known["phase"], known["bytes"], known["bytes_total"], known["items"])
        return Job(
            id=body["id"],
            state=body["state"],
            label=body["label"],
            created=body["created"],
            progress=progress,
            report=body["report"],
            problem=body["problem"],
        )

    @property
    def is_over(self) -> bool:
        """Has it ended, well or not?"""
        return self.state not in ("waiting", "running")

    @property
    def number(self) -> int | None:
        """The number of the import; none where nothing was written."""
        return None if self.report is None else self.report.get("import")

    def _repr_html_(self) -> str:
        rows: list[list[Any]] = [["state", self.state]]
        counts = (self.report or {}).get("counts", {})
        rows += [[name, count] for name, count in counts.items()]
        notes = [] if self.problem is None else [str(self.problem.get("detail", ""))]
        return table(["import", self.label], rows, notes)
