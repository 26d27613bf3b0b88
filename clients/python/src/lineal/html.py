"""Tables and trees for notebooks. Every text is escaped: whoever wrote a log line must not act in
the notebook of the one who reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def cell(value: Any) -> str:
    """A value of an answer as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict) and value.keys() == {"nodes", "edges"}:
        words = [value["nodes"][0]]
        for edge, node in zip(value["edges"], value["nodes"][1:], strict=True):
            words += [edge, node]
        return " ".join(words)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], notes: Iterable[str]) -> str:
    """A table with what is to be said below it."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell(value))}</td>" for value in row) + "</tr>"
        for row in rows
    )
    below = "".join(f"<div><small>{escape(note)}</small></div>" for note in notes)
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
