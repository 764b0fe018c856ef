"""Who calls, and whether the element Principal of a policy names the caller."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from localaws.iam_policies.documents import Statement

_SESSION: Final = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")
_ACCOUNT: Final = re.compile(r"\d{12}|arn:[^:]+:iam::(?P<account>\d{12}):root")


class Named(Enum):
    """How a statement names a caller. It decides what else must allow the call."""

    NOT = "not at all"
    ACCOUNT = "by its account: the account's identity policies decide"
    ROLE = "by its role, or as anybody: a permissions boundary must allow the call too"
    ITSELF = "as this user, session or service: nothing else has to allow the call"


@dataclass(frozen=True)
class Caller:
    """A user, a session of a role, the root of an account (by its ARN), or a service of AWS (by its name)."""

    name: str
    account: str = ""
    """Empty for a service."""

    @property
    def is_service(self) -> bool:
        return self.name.endswith(".amazonaws.com")

    @property
    def is_root(self) -> bool:
        return _ACCOUNT.fullmatch(self.name) is not None

    @property
    def role_arn(self) -> str:
        """The ARN of the role of a session (without the role's path), else the name."""
        session = _SESSION.fullmatch(self.name)
        return f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}" if session else self.name


def session_of(role_arn: str, session: str = "session") -> Caller:
    """Return a session of a role as caller."""
    _, partition, _, _, account, name = role_arn.split(":", 5)
    role = name.rpartition("/")[2]
    return Caller(f"arn:{partition}:sts::{account}:assumed-role/{role}/{session}", account)


def named(statement: Statement, caller: Caller) -> Named:
    """Return how a statement of a resource's policy names a caller."""
    if statement.not_principal is not None:
        return Named.NOT if _named(statement.not_principal, caller) is not Named.NOT else Named.ROLE
    return _named(statement.principal, caller)


def _named(principal: Any, caller: Caller) -> Named:
    if principal == "*":
        return Named.ROLE
    if not isinstance(principal, dict):
        return Named.NOT
    if caller.is_service:
        services = _texts(principal.get("Service"))
        return Named.ITSELF if caller.name in services else _anybody(principal)
    ways = {_named_as(text, caller) for text in _texts(principal.get("AWS"))}
    strongest = (Named.ITSELF, Named.ROLE, Named.ACCOUNT)
    return next((way for way in strongest if way in ways), Named.NOT)


def _anybody(principal: dict[str, Any]) -> Named:
    return Named.ROLE if "*" in _texts(principal.get("AWS")) + _texts(principal.get("Service")) else Named.NOT


def _named_as(text: str, caller: Caller) -> Named:
    if text == "*":
        return Named.ROLE
    account = _ACCOUNT.fullmatch(text)
    if account:
        return Named.ACCOUNT if (account["account"] or text) == caller.account else Named.NOT
    if text == caller.name:
        return Named.ITSELF
    # A role's ARN may have a path, the ARN of its sessions has none.
    role, _, name = text.partition(":role/")
    without_path = f"{role}:role/{name.rpartition('/')[2]}" if name else text
    return Named.ROLE if without_path == caller.role_arn else Named.NOT


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
