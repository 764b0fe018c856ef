"""Whether the policies of a role, as the server has stored them, allow a call that a service makes for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from localaws.iam_calls.model import Call, Needed
from localaws.iam_calls.rights import needed
from localaws.iam_policies.documents import statements
from localaws.iam_policies.evaluation import Policies, Request, decide
from localaws.iam_policies.principals import session_of
from localaws.iam_state.log import call_log
from localaws.iam_state.lookups import LOOKUPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localaws.iam_policies.documents import Statement


def call_of(service: str, operation: str, members: Mapping[str, Any]) -> Call:
    """Return a call in the account and region of the request that is answered."""
    return Call(service, operation, members, get_region(), get_account_id())


def refusal(role_arn: str, calls: Sequence[Call], by: str) -> str | None:
    """Log calls that a service makes for a role. Return why its policies do not allow them, None when they do.

    Without the setting `auth` they are always allowed.
    """
    role, log = role_arn.rpartition("/")[2], call_log()
    reason = None
    for call in calls:
        rights = needed(call, LOOKUPS)
        refused = _first_refusal(role_arn, rights) if app.AUTH and role_arn else None
        if log is not None:
            log.write(role, f"{call.service}:{call.operation}", by, rights, **({"denied": True} if refused else {}))
        if refused and reason is None:
            reason = f"{role_arn} is not authorized to perform {refused.action} on {refused.resource}"
    return reason


def may(role_arn: str, action: str, resource: str) -> bool:
    """Return whether a role may do something; always without the setting `auth`. It is not logged as a call."""
    return not app.AUTH or _first_refusal(role_arn, [Needed(action, resource)]) is None


def _first_refusal(role_arn: str, rights: Sequence[Needed]) -> Needed | None:
    identity, boundary = _policies(role_arn)
    caller = session_of(role_arn)
    for right in rights:
        policy = _resource_policy(right)
        layers = Policies(identity, boundary, None if policy is None else statements(policy))
        if not decide(Request(caller, right.action, right.resource, right.context), layers).allowed:
            return right
    return None


def _policies(role_arn: str) -> tuple[list[Statement], tuple[Statement, ...] | None]:
    role: dict[str, Any] = iam._roles.get(role_arn.rpartition("/")[2]) or {}
    attached = [_managed(arn) for arn in role.get("AttachedPolicies") or []]
    documents = [*(role.get("InlinePolicies") or {}).values(), *filter(None, attached)]
    boundary = role.get("PermissionsBoundary")
    return (
        [statement for document in documents for statement in statements(document)],
        statements(_managed(boundary) or {"Statement": []}) if boundary else None,
    )


def _managed(arn: str) -> Any:
    return iam_evaluator._resolve_managed_policy_document(arn, get_account_id())


def _resource_policy(right: Needed) -> str | dict[str, Any] | None:
    found = iam_evaluator._resource_policy(right.action.partition(":")[0], right.resource)
    policy = found[0] if found else None
    return json.dumps(policy) if isinstance(policy, dict) else policy or None
