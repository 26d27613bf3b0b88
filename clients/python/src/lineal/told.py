"""What is told without a question: of a node, of events, of what lies upstream of a thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from .html import cell, table

LINES_SHOWN = 500
"""Lines of a tree that are drawn; `edges` has all."""


@dataclass(frozen=True)
class Node:
    """A node, and everything recorded about it."""

    name: str
    kind: str
    node_id: str
    revision: str | None
    missing: bool
    """Only referred to, never imported."""
    candidates: tuple[str, ...]
    """Of a reference that may mean several: these."""
    fields: dict[str, Any]
    edges: dict[str, list[str]]
    """Neighbours by the word of their relation."""
    more: dict[str, int]
    """How many neighbours of a relation are not listed in `edges`."""
    commit: int

    @staticmethod
    def read(body: dict[str, Any]) -> Node:
        return Node(
            name=body["node"],
            kind=body["kind"],
            node_id=body["node_id"],
            revision=body["revision"],
            missing=body["missing"],
            candidates=tuple(body["candidates"]),
            fields=body["fields"],
            edges=body["edges"],
            more=body.get("more", {}),
            commit=body["commit"],
        )

    def _repr_html_(self) -> str:
        rows = [[name, value] for name, value in self.fields.items()]
        rows += [[word, ", ".join(names)] for word, names in self.edges.items()]
        notes = [f"as of commit {self.commit}"]
        if self.missing:
            notes.insert(0, "missing: only referred to, never imported")
        return table([self.kind, self.name], rows, notes)


@dataclass(frozen=True)
class Events:
    """Events that share a hash or an id."""

    events: list[dict[str, Any]]
    total: int
    found_by: str
    commit: int

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def _repr_html_(self) -> str:
        columns = list(dict.fromkeys(name for event in self.events for name in event))
        rows = [[event.get(name) for name in columns] for event in self.events]
        notes = [f"{self.total} found by {self.found_by}, as of commit {self.commit}"]
        return table(columns, rows, notes)


@dataclass(frozen=True)
class Trace:
    """Where a thing comes from, and what is missing on the way."""

    target: str
    roots: list[str]
    edges: list[dict[str, str]]
    """Each with `from`, `relation` and `to`."""
    training_data: list[str]
    recorded: bool | None
    """Is training data recorded? None where that is no sensible question."""
    completeness: str
    """`complete` or `cannot_tell`."""
    findings: list[str]
    """What is missing or in conflict, what leaves the answer open first."""
    events: list[dict[str, Any]]
    found_by: str | None
    commit: int
    _children: dict[str, list[tuple[str, str]]] = field(repr=False, default_factory=dict)

    @staticmethod
    def read(body: dict[str, Any]) -> Trace:
        children: dict[str, list[tuple[str, str]]] = {}
        # Edges stand in the order of a stack: the last of a node comes first.
        for edge in reversed(body["edges"]):
            children.setdefault(edge["from"], []).append((edge["relation"], edge["to"]))
        names = (
            "target",
            "roots",
            "edges",
            "training_data",
            "recorded",
            "completeness",
            "findings",
            "events",
            "found_by",
            "commit",
        )
        return Trace(**{name: body[name] for name in names}, _children=children)

    def _walk(self) -> Iterator[tuple[int, str, str, bool]]:
        """Depth, relation, name, and whether it stands above already."""
        seen: set[str] = set()
        stack = [(0, "", root) for root in reversed(self.roots)]
        while stack:
            depth, relation, name = stack.pop()
            again = name in seen
            yield depth, relation, name, again
            if not again:
                seen.add(name)
                below = reversed(self._children.get(name, []))
                stack.extend((depth + 1, word, to) for word, to in below)

    def tree(self) -> str:
        """As text: each thing below what was made from it."""
        lines: list[str] = []
        for depth, relation, name, again in self._walk():
            if len(lines) == LINES_SHOWN:
                lines.append("and more; `edges` has all")
                break
            word = f"{relation} " if relation else ""
            lines.append(f"{'   ' * depth}{word}{name}{'  (above)' if again else ''}")
        return "\n".join(lines)

    def _ends(self) -> list[str]:
        if self.training_data:
            ends = [f"training data recorded: {', '.join(self.training_data)}"]
        else:
            ends = [] if self.recorded is None else ["training data recorded: no"]
        ends += self.findings or ["nothing missing on the way"]
        return [*ends, f"as of commit {self.commit}"]

    def __str__(self) -> str:
        return "\n".join([self.tree(), "", *self._ends()])

    def _repr_html_(self) -> str:
        found = "".join(
            f"<div><b>inference:{escape(cell(e.get('input_hash') or e.get('event_id')))}</b> "
            f"{escape(cell(e.get('time')))} {escape(cell(e.get('decision')))}</div>"
            for e in self.events[:3]
        )
        ends = "".join(f"<div><small>{escape(line)}</small></div>" for line in self._ends())
        return f"<div>{found}<pre>{escape(self.tree())}</pre>{ends}</div>"
