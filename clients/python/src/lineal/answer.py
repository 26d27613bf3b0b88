"""Answers to questions: rows, and how complete they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import LinealError, Unreachable
from .html import table
from .types import array, series

if TYPE_CHECKING:
    import pandas
    import pyarrow

Row = dict[str, Any]

ROWS_SHOWN = 100
"""Rows that a notebook shows: more is read by nobody."""


class Incomplete(LinealError):
    """An answer that was to be complete is not."""


@dataclass(frozen=True)
class Completeness:
    """How complete an answer is, and why."""

    state: str
    """`complete`, `truncated` or `cannot_tell`."""
    truncated_by: str | None
    """The limit that ended it."""
    reasons: tuple[str, ...]
    """Why it cannot be told, the first of them."""
    reason_count: int
    """How many reasons there are."""

    @property
    def is_complete(self) -> bool:
        """Is everything recorded that belongs to the answer in it?"""
        return self.state == "complete"

    def __str__(self) -> str:
        words = [self.state.replace("_", " ")]
        if self.truncated_by:
            words.append(f"ended by {self.truncated_by}")
        words.extend(self.reasons)
        more = self.reason_count - len(self.reasons)
        if more > 0:
            words.append(f"and {more} more")
        return "; ".join(words)


class About:
    """What is said of an answer beside its rows."""

    def __init__(self, body: dict[str, Any]) -> None:
        known = body["completeness"]
        self.total: int = body["total"]
        """Rows of the whole answer, before `skip` and `limit`."""
        self.completeness = Completeness(
            state=known["state"],
            truncated_by=known["truncated_by"],
            reasons=tuple(known["reasons"]),
            reason_count=known["reason_count"],
        )
        self.commit: int | None = body["commit"]
        """The last commit that was seen; none where the question was about the language alone."""
        self.recorded: str | None = body["recorded"]
        """When that commit was recorded."""
        self.now: str = body["now"]
        """What `now()` was."""
        self.warnings: tuple[str, ...] = tuple(body["warnings"])
        """What a reader should know."""
        self.withheld: tuple[str, ...] = tuple(body.get("withheld", ()))
        """What is kept back from the role of the token."""


class Answer(About):
    """An answer: a sequence of rows, each a dict by column."""

    def __init__(
        self,
        columns: list[str],
        rows: list[list[Any]],
        body: dict[str, Any],
        arrow: Callable[[], pyarrow.Table] | None = None,
    ) -> None:
        """`arrow` asks for the same rows once more, as a table of Arrow."""
        super().__init__(body)
        self.columns = columns
        self.types: list[str] = list(body.get("types") or ["any"] * len(columns))
        """The type of each column: `int`, `string`, `timestamp`, `node`, ...; `any` where it may vary."""
        self._rows = rows
        self._arrow = arrow

    @property
    def rows(self) -> list[Row]:
        """The rows, in their total order."""
        return [dict(zip(self.columns, row, strict=True)) for row in self._rows]

    def __iter__(self) -> Iterator[Row]:
        return (dict(zip(self.columns, row, strict=True)) for row in self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: int) -> Row:
        return dict(zip(self.columns, self._rows[at], strict=True))

    def column(self, name: str) -> list[Any]:
        """The values of a column."""
        at = self.columns.index(name)
        return [row[at] for row in self._rows]

    def require_complete(self) -> Answer:
        """This answer, if it is complete; else `Incomplete` says why not."""
        if not self.completeness.is_complete:
            raise Incomplete(str(self.completeness))
        return self

    def to_pandas(self) -> pandas.DataFrame:
        """As a data frame whose columns have their types (times are in UTC); how complete it is
        stands in its `attrs`."""
        import pandas

        typed = zip(self.columns, self.types, strict=True)
        columns = {name: series(self.column(name), kind) for name, kind in typed}
        frame = pandas.DataFrame(columns, columns=pandas.Index(self.columns))
        frame.attrs["completeness"] = str(self.completeness)
        frame.attrs["commit"] = self.commit
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """As an Arrow table, with the types that the question gives its columns: times are times,
        and what Arrow has no type for is text (docs/operating.md, "Asking"). How complete it is
        stands in the metadata of its schema. An answer that came from a server is asked for once
        more, as of the same commit; a server that was started anew since refuses."""
        if self._arrow is None:
            table = self._typed_table()
        else:
            table = self._arrow()
        about = dict(table.schema.metadata or {})
        about["lineal.completeness"] = str(self.completeness)
        about["lineal.commit"] = str(self.commit)
        return table.replace_schema_metadata(about)

    def _typed_table(self) -> pyarrow.Table:
        import pyarrow

        typed = zip(self.columns, self.types, strict=True)
        arrays = [array(self.column(name), kind) for name, kind in typed]
        return pyarrow.Table.from_arrays(arrays, names=self.columns)

    def _notes(self) -> list[str]:
        rows = "1 row" if len(self) == 1 else f"{len(self)} rows"
        count = rows if self.total == len(self) else f"{len(self)} of {self.total} rows"
        notes = [f"{count}, {self.completeness}"]
        if self.commit is not None:
            notes[0] += f", as of commit {self.commit}"
        notes.extend(self.warnings)
        notes.extend(f"kept back from this role: {what}" for what in self.withheld)
        return notes

    def __repr__(self) -> str:
        return f"<Answer: {'; '.join(self._notes())}>"

    def _repr_html_(self) -> str:
        notes = self._notes()
        if len(self) > ROWS_SHOWN:
            notes.append(f"the first {ROWS_SHOWN} rows are shown; to_pandas() has all")
        return table(self.columns, self._rows[:ROWS_SHOWN], notes)


class Stream:
    """Rows as they come. `about` is there when the last one has come."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.about: About | None = None
        """What is said of the answer, after its last row."""

    def __iter__(self) -> Iterator[Row]:
        for line in self._lines:
            if not line.strip():
                continue
            row = json.loads(line)
            # No column can have this name.
            if "$answer" in row:
                self.about = About(row["$answer"])
                return
            yield row
        raise Unreachable("the answer broke off before its end; the rows so far are not all")
