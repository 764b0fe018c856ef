"""Compares the calls that roles made with what Terraform lets them do: each call allowed, each allowed action used."""

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from localaws.iam_policies.documents import Statement, statements
from localaws.iam_policies.evaluation import Policies, Request, decide
from localaws.iam_policies.principals import Caller, session_of

OVER_TLS = {"aws:securetransport": "true"}


class Right(NamedTuple):
    """What a call of a role needs; `context` is JSON, so that rights can be compared."""

    role: str
    action: str
    resource: str
    context: str = "{}"


class Allowed(NamedTuple):
    """An action that a statement of a role allows."""

    role: str
    sid: str
    action: str


@dataclass
class Calls:
    """The log of the embedded AWS: how many calls were made, the rights they need, and what was refused."""

    count: int = 0
    rights: set[Right] = field(default_factory=set)
    refused: set[Right] = field(default_factory=set)


def read_calls(lines: Iterable[str]) -> Calls:
    """Read `iam_calls.jsonl`."""
    calls = Calls()
    for line in map(json.loads, lines):
        calls.count += 1
        rights = {
            Right(line["role"], action, resource, json.dumps(context)) for action, resource, context in line["rights"]
        }
        calls.rights |= rights
        if line.get("denied"):
            calls.refused |= rights
    return calls


class Deployed:
    """The roles and the resources' policies of a Terraform state, from `terraform show -json`."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._resources = list(_resources(state["values"]["root_module"]))

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the attributes of all resources of a type."""
        return [one["values"] for one in self._resources if one["type"] == kind and one["mode"] == "managed"]

    @cached_property
    def roles(self) -> dict[str, tuple[Statement, ...]]:
        """The statements of each role, by its name; a role without a policy has none."""
        found: dict[str, tuple[Statement, ...]] = {role["name"]: () for role in self.of_type("aws_iam_role")}
        for policy in self.of_type("aws_iam_role_policy"):
            found[policy["role"]] += statements(policy["policy"])
        managed = {policy["arn"]: policy["policy"] for policy in self.of_type("aws_iam_policy")}
        for attached in self.of_type("aws_iam_role_policy_attachment"):
            found[attached["role"]] += statements(managed[attached["policy_arn"]])
        return found

    @cached_property
    def roles_of_people(self) -> set[str]:
        """The roles that principals of IAM may assume, and no service of AWS."""
        return {
            role["name"]
            for role in self.of_type("aws_iam_role")
            if all("Service" not in one["Principal"] for one in json.loads(role["assume_role_policy"])["Statement"])
        }

    @cached_property
    def _policies(self) -> dict[str, tuple[Statement, ...]]:
        listed = [(one["arn"], one["policy"]) for one in self.of_type("aws_sqs_queue") if one["policy"]]
        listed += [(one["arn"], one["policy"]) for one in self.of_type("aws_kms_key")]
        listed += [(one["arn"], one["policy"]) for one in self.of_type("aws_sns_topic_policy")]
        listed += [(one["arn"], one["assume_role_policy"]) for one in self.of_type("aws_iam_role")]
        listed += [(f"arn:aws:s3:::{one['bucket']}", one["policy"]) for one in self.of_type("aws_s3_bucket_policy")]
        return {arn: statements(policy) for arn, policy in listed}

    def resource_policy(self, resource: str) -> tuple[Statement, ...] | None:
        """Return the statements of a resource's own policy, None when it has none."""
        is_object = resource.startswith("arn:aws:s3:::")
        return self._policies.get(resource.partition("/")[0] if is_object else resource)

    def refused(self, right: Right) -> str | None:
        """Return why a call of a role would be refused on AWS, None when it would be allowed."""
        if right.role not in self.roles:
            return "Terraform has no such role"
        role = f"arn:aws:iam::000000000000:role/{right.role}"
        context = {**OVER_TLS, "aws:principalarn": role, **json.loads(right.context)}
        asked = Request(session_of(role), right.action, right.resource, context)
        found = decide(asked, Policies(self.roles[right.role], resource=self.resource_policy(right.resource)))
        return None if found.allowed else found.reason

    def unused(self, rights: Iterable[Right]) -> set[Allowed]:
        """Return the allowed actions that no call needed."""
        by_role: dict[str, set[Right]] = {}
        for right in rights:
            by_role.setdefault(right.role, set()).add(right)
        return {
            Allowed(role, statement.sid, action)
            for role, listed in self.roles.items()
            for statement in listed
            if statement.effect == "Allow"
            for action in statement.actions or ()
            if not any(_uses(right, statement, action) for right in by_role.get(role, ()))
        }

    def may_take(self, service: str, role: str, **context: str) -> bool:
        """Return whether the trust policy of a role lets a service of AWS take the role."""
        [found] = [one for one in self.of_type("aws_iam_role") if one["name"] == role]
        asked = Request(Caller(service), "sts:AssumeRole", found["arn"], _keys(context))
        return decide(asked, Policies(resource=statements(found["assume_role_policy"]))).allowed

    def receives(self, service: str, action: str, resource: str, **context: str) -> bool:
        """Return whether the policy of a resource lets a service of AWS call it."""
        asked = Request(Caller(service), action, resource, {**OVER_TLS, **_keys(context)})
        return decide(asked, Policies(resource=self.resource_policy(resource))).allowed


def _keys(context: dict[str, str]) -> dict[str, str]:
    return {key.replace("_", ":").lower(): value for key, value in context.items()}


def _uses(right: Right, statement: Statement, action: str) -> bool:
    context = {**OVER_TLS, **json.loads(right.context)}
    one = Statement("Allow", actions=(action,), resources=statement.resources, conditions=statement.conditions)
    return one.applies(right.action, right.resource, context)


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


@dataclass(frozen=True)
class Reason:
    """Why actions that no test uses are allowed: patterns of roles, statements and actions.

    `sometimes` says that it depends on when a run is killed whether the tests use them.
    """

    roles: str
    sid: str
    actions: tuple[str, ...]
    reason: str
    sometimes: bool = False

    def covers(self, allowed: Allowed) -> bool:
        """Return whether it is the reason of an allowed action."""
        return (
            fnmatchcase(allowed.role, self.roles)
            and fnmatchcase(allowed.sid, self.sid)
            and any(fnmatchcase(allowed.action, pattern) for pattern in self.actions)
        )


def read_reasons(file: Path) -> list[Reason]:
    """Read the reasons of a TOML file."""
    listed = tomllib.loads(file.read_text())["allowed"]
    return [Reason(**one | {"actions": tuple(one["actions"])}) for one in listed]
