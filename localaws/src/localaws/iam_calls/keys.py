"""What a call needs of the KMS key that encrypts its resource: the service uses the key in the name of the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.iam_calls.model import Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Lookups

KEY_ACTIONS: Final = {
    "s3:GetObject": ("Decrypt",),
    "s3:GetObjectVersion": ("Decrypt",),
    "s3:PutObject": ("GenerateDataKey",),
    "secretsmanager:GetSecretValue": ("Decrypt",),
    "secretsmanager:PutSecretValue": ("Decrypt", "GenerateDataKey"),
    "sqs:ReceiveMessage": ("Decrypt",),
    "sqs:SendMessage": ("Decrypt", "GenerateDataKey"),
    "sns:Publish": ("Decrypt", "GenerateDataKey"),
    "states:DescribeExecution": ("Decrypt",),
    "states:GetExecutionHistory": ("Decrypt",),
    **{
        f"dynamodb:{action}": ("Decrypt",)
        for action in (
            *("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem"),
            *("GetItem", "PutItem", "Query", "Scan", "UpdateItem"),
        )
    },
}
"""What services do with the key for a caller of an action."""

_MULTIPART: Final = frozenset({"CompleteMultipartUpload", "CreateMultipartUpload", "UploadPart", "UploadPartCopy"})
_WITHOUT_DATA: Final = frozenset({"HeadObject"})
"""Operations that need the right to read an object and do not decrypt it."""


def needed(call: Call, rights: list[Needed], lookups: Lookups) -> list[Needed]:
    """Return the rights on keys that come with the rights of a call; none when its resources have no key."""
    if call.operation in _WITHOUT_DATA:
        return []
    found = [
        Needed(f"kms:{operation}", key, {"kms:viaservice": f"{_host(right)}.{call.region}.amazonaws.com"})
        for right in rights
        for operation in _operations(call, right.action)
        if (key := lookups.key_of_resource(_encrypted(right.resource)))
    ]
    return list({(one.action, one.resource): one for one in found}.values())


def _operations(call: Call, action: str) -> tuple[str, ...]:
    if call.operation in _MULTIPART and action == "s3:PutObject":
        return ("Decrypt", "GenerateDataKey")  # a part is decrypted when the object is put together
    return KEY_ACTIONS.get(action, ())


def _encrypted(resource: str) -> str:
    """Return the ARN of what has the key: bucket of an object, table of an index, state machine of an execution."""
    if not resource.startswith("arn:"):
        return resource
    service, name = resource.split(":")[2], resource.split(":", 5)[5]
    if service == "s3":
        return f"{resource.partition(':::')[0]}:::{name.partition('/')[0]}"
    if service == "states":
        return ":".join(resource.replace(":execution:", ":stateMachine:").split(":")[:7])
    return resource.partition("/index/")[0]


def _host(right: Needed) -> str:
    return right.action.partition(":")[0]
