"""S3: the actions are not named like the operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from localaws.iam_calls.model import Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Lookups

OBJECT_ACTIONS: Final = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObject": "DeleteObject",
    "DeleteObjectTagging": "DeleteObjectTagging",
    "GetObject": "GetObject",
    "GetObjectAcl": "GetObjectAcl",
    "GetObjectAttributes": "GetObjectAttributes",
    "GetObjectLegalHold": "GetObjectLegalHold",
    "GetObjectRetention": "GetObjectRetention",
    "GetObjectTagging": "GetObjectTagging",
    "HeadObject": "GetObject",
    "ListParts": "ListMultipartUploadParts",
    "PutObject": "PutObject",
    "PutObjectAcl": "PutObjectAcl",
    "PutObjectLegalHold": "PutObjectLegalHold",
    "PutObjectRetention": "PutObjectRetention",
    "PutObjectTagging": "PutObjectTagging",
    "RestoreObject": "RestoreObject",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}

OF_VERSIONS: Final = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
"""The action of a call that names a version."""

BUCKET_ACTIONS: Final = {
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
"""The action of an operation on a bucket; operations that are not listed need the action of their name."""

_COPIES: Final = frozenset({"CopyObject", "UploadPartCopy"})
_FURTHER_HEADERS: Final = {
    "x-amz-acl": "PutObjectAcl",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-tagging": "PutObjectTagging",
}
_WRITES: Final = frozenset({"CopyObject", "CreateMultipartUpload", "PutObject"})


def needed(call: Call, lookups: Lookups) -> list[Needed]:
    """Return what a call to S3 needs."""
    bucket = call.text("Bucket")
    if not bucket:
        return [Needed(f"s3:{'ListAllMyBuckets' if call.operation == 'ListBuckets' else call.operation}")]
    if call.operation == "DeleteObjects":
        return [_deleted(call, bucket, item) for item in (call.members.get("Delete") or {}).get("Object") or []]
    if call.operation in OBJECT_ACTIONS:
        return [*_on_object(call, bucket), *_copied(call, bucket, lookups)]
    action = BUCKET_ACTIONS.get(call.operation, call.operation)
    return [Needed(f"s3:{action}", bucket_arn(call, bucket), _listing(call) if action.startswith("List") else {})]


def to_tell_missing(call: Call) -> list[Needed]:
    """Return what a call needs so that S3 answers 404 for an object that does not exist, and not 403."""
    reads = call.operation in {"GetObject", "HeadObject"} and not call.text("versionId")
    return [Needed("s3:ListBucket", bucket_arn(call, call.text("Bucket")))] if reads else []


def bucket_arn(call: Call, bucket: str) -> str:
    """Return the ARN of a bucket, which has neither account nor region."""
    return bucket if bucket.startswith("arn:") else f"arn:{call.partition}:s3:::{bucket}"


def _object(call: Call, bucket: str, key: str) -> str:
    return f"{bucket_arn(call, bucket)}/{key}"


def _on_object(call: Call, bucket: str) -> list[Needed]:
    resource = _object(call, bucket, call.text("Key"))
    action = _versioned(OBJECT_ACTIONS[call.operation], call.text("versionId"))
    further = [_FURTHER_HEADERS[header] for header in _FURTHER_HEADERS if call.text(header)]
    reads = [_versioned("GetObject", call.text("versionId"))] if call.operation == "GetObjectAttributes" else []
    writes = further if call.operation in _WRITES else []
    return [Needed(f"s3:{name}", resource) for name in (action, *reads, *writes)]


def _copied(call: Call, bucket: str, lookups: Lookups) -> list[Needed]:
    if call.operation not in _COPIES:
        return []
    path, _, query = call.text("x-amz-copy-source").partition("?")
    source, _, key = unquote(path).removeprefix("/").partition("/")
    version = (parse_qs(query).get("versionId") or [""])[0]
    read = [Needed(f"s3:{_versioned('GetObject', version)}", _object(call, source, key))]
    keeps_tags = call.operation == "CopyObject" and call.text("x-amz-tagging-directive") != "REPLACE"
    if not (keeps_tags and lookups.has_tags(source, key)):
        return read
    return [
        *read,
        Needed(f"s3:{_versioned('GetObjectTagging', version)}", _object(call, source, key)),
        Needed("s3:PutObjectTagging", _object(call, bucket, call.text("Key"))),
    ]


def _deleted(call: Call, bucket: str, item: dict[str, Any]) -> Needed:
    action = _versioned("DeleteObject", str(item.get("VersionId") or ""))
    return Needed(f"s3:{action}", _object(call, bucket, str(item.get("Key"))))


def _versioned(action: str, version: str) -> str:
    return OF_VERSIONS.get(action, action) if version else action


def _listing(call: Call) -> dict[str, str]:
    sent = {"s3:prefix": "prefix", "s3:delimiter": "delimiter", "s3:max-keys": "max-keys"}
    return {key: call.text(member) for key, member in sent.items() if call.text(member)}
