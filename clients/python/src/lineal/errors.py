"""What can go wrong, as exceptions that carry what the server says (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class LinealError(Exception):
    """Anything that went wrong."""


class Unreachable(LinealError):
    """There was no answer: a wrong address, no server, a connection that broke off."""


@dataclass(frozen=True)
class Mistake:
    """A mistake at one place of a question."""

    code: str
    """Which kind of mistake (language reference, "Errors")."""
    at: int
    """The first byte of its place in the text, as UTF-8."""
    end: int
    """The byte after its last."""
    message: str
    hint: str | None
    """What to do, in words."""
    replacement: str | None
    """The text that, put in the place, repairs it."""

    def repaired(self, question: str) -> str | None:
        """The question with the repair in the place of the mistake, where one is known."""
        if self.replacement is None:
            return None
        text = question.encode()
        return (text[: self.at] + self.replacement.encode() + text[self.end :]).decode()


class Problem(LinealError):
    """The server refused."""

    def __init__(self, status: int, body: dict[str, Any], question: str | None = None) -> None:
        self.status = status
        """The HTTP status."""
        self.kind = str(body.get("type", "")).removeprefix("urn:lineal:problem:")
        """A stable name for programs: `question`, `not-found`, ..."""
        self.title = str(body.get("title", ""))
        self.detail = str(body.get("detail", "")) or f"status {status}, and no word of why"
        """What is wrong here, and what to do."""
        self.request_id = str(body.get("request_id", ""))
        """Names this request in the log of the server."""
        self.errors = tuple(_mistake(error) for error in body.get("errors", ()))
        """Of a wrong question: where, and how to repair it."""
        self.question = question
        super().__init__(self._text())

    def _text(self) -> str:
        lines = [self.detail]
        for error in self.errors:
            if self.question is not None:
                lines.extend(_shown(self.question, error))
            if error.hint:
                lines.append(f"{error.code}: {error.hint}")
        if self.status >= 500 and self.request_id:
            lines.append(f"in the server's log: request {self.request_id}")
        return "\n".join(lines)


class QuestionError(Problem):
    """The question is wrong, or does not fit this store or these parameters."""


class Unauthenticated(Problem):
    """No token, or one that is unknown, expired or revoked."""


class Forbidden(Problem):
    """The role of the token may not do this."""


class NotFound(Problem):
    """Nothing of that name, or nothing that this token may see."""


class Ambiguous(Problem):
    """Several things have that name."""


class TooManyRequests(Problem):
    """The token asks more often, or more at once, than it may."""


class ServerError(Problem):
    """The server could not answer."""


_BY_STATUS = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Ambiguous,
    429: TooManyRequests,
}


def problem(status: int, body: Any, question: str | None = None) -> Problem:
    """The exception for a refusal."""
    if not isinstance(body, dict):
        body = {}
    if body.get("errors"):
        return QuestionError(status, body, question)
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else Problem)
    return kind(status, body, question)


def _mistake(error: dict[str, Any]) -> Mistake:
    return Mistake(
        code=str(error.get("code", "")),
        at=int(error.get("at", 0)),
        end=int(error.get("end", 0)),
        message=str(error.get("message", "")),
        hint=error.get("hint"),
        replacement=error.get("replacement"),
    )


def _shown(question: str, error: Mistake) -> list[str]:
    """The line of the mistake with carets below its place."""
    text = question.encode()
    at, end = min(error.at, len(text)), min(error.end, len(text))
    start = text.rfind(b"\n", 0, at) + 1
    stop = text.find(b"\n", at)
    stop = len(text) if stop < 0 else stop

    def length(part: bytes) -> int:
        return len(part.decode(errors="replace"))

    before, width = length(text[start:at]), max(1, length(text[at : min(end, stop)]))
    line = text[start:stop].decode(errors="replace")
    return [f"  {line}", f"  {' ' * before}{'^' * width}"]
