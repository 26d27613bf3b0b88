"""Answers as Arrow: the stream of record batches that a server gives."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .errors import Unreachable

if TYPE_CHECKING:
    import pyarrow

ARROW_STREAM = "application/vnd.apache.arrow.stream"
"""What is asked for."""

ABOUT = b"lineal.answer"
"""In the schema's metadata: what is said of the answer."""


class _Parts(io.RawIOBase):
    """Bytes as they come, to be read like a file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._left = memoryview(part)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def open_stream(parts: Iterator[bytes]) -> pyarrow.RecordBatchReader:
    """The batches of a stream, as it comes."""
    import pyarrow

    return pyarrow.ipc.open_stream(io.BufferedReader(_Parts(parts)))


def read_table(stream: bytes) -> pyarrow.Table:
    """A whole stream, which must hold the rows that its head names."""
    import pyarrow

    table = pyarrow.ipc.open_stream(stream).read_all()
    said = json.loads((table.schema.metadata or {})[ABOUT])["rows"]
    if table.num_rows != said:
        raise Unreachable(f"the answer broke off: {table.num_rows} of {said} rows came")
    return table


def joined(tables: Sequence[pyarrow.Table]) -> pyarrow.Table:
    """The pages of an answer as one table; what is said of it is then of all its rows."""
    import pyarrow

    table = pyarrow.concat_tables(tables, promote_options="permissive")
    metadata = dict(table.schema.metadata or {})
    about = json.loads(metadata[ABOUT])
    about["rows"], about["next"] = table.num_rows, None
    metadata[ABOUT] = json.dumps(about, ensure_ascii=False).encode()
    return table.replace_schema_metadata(metadata)
