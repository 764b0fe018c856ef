"""What the policies of queues, topics, functions and keys let a service of AWS deliver."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import kms, lambda_svc, sns, sqs

from localaws.iam_policies.documents import statements
from localaws.iam_policies.evaluation import Policies, Request, decide
from localaws.iam_policies.principals import Caller

EMPTY: dict[str, Any] = {"Statement": []}
DELIVERIES = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
OWN_KEYS = ("alias/aws/", "aws/")


@dataclass(frozen=True)
class Sender:
    """A service that delivers for a resource, such as a rule; `untold` are services whose keys learn no source."""

    principal: str
    source_arn: str
    untold: frozenset[str] = field(default_factory=frozenset)

    def source(self) -> dict[str, str]:
        """Return the condition keys that tell for which resource the service delivers."""
        account = get_account_id()
        return {"aws:sourcearn": self.source_arn, "aws:sourceaccount": account, "aws:sourceowner": account}


def refusal(sender: Sender, target: str) -> str | None:
    """Return which policy does not let a service deliver to a queue, topic or function; None when all let it."""
    service = target.split(":")[2] if target.count(":") > 1 else ""
    if service not in DELIVERIES:  # services assume a role for other targets
        return None
    policy, key = _policy_and_key(service, target)
    if policy is not None and not allows(policy, DELIVERIES[service], target, sender.principal, sender.source()):
        return f"the policy of {target} does not let {sender.principal} {DELIVERIES[service]}"
    if key and not key.startswith(OWN_KEYS):
        return _refusal_of_key(key, sender.principal, {} if service in sender.untold else sender.source())
    return None


def _policy_and_key(service: str, target: str) -> tuple[Any, str | None]:
    """Return the policy of a target, None when the target does not exist, and the key that it is encrypted with."""
    if service == "lambda":
        found = lambda_svc.function_policy_for_arn(target)
        return (found[0] if found else None), None
    record: dict[str, Any] | None = sqs._queue_by_arn(target) if service == "sqs" else sns._topics.get(target)
    attributes = (record or {}).get("attributes", {})
    return (None if record is None else attributes.get("Policy") or {}), attributes.get("KmsMasterKeyId")


def _refusal_of_key(key: str, principal: str, source: dict[str, str]) -> str | None:
    found = kms.key_policy_for_arn(key)
    if found is None:
        return f"key {key} does not exist"
    refused = [action for action in KEY_ACTIONS if not allows(found[0], action, key, principal, source)]
    return f"the policy of key {key} does not let {principal} {' and '.join(refused)}" if refused else None


def allows(policy: Any, action: str, resource: str, principal: str, source: dict[str, str]) -> bool:
    """Return whether a resource's policy lets a service do it, with the condition keys of `source`."""
    request = Request(Caller(principal), action, resource, source)
    return decide(request, Policies(resource=statements(policy or EMPTY))).allowed
