"""What calls do not say themselves, from MiniStack's state."""

from __future__ import annotations

from typing import Any, Final

from ministack.core.responses import get_account_id, get_region
from ministack.services import athena, dynamodb, kms, s3, secretsmanager, sns, sqs
from ministack.services import stepfunctions as sfn

from localaws.extensions.iam import resources
from localaws.iam_calls.model import Lookups

KEY_HEADER: Final = "x-amz-server-side-encryption-aws-kms-key-id"


def _bucket_key(name: str) -> str:
    return str(s3._bucket_default_sse_headers(name).get(KEY_HEADER, ""))


def _queue_key(arn: str) -> str:
    queue = sqs._queue_by_arn(arn)
    return str(queue["attributes"].get("KmsMasterKeyId", "")) if queue else ""


def _topic_key(arn: str) -> str:
    return str((sns._topics.get(arn) or {}).get("attributes", {}).get("KmsMasterKeyId", ""))


def _table_key(arn: str) -> str:
    table = dynamodb._tables.get(arn.rpartition("/")[2]) or {}
    return str((table.get("SSEDescription") or {}).get("KMSMasterKeyArn", ""))


def _machine_key(arn: str) -> str:
    machine = sfn._state_machines.get(arn) or {}
    return str((machine.get("encryptionConfiguration") or {}).get("kmsKeyId", ""))


def _secret_key(arn: str) -> str:
    return str((secretsmanager._resolve(arn)[1] or {}).get("KmsKeyId") or "")


_FINDERS: Final[dict[str, Any]] = {
    "dynamodb": _table_key,
    "s3": lambda arn: _bucket_key(arn.rpartition(":")[2]),
    "secretsmanager": _secret_key,
    "sns": _topic_key,
    "sqs": _queue_key,
    "states": _machine_key,
}


def _key_of_resource(arn: str) -> str:
    """Return the ARN of the key of the account that encrypts a resource; keys of AWS need no right."""
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    key = _FINDERS[service](arn) if service in _FINDERS else ""
    record = kms._resolve_key(key) if key and "alias/aws/" not in key else None
    return f"arn:aws:kms:{get_region()}:{get_account_id()}:key/{record['KeyId']}" if record else ""


def _has_tags(bucket: str, key: str) -> bool:
    stored = ((s3._buckets.get(bucket) or {}).get("objects") or {}).get(key) or {}
    return bool(s3._object_tags.get((bucket, key, stored.get("version_id"))))


def _workgroup(execution_id: str) -> str:
    return str((athena._executions.get(execution_id) or {}).get("WorkGroup", ""))


def _secret(name: str) -> str:
    return str((secretsmanager._resolve(name)[1] or {}).get("ARN", ""))


LOOKUPS: Final = Lookups(
    machine_of_token=resources.machine_of_token,
    workgroup_of_query=_workgroup,
    arn_of_secret=_secret,
    key_of_resource=_key_of_resource,
    has_tags=_has_tags,
)
