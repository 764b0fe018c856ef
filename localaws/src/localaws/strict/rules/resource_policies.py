"""Policies of buckets, keys, queues and topics: what each service refuses in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.strict.rules.documents import as_list, statements, strings
from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

BUCKET_POLICY_BYTES = 20_480
# Actions of a bucket itself among those that begin like actions of objects.
_OF_BUCKETS = ("s3:ListBucket", "s3:GetBucket", "s3:PutBucket", "s3:DeleteBucket", "s3:CreateBucket")
_OF_OBJECTS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:RestoreObject", "s3:AbortMultipartUpload")
_TOPIC_ACTIONS = frozenset({
    "sns:addpermission", "sns:deletetopic", "sns:getdataprotectionpolicy", "sns:gettopicattributes",
    "sns:listsubscriptionsbytopic", "sns:listtagsforresource", "sns:publish", "sns:putdataprotectionpolicy",
    "sns:receive", "sns:removepermission", "sns:settopicattributes", "sns:subscribe",
})  # fmt: skip


@rule("s3", "PutBucketPolicy")
def bucket_policy(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a policy that is too large, or of another bucket."""
    document, bucket = members.get("Policy") or "", members.get("Bucket") or ""
    if len(_compact(document).encode()) > BUCKET_POLICY_BYTES:
        return Refusal("PolicyTooLarge", "Policy exceeds the maximum allowed document size.")
    faults = (bucket_statement_fault(statement, bucket) for statement in statements(document))
    fault = next(filter(None, faults), None)
    return Refusal("MalformedPolicy", fault) if fault else None


def bucket_statement_fault(statement: dict[str, Any], bucket: str) -> str | None:
    """Return why S3 refuses a statement of a bucket's policy."""
    if not statement.get("Principal") and not statement.get("NotPrincipal"):
        return "Missing required field Principal"
    resources = [resource.rpartition(":::")[2] for resource in strings(statement, "Resource", "NotResource")]
    if not resources or any(resource.partition("/")[0] != bucket for resource in resources):
        return "Policy has invalid resource"
    for action in strings(statement, "Action"):
        if not any(_fits(action, resource) for resource in resources):
            return "Action does not apply to any resource(s) in statement"
    return None


def _fits(action: str, resource: str) -> bool:
    if action.startswith(_OF_OBJECTS):
        return "/" in resource or "*" in resource
    return not ("/" in resource and action.startswith(_OF_BUCKETS))


def _compact(document: str) -> str:
    try:
        return json.dumps(json.loads(document), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return document


@rule("sns", "SetTopicAttributes", "CreateTopic")
def topic_policy(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a topic's policy with actions that are not of a topic, such as `sns:*`."""
    document = (members.get("Attributes") or {}).get("Policy")
    if members.get("AttributeName") == "Policy":
        document = members.get("AttributeValue")
    actions = [action for statement in statements(document) for action in strings(statement, "Action")]
    if all(action.lower() in _TOPIC_ACTIONS for action in actions):
        return None
    return Refusal("InvalidParameter", "Invalid parameter: Policy statement action out of service scope!")


@rule("sqs", "SetQueueAttributes", "CreateQueue")
def queue_policy(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a queue's policy that has no statement, or one without principal and action."""
    document = (members.get("Attributes") or {}).get("Policy")
    if not document:
        return None
    found = statements(document)
    if found and all(
        one.get("Effect") and one.get("Principal") and (one.get("Action") or one.get("NotAction")) for one in found
    ):
        return None
    return Refusal("InvalidAttributeValue", "Invalid value for the parameter Policy.")


@rule("kms", "CreateKey", "PutKeyPolicy")
def key_policy(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a key's policy that nobody could change any more."""
    document = members.get("Policy")
    if not document or members.get("BypassPolicyLockoutSafetyCheck") or any(map(_lets_change, statements(document))):
        return None
    problem = "The new key policy will not allow you to update the key policy in the future."
    return Refusal("MalformedPolicyDocumentException", problem)


def _lets_change(statement: dict[str, Any]) -> bool:
    """Return whether a statement lets a principal of an account change the policy."""
    principal = statement.get("Principal")
    people = principal == "*" or (isinstance(principal, dict) and bool(as_list(principal.get("AWS"))))
    changes = {"*", "kms:*", "kms:put*", "kms:putkeypolicy"}
    actions = {action.lower() for action in strings(statement, "Action")}
    return statement.get("Effect") == "Allow" and people and bool(actions & changes)
