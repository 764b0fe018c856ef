"""IAM's limits of policies. White space does not count."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from localaws.strict.rules.documents import statements, strings
from localaws.strict.rules.rule import CONFLICT, Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

INLINE_OF_ROLE, MANAGED, TRUST = 10_240, 6_144, 2_048
_SPACE = re.compile(r"\s")
_SID = re.compile(r"[0-9A-Za-z]*")
_ACTION = re.compile(r"\*|[\w-]+:[\w*?-]+")


def characters(document: str) -> int:
    """Return how many characters of a policy IAM counts."""
    return len(_SPACE.sub("", document))


@rule("iam", "PutRolePolicy")
def inline_policies(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse inline policies that are too large together; one of the same name is replaced."""
    role = members.get("RoleName", "")
    policies = account.inline_policies(role) | {members.get("PolicyName", ""): members.get("PolicyDocument", "")}
    if sum(map(characters, policies.values())) <= INLINE_OF_ROLE:
        return None
    return Refusal("LimitExceeded", f"Maximum policy size of {INLINE_OF_ROLE} bytes exceeded for role {role}", CONFLICT)


@rule("iam", "CreatePolicy", "CreatePolicyVersion")
def managed_policy(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a managed policy that is too large."""
    if characters(members.get("PolicyDocument", "")) <= MANAGED:
        return None
    return Refusal("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED}", CONFLICT)


@rule("iam", "CreateRole", "UpdateAssumeRolePolicy")
def trust_policy(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a trust policy that is too large, or that has a resource."""
    document = members.get("AssumeRolePolicyDocument") or members.get("PolicyDocument") or ""
    if characters(document) > TRUST:
        return Refusal("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST}", CONFLICT)
    for statement in statements(document):
        for name in ("Resource", "NotResource"):
            if name in statement:
                return _malformed(f"Has prohibited field {name}")
    return None


@rule("iam", "PutRolePolicy", "PutUserPolicy", "PutGroupPolicy", "CreatePolicy", "CreatePolicyVersion")
def permissions(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a policy with ids, actions or resources in a form that IAM does not know."""
    document = members.get("PolicyDocument", "")
    try:
        json.loads(document)
    except ValueError:
        return _malformed("Syntax errors in policy.")
    found = statements(document)
    for fault in (ids_fault(found), *map(_actions_fault, found), *map(_resources_fault, found)):
        if fault:
            return _malformed(fault)
    return None


def ids_fault(found: list[dict[str, Any]]) -> str | None:
    """Return what is wrong with the ids of statements."""
    ids = [str(statement["Sid"]) for statement in found if statement.get("Sid")]
    if not all(map(_SID.fullmatch, ids)):
        check = "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        return f"Statement IDs (SID) must be alpha-numeric. {check}"
    if len(set(ids)) < len(ids):
        return "Statement IDs (SID) in a single policy must be unique."
    return None


def _actions_fault(statement: dict[str, Any]) -> str | None:
    for action in strings(statement, "Action", "NotAction"):
        if not _ACTION.fullmatch(action):
            problem = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            return problem if ":" not in action else f"Action {action} is not valid."
    return None


def _resources_fault(statement: dict[str, Any]) -> str | None:
    for resource in strings(statement, "Resource", "NotResource"):
        if resource != "*" and not resource.startswith(("arn:", "arn*", "*")):
            return f'Resource {resource} must be in ARN format or "*".'
    return None


def _malformed(message: str) -> Refusal:
    return Refusal("MalformedPolicyDocument", message)
