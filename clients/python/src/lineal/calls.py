"""What the parts of a client call: the client itself has it."""

from __future__ import annotations

from typing import Any

from .job import Job, Watch


class Calls:
    """Requests to a server, and waiting for what it does behind them."""

    def _json(self, method: str, path: str, **asked: Any) -> Any:
        raise NotImplementedError

    def _bytes(self, method: str, path: str, **asked: Any) -> bytes:
        raise NotImplementedError

    def wait(
        self, job: Job | str, *, progress: Watch | None = None, timeout: float | None = None
    ) -> Job:
        """Waits until a job has ended."""
        raise NotImplementedError
