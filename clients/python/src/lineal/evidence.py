"""Evidence: what rules ask for and what is missing, what people state, what is handed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from .calls import Calls
from .html import table
from .job import Job, Watch

Severity = Literal["minor", "major", "blocker"]
"""How much hangs on a rule, in the judgement of its pack."""
Status = Literal["met", "gap", "conflict", "waived", "undeclared", "not_applicable"]
"""What a rule came to (docs/evidence.md, "Check")."""
Form = Literal["prov", "cyclonedx", "cyclonedx-1.6", "spdx", "croissant", "slsa", "openlineage", "car"]
"""Forms that tools of others read."""
Kind = Literal[
    "annex-iv", "oversight", "incident", "change", "data-sheet", "retention", "dpia"
]
"""Reports for people."""
Paper = Literal["md", "html", "json"]
"""Forms of these."""
SEVERITIES: tuple[Severity, ...] = ("minor", "major", "blocker")
"""From the least."""


@dataclass(frozen=True)
class Finding:
    """One thing that is missing, late, or contradicts another."""

    status: Status
    node: str
    """What it is about, as it can be asked for again."""
    missing: str
    """The field or edge."""
    say: str
    """What was found, in words."""
    fix: str
    """The command that would record it."""
    waiver: dict[str, Any] | None
    """Who waived it, until when."""

    @staticmethod
    def read(body: Mapping[str, Any]) -> Finding:
        """The finding of the server's words for it."""
        return Finding(
            status=body["status"],
            node=body["node"],
            missing=body["missing"],
            say=body["say"],
            fix=body["fix"],
            waiver=body.get("waiver"),
        )


@dataclass(frozen=True)
class Rule:
    """What one rule came to."""

    id: str
    article: str
    severity: Severity
    status: Status
    why: str | None
    """Why it does not apply or cannot be said, where so."""
    findings: tuple[Finding, ...]
    """1,000 of them at most."""
    findings_total: int
    cannot_tell: int
    """References that fit nothing or several things, and erased or restricted events that would
    decide: more might be missing."""

    @property
    def is_open(self) -> bool:
        """Is there something to do?"""
        return self.status in ("gap", "conflict")

    @staticmethod
    def read(body: Mapping[str, Any]) -> Rule:
        """The rule of the server's words for it."""
        return Rule(
            id=body["id"],
            article=body["article"],
            severity=body["severity"],
            status=body["status"],
            why=body.get("why"),
            findings=tuple(Finding.read(finding) for finding in body["findings"]),
            findings_total=body["findings_total"],
            cannot_tell=body["cannot_tell"],
        )


@dataclass(frozen=True)
class Report:
    """What a pack of rules came to. Whether a system conforms to a law is not decided."""

    pack: str
    system: str | None
    commit: int
    """The last commit that was seen."""
    today: str
    """What counted as today."""
    rules: tuple[Rule, ...]
    counts: dict[str, int]
    """Rules by status."""
    disclaimer: str
    not_covered: tuple[str, ...]
    told: dict[str, Any]
    """All of it, as the server said it."""

    @staticmethod
    def read(body: dict[str, Any]) -> Report:
        """The report of the server's words for it."""
        return Report(
            pack=body["pack"],
            system=body["system"],
            commit=body["commit"],
            today=body["today"],
            rules=tuple(Rule.read(rule) for rule in body["rules"]),
            counts=body["counts"],
            disclaimer=body["disclaimer"],
            not_covered=tuple(body["not_covered"]),
            told=body,
        )

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def rule(self, name: str) -> Rule:
        """The rule of that id; `KeyError` if the pack has none."""
        for rule in self.rules:
            if rule.id == name:
                return rule
        raise KeyError(name)

    def open(self, least: Severity = "minor") -> list[Rule]:
        """Rules of that severity or above with a gap or a conflict: what a pipeline fails on."""
        from_here = SEVERITIES[SEVERITIES.index(least) :]
        return [rule for rule in self.rules if rule.is_open and rule.severity in from_here]

    def _repr_html_(self) -> str:
        rows = [
            [rule.id, rule.status, rule.severity, rule.findings_total, rule.article]
            for rule in self.rules
        ]
        notes = [f"as of commit {self.commit}; {self.disclaimer}"]
        return table(["rule", "status", "severity", "findings", "article"], rows, notes)


@dataclass(frozen=True)
class Item:
    """One item of a release record."""

    id: str
    title: str
    status: Literal["present", "missing", "cannot_tell"]
    evidence: tuple[str, ...]
    """The nodes that are it, the first of them."""
    why: tuple[str, ...]
    """Why what is there does not count."""
    fix: str | None
    """The command that would record it."""


@dataclass(frozen=True)
class Release:
    """A release record, looked for. That its items are there does not say that they suffice."""

    model: str
    passes: bool
    commit: int
    items: tuple[Item, ...]
    told: dict[str, Any]
    """All of it, as the server said it."""

    @staticmethod
    def read(body: dict[str, Any]) -> Release:
        """The record of the server's words for it."""
        items = (
            Item(
                id=item["id"],
                title=item["title"],
                status=item["status"],
                evidence=tuple(item["evidence"]),
                why=tuple(item["why"]),
                fix=item["fix"],
            )
            for item in body["items"]
        )
        return Release(body["model"], body["passes"], body["commit"], tuple(items), body)

    @property
    def missing(self) -> list[Item]:
        """Items that are not on record."""
        return [item for item in self.items if item.status == "missing"]

    def __bool__(self) -> bool:
        return self.passes

    def _repr_html_(self) -> str:
        rows = [[item.id, item.status, item.title, item.fix] for item in self.items]
        return table(["item", "status", "what", "record it"], rows, [f"commit {self.commit}"])


@dataclass(frozen=True)
class Recorded:
    """What was recorded of a statement."""

    node: str
    """The record, as it can be asked for."""
    kind: str
    commit: int
    number: int
    """Of the import, which `lineal retract` undoes."""
    known: bool
    """Was the same on record already?"""
    standing: dict[str, Any] | None
    """After a decision: how it stands with the approval."""

    @staticmethod
    def read(body: Mapping[str, Any]) -> Recorded:
        """The record of the server's words for it."""
        return Recorded(
            node=body["node"],
            kind=body["kind"],
            commit=body["commit"],
            number=body["import"],
            known=body["known"],
            standing=body.get("standing"),
        )


class EvidenceCalls(Calls):
    """What a client asks and states about evidence."""

    def check(
        self,
        system: str | None = None,
        *,
        model: str | None = None,
        deployment: str | None = None,
        as_of: int | str | datetime | None = None,
        reconcile: bool = False,
    ) -> list[Report]:
        """Which evidence is recorded and which is missing: of a system by the rules over the AI
        Act, else (or with `reconcile` beside that) what is recorded held against itself. `as_of` is
        a commit, or a time, which then counts as today. `report.open("blocker")` is what a
        pipeline fails on."""
        wanted = _about(system, model, deployment, reconcile)
        if as_of is not None:
            wanted["as_of"] = _when(as_of)
        told = self._json("GET", "/v1/check", params=wanted)
        return [Report.read(report) for report in told["reports"]]

    def check_in(
        self,
        form: Literal["sarif", "junit"],
        system: str | None = None,
        *,
        model: str | None = None,
        deployment: str | None = None,
        reconcile: bool = False,
    ) -> bytes:
        """The same as a file for other programs: SARIF 2.1.0, or JUnit's XML."""
        accept = {"sarif": "application/sarif+json", "junit": "application/xml"}[form]
        wanted = _about(system, model, deployment, reconcile)
        return self._bytes("GET", "/v1/check", params=wanted, headers={"Accept": accept})

    def record_check(
        self,
        system: str | None = None,
        *,
        model: str | None = None,
        deployment: str | None = None,
        reconcile: bool = False,
    ) -> list[Report]:
        """Makes these reports of the store as it is and records them, in the name of the token. They
        are given as they are recorded: persons stand there by their keys."""
        asked = _about(system, model, deployment, reconcile)
        self.wait(Job.read(self._json("POST", "/v1/check", json=asked)))
        told = self._json("GET", "/v1/check", params=asked | {"as_of": "recorded"})
        return [Report.read(report) for report in told["reports"]]

    def export(self, form: Form, target: str, *, as_of: int | None = None) -> bytes:
        """What a thing rests on, in a form that tools of others read: write these bytes to a file
        as they are. Sealed fields stay out; what nobody recorded is absent."""
        params: dict[str, Any] = {"target": target}
        if as_of is not None:
            params["as_of"] = as_of
        return self._bytes("GET", f"/v1/export/{quote(form, safe='')}", params=params)

    def report(
        self,
        kind: Kind,
        target: str | None = None,
        *,
        old: str | None = None,
        new: str | None = None,
        form: Paper = "md",
        as_of: int | str | datetime | None = None,
        start: str | datetime | None = None,
        until: str | datetime | None = None,
        sample: int | None = None,
        names: bool = False,
        policy: str | None = None,
    ) -> bytes:
        """A report for people, the bytes of `lineal report`: Markdown, one HTML file, or JSON.
        `change` is of `old` and `new`, all others of `target` (`retention` of the whole store without
        one). `start` and `until` bound the events of `oversight` and `incident`, `sample` counts the
        drawn ones of `oversight`, `names` puts the names of persons beside their keys, `policy` is
        TOML in place of the retention policy of the server's program."""
        given: dict[str, Any] = {
            "target": target,
            "old": old,
            "new": new,
            "as_of": None if as_of is None else _when(as_of),
            "from": None if start is None else _when(start),
            "until": None if until is None else _when(until),
            "sample": sample,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        if names:
            asked["names"] = True
        path = f"/v1/report/{quote(kind, safe='')}"
        if policy is None:
            return self._bytes("GET", path, params={**asked, "format": form})
        return self._bytes(
            "POST", path, params={"format": form}, json={**asked, "policy": policy}
        )

    def export_logs(
        self,
        target: str,
        *,
        form: Literal["csv", "parquet"] = "csv",
        start: str | datetime | None = None,
        until: str | datetime | None = None,
        disclose: Literal["subject"] | None = None,
        proof: Literal["sample", "all"] | None = None,
        as_of: int | None = None,
    ) -> bytes:
        """The events of a system or a deployment as files with counts and a signed statement, in one
        zip: `zipfile` unpacks it, and docs/evidence.md says how it is checked. `disclose` is for
        roles that see what points at persons. They are held in memory: ask for a shorter time where
        a log is large."""
        given: dict[str, Any] = {
            "target": target,
            "format": form,
            "from": None if start is None else _when(start),
            "until": None if until is None else _when(until),
            "disclose": disclose,
            "proof": proof,
            "as_of": as_of,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        return self._bytes("GET", "/v1/export/logs", params=asked)

    def pack(
        self,
        subject: str,
        *,
        disclosure: Literal["third-party", "authority"] = "third-party",
        as_of: int | str | datetime | None = None,
        samples: int | None = None,
    ) -> bytes:
        """What is handed to people who check it without us, as of the newest signed checkpoint (that
        is not behind `as_of`), in one zip: the bytes of `lineal pack --zip`."""
        given: dict[str, Any] = {
            "subject": subject,
            "disclosure": disclosure,
            "as_of": None if as_of is None else _when(as_of),
            "samples": samples,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        return self._bytes("GET", "/v1/pack", params=asked)

    def record(
        self,
        record: Mapping[str, Any],
        *,
        reason: str | None = None,
        at: str | datetime | None = None,
    ) -> Recorded:
        """Records what the person of the token states. `record` has one member, such as
        `{"declare_system": {"node": "credit-score", "fields": ["provider=Bank"]}}`
        (docs/evidence.md, "Record"). `ImportFailed` says why nothing was."""
        return Recorded.read(self._stated("/v1/records", record, reason, at))

    def statement(
        self,
        record: Mapping[str, Any],
        *,
        reason: str | None = None,
        at: str | datetime | None = None,
    ) -> dict[str, Any]:
        """The statement of an approval or a rejection that is to be signed where the key is:
        `payload`, the text, and `at`, the time to record it with."""
        return self._stated("/v1/records/statement", record, reason, at)

    def hold(self, name: str, scope: str, *, reason: str) -> None:
        """Lets nothing of a scope be erased until the hold is released: `store`, or a node's name. For
        privacy officers."""
        self._held({"name": name, "scope": scope, "reason": reason})

    def release_hold(self, name: str, *, reason: str) -> None:
        """Ends a hold."""
        self._held({"name": name, "reason": reason, "release": True})

    def _held(self, body: dict[str, Any]) -> None:
        self.wait(Job.read(self._json("POST", "/v1/holds", json=body)))

    def keys(self) -> list[dict[str, Any]]:
        """The keys that approvals are signed with: `key` (`SHA256:...`), `public_key`, `owners` by
        their keys, and `revoked`, since when it counts no more."""
        return list(self._json("GET", "/v1/keys")["keys"])

    def gate(self, model: str) -> Release:
        """Whether the release record of a model version is there: true if all of it is."""
        return Release.read(self._json("GET", "/v1/gate", params={"model": model}))

    def _stated(
        self,
        path: str,
        record: Mapping[str, Any],
        reason: str | None,
        at: str | datetime | None,
    ) -> dict[str, Any]:
        when = None if at is None else _when(at)
        body = {"record": dict(record), "reason": reason, "at": when}
        job = self.wait(Job.read(self._json("POST", path, json=body)))
        return job.report or {}


def _about(
    system: str | None, model: str | None, deployment: str | None, reconcile: bool
) -> dict[str, Any]:
    named = {"system": system, "model": model, "deployment": deployment}
    wanted: dict[str, Any] = {name: text for name, text in named.items() if text is not None}
    if reconcile:
        wanted["reconcile"] = True
    return wanted


def _when(at: int | str | datetime) -> str:
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise ValueError("a time needs a time zone: datetime(..., tzinfo=timezone.utc)")
        return at.isoformat()
    return str(at)
