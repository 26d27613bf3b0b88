"""Columns with their types, for pandas and Arrow. Answers travel as JSON, which has fewer: a time is
text there. What does not fit its type, or has none, stays as it came."""

from __future__ import annotations

import calendar
import json
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import pyarrow

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def nanoseconds(text: str) -> int:
    """A time as answers have it, in nanoseconds since 1970 UTC; `ValueError` if it is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no time in UTC")
    seconds = calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S"))
    return seconds * 1_000_000_000 + int((found[2] or "").ljust(9, "0"))


def _times(values: Sequence[Any]) -> list[int | None]:
    return [None if value is None else nanoseconds(value) for value in values]


def series(values: Sequence[Any], kind: str) -> pandas.Series[Any]:
    """As pandas has it: times in UTC, whole numbers and truths that may be absent."""
    import pandas

    try:
        if kind == "timestamp":
            times = pandas.array(_times(values), dtype="Int64")
            return pandas.Series(pandas.to_datetime(times, unit="ns", utc=True))
        # It would read a number out of a text.
        if kind in _PANDAS and all(v is None or type(v) in _PANDAS[kind][1] for v in values):
            return pandas.Series(values, dtype=_PANDAS[kind][0])
    except (TypeError, ValueError, OverflowError):
        pass
    return pandas.Series(values, dtype=object if values else None)


_PANDAS: dict[str, tuple[Any, tuple[type, ...]]] = {
    "int": ("Int64", (int,)),
    "float": ("float64", (int, float)),
    "bool": ("boolean", (bool,)),
}


def array(values: Sequence[Any], kind: str) -> pyarrow.Array:
    """As Arrow has it. Values that it has no common type for are text, as JSON."""
    import pyarrow

    known = {
        "int": pyarrow.int64(),
        "float": pyarrow.float64(),
        "bool": pyarrow.bool_(),
        "string": pyarrow.string(),
        "hash": pyarrow.string(),
        "node": pyarrow.string(),
    }
    try:
        if kind == "timestamp":
            return pyarrow.array(_times(values), pyarrow.timestamp("ns", "UTC"))
        if kind in known:
            return pyarrow.array(values, known[kind])
    except (TypeError, ValueError, OverflowError):
        # Arrow's own errors are kinds of these.
        pass
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        texts = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
        return pyarrow.array(texts, pyarrow.string())
