"""What a plan changes in policies: who may do what to what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cartlake_cli.deployment.plans import Change

POLICIES: Final = ("policy", "assume_role_policy", "inline_policy")
"""The attributes of resources that hold a policy as JSON."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One action on one resource, as a statement of a policy has it. A condition is its JSON, else empty."""

    effect: str
    principal: str
    action: str
    resource: str
    condition: str = ""

    def __str__(self) -> str:
        parts = [self.effect, self.action, "on", self.resource]
        parts += ["to", self.principal] if self.principal else []
        return " ".join([*parts, *(["if", self.condition] if self.condition else [])])


@dataclass(frozen=True, slots=True)
class RightsChange:
    """How the rights of one resource change. `undecided`: the policy is known only after the apply."""

    address: str
    added: Sequence[Right] = ()
    removed: Sequence[Right] = ()
    undecided: bool = False


def rights_changes(changes: Sequence[Change]) -> list[RightsChange]:
    """Return the changes of a plan that touch a policy."""
    found = []
    for change in changes:
        for name in POLICIES:
            if change.unknown.get(name) is True:
                found.append(RightsChange(change.address, undecided=True))
                continue
            before, after = (set(rights_of(side.get(name))) for side in (change.before, change.after))
            if before != after:
                found.append(RightsChange(change.address, sorted(after - before), sorted(before - after)))
    return found


def rights_of(policy: Any) -> Iterator[Right]:
    """Yield each right of a policy in JSON, or of nothing at all.

    The grammar is that of "Grammar of the IAM JSON policy language" in the IAM user guide.
    """
    if not isinstance(policy, str) or not policy.strip():
        return
    for statement in _listed(json.loads(policy).get("Statement", [])):
        condition = statement.get("Condition")
        for action in _named(statement, "Action"):
            for resource in _named(statement, "Resource") or ["-"]:
                for principal in _principals(statement) or [""]:
                    yield Right(
                        statement["Effect"],
                        principal,
                        action,
                        resource,
                        json.dumps(condition, sort_keys=True) if condition else "",
                    )


def _named(statement: Mapping[str, Any], name: str) -> list[str]:
    return [*_listed(statement.get(name, [])), *(f"all but {one}" for one in _listed(statement.get(f"Not{name}", [])))]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principals = statement.get("Principal", {})
    if isinstance(principals, str):
        return [principals]
    return [f"{kind}:{one}" for kind, named in principals.items() for one in _listed(named)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
