"""Calls, and what they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """A call of an API: botocore's name of the service, the operation, the members by their names in the request."""

    service: str
    operation: str
    members: Mapping[str, Any]
    region: str
    account: str
    partition: str = "aws"

    def text(self, *names: str) -> str:
        """Return the first of these members that is not empty, as text, else the empty text."""
        return next((str(self.members[name]) for name in names if self.members.get(name)), "")

    def arn(self, resource: str, service: str = "") -> str:
        """Return the ARN of a resource of this account and region; one that is an ARN already stays."""
        if resource.startswith("arn:"):
            return resource
        return f"arn:{self.partition}:{service or self.service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Needed:
    """One right that a call needs: an action on a resource, with the condition keys that AWS sends."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Lookups:
    """What a call does not say itself, from the state of the services. Each returns the empty text when unknown."""

    machine_of_token: Callable[[str], str] = lambda _token: ""
    """The ARN of the state machine that waits for a task token."""
    workgroup_of_query: Callable[[str], str] = lambda _execution_id: ""
    """The name of the workgroup of a query."""
    arn_of_secret: Callable[[str], str] = lambda _name: ""
    """The ARN of the secret of a name."""
    key_of_resource: Callable[[str], str] = lambda _arn: ""
    """The ARN of the KMS key of the account that encrypts a bucket, queue, topic, table, state machine or secret."""
    has_tags: Callable[[str, str], bool] = lambda _bucket, _key: False
    """Whether an object has tags."""


Rule = Callable[[Call, Lookups], list[Needed]]
