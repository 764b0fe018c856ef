"""The register of rules, and what a rule may ask of the account."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Members = Mapping[str, Any]
    Rule = Callable[[Members, "Account"], "Refusal | None"]

BAD_REQUEST, CONFLICT = 400, 409


@dataclass(frozen=True)
class Refusal:
    """The error of a service: its code, its message, its HTTP status."""

    code: str
    message: str
    status: int = BAD_REQUEST


class Account(Protocol):
    """What a limit depends on besides the request."""

    def inline_policies(self, role: str, /) -> dict[str, str]:
        """Return the inline policies of a role by name, as JSON; none for a role that does not exist."""

    def function_timeout(self, function: str, /) -> int | None:
        """Return the timeout of a function in seconds, by its name or ARN; None when it does not exist."""

    def visibility_timeout(self, queue_arn: str, /) -> int | None:
        """Return the visibility timeout of a queue in seconds; None when it does not exist."""

    def targets(self, rule: str, bus: str, /) -> list[str]:
        """Return the ids of the targets of a rule."""

    def role_of(self, function: str, /) -> str | None:
        """Return the ARN of a function's role; None when the function does not exist."""

    def role_may(self, role: str, action: str, resource: str, /) -> bool:
        """Return whether a role's policies allow an action; always while IAM is not enforced."""

    def trust_policy(self, role: str, /) -> str | None:
        """Return the trust policy of a role, empty when it does not exist; None while IAM is not enforced."""


class EmptyAccount:
    """An account in which nothing exists."""

    def inline_policies(self, _role: str) -> dict[str, str]:
        """Return no policies."""
        return {}

    def function_timeout(self, _function: str) -> int | None:
        """Return None."""
        return None

    def visibility_timeout(self, _queue_arn: str) -> int | None:
        """Return None."""
        return None

    def targets(self, _rule: str, _bus: str) -> list[str]:
        """Return no targets."""
        return []

    def role_of(self, _function: str) -> str | None:
        """Return None."""
        return None

    def role_may(self, _role: str, _action: str, _resource: str) -> bool:
        """Return True."""
        return True

    def trust_policy(self, _role: str) -> str | None:
        """Return None."""
        return None


RULES: defaultdict[tuple[str, str], list[Rule]] = defaultdict(list)
"""By service (botocore's name) and operation."""


def rule(service: str, *operations: str) -> Callable[[Rule], Rule]:
    """Return a decorator that registers a function as a rule of these operations."""

    def register(function: Rule) -> Rule:
        for operation in operations:
            RULES[service, operation].append(function)
        return function

    return register


def refusal(service: str, operation: str, members: Members, account: Account) -> Refusal | None:
    """Return why AWS refuses a call, by the first rule that it breaks; None for a call that breaks none."""
    found = (check(members, account) for check in RULES.get((service, operation), ()))
    return next((one for one in found if one is not None), None)
