"""What keeps a server and its store: tokens, what is due, what is derived, and jobs that are not wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .calls import Calls
from .evidence import _when
from .job import Job, Watch


@dataclass(frozen=True)
class Token:
    """What a server keeps of a token. Only one that was just made has its text."""

    id: str
    name: str
    role: str
    stores: list[str]
    systems: list[str]
    created: str
    expires: str | None
    revoked: str | None
    state: str
    """`good`, `expired` or `revoked`."""
    text: str | None = field(default=None, repr=False)
    """The token itself: given once, and kept nowhere. No part of what is printed."""

    @staticmethod
    def read(body: Mapping[str, Any]) -> Token:
        """The token of the server's words for it."""
        return Token(
            id=body["id"],
            name=body["name"],
            role=body["role"],
            stores=list(body["stores"]),
            systems=list(body["systems"]),
            created=body["created"],
            expires=body["expires"],
            revoked=body["revoked"],
            state=body["state"],
            text=body.get("token"),
        )


class UpkeepCalls(Calls):
    """What a client has a server do for whoever keeps it."""

    def make_token(
        self,
        name: str,
        role: str,
        *,
        stores: Sequence[str] = (),
        systems: Sequence[str] = (),
        expires: str | datetime | None = None,
    ) -> Token:
        """A new token, with its `text`, which is given this once. It is good for no more, and for no
        longer, than the one of this client; where nothing is said, for as much. For administrators."""
        body = {
            "name": name,
            "role": role,
            "stores": list(stores),
            "systems": list(systems),
            "expires": None if expires is None else _when(expires),
        }
        return Token.read(self._json("POST", "/v1/tokens", json=body))

    def tokens(self) -> list[Token]:
        """The tokens that this one could have made, the revoked and expired ones too."""
        return [Token.read(token) for token in self._json("GET", "/v1/tokens")["tokens"]]

    def revoke_token(self, name: str) -> Token:
        """Revokes the token of an id; revoked twice it is the same."""
        return Token.read(self._json("DELETE", f"/v1/tokens/{quote(name, safe='')}"))

    def propose_retention(
        self,
        *,
        policy: str | None = None,
        kept: str | None = None,
        at: str | datetime | None = None,
    ) -> tuple[bytes, str]:
        """What is due of a class (`kept`: `inference-log` or `access-trail`) under a policy as TOML, and
        its SHA-256, for a second person to read and execute. For privacy officers; nothing is erased."""
        body = {"policy": policy, "class": kept, "at": None if at is None else _when(at)}
        proposal = self._bytes("POST", "/v1/retention/proposals", json=body)
        return proposal, hashlib.sha256(proposal).hexdigest()

    def execute_retention(
        self, proposal: bytes, sha256: str, *, decided_by: str, policy: str | None = None
    ) -> dict[str, Any]:
        """Erases what a proposal lists, if it has the digest that was read and all of it is due under the
        policy that it was made under. The person of the token executes what another, `decided_by`,
        decided. `ImportFailed` says why nothing was erased."""
        body = {
            "proposal": proposal.decode(),
            "sha256": sha256,
            "policy": policy,
            "decided_by": decided_by,
        }
        job = self.wait(Job.read(self._json("POST", "/v1/retention/executions", json=body)))
        return job.report or {}

    def rebuild(self) -> dict[str, Any]:
        """Makes everything anew that is derived, while questions go on. For administrators."""
        job = self.wait(Job.read(self._json("POST", "/v1/rebuild", json={})))
        return job.report or {}

    def cancel(self, job: Job | str) -> Job:
        """Has a job not be done that waits, or an import that has made no commit yet; gives it as it
        stands then. One that is over stays as it is."""
        name = job if isinstance(job, str) else job.id
        return Job.read(self._json("DELETE", f"/v1/imports/{quote(name, safe='')}"))
