"""Objects of S3 with all their versions: listed, read into a temporary file, deleted for good."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import client, error_code
from cartlake.aws.s3 import MISSING
from cartlake.raw_listing import NO_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

_IN_MEMORY: Final = 8 * 1024**2
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object, or the marker of a deletion. `size` in bytes."""

    bucket: str
    key: str
    version_id: str
    at: datetime
    size: int = 0
    etag: str = ""
    is_latest: bool = True
    is_marker: bool = False

    @property
    def named_version(self) -> str | None:
        """Return the version id as events have it: None for an object of a bucket without versions."""
        return None if self.version_id == NO_VERSION else self.version_id


def versions_in(bucket: str, prefix: str = "") -> Iterator[Stored]:
    """Yield every version of every object, and every marker of a deletion, by key, newest first within a key."""
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [(one, False) for one in page.get("Versions", [])]
        found += [(one, True) for one in page.get("DeleteMarkers", [])]
        for one, is_marker in found:
            yield Stored(
                bucket,
                one["Key"],
                one["VersionId"],
                one["LastModified"],
                int(one.get("Size", 0)),
                one.get("ETag", "").strip('"'),
                bool(one["IsLatest"]),
                is_marker,
            )


@contextmanager
def content_of(stored: Stored) -> Iterator[tuple[BinaryIO, dict[str, str]] | None]:
    """Read a version into a temporary file and yield it with its metadata; None if it was deleted meanwhile."""
    try:
        answer = client("s3").get_object(Bucket=stored.bucket, Key=stored.key, VersionId=stored.version_id)
    except ClientError as error:
        if error_code(error) not in MISSING:
            raise
        yield None
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        for chunk in answer["Body"].iter_chunks(1024**2):
            file.write(chunk)
        file.seek(0)
        yield file, answer.get("Metadata", {})  # type: ignore[misc]


def delete_versions(stored: Iterable[Stored]) -> int:
    """Delete versions for good, also those that an object lock in governance mode protects; returns how many.

    Raises ClientError for what S3 does not delete.
    """
    by_bucket: dict[str, list[Stored]] = {}
    for one in stored:
        by_bucket.setdefault(one.bucket, []).append(one)
    for bucket, some in by_bucket.items():
        for start in range(0, len(some), _AT_ONCE):
            _delete(bucket, some[start : start + _AT_ONCE])
    return sum(map(len, by_bucket.values()))


def _delete(bucket: str, some: list[Stored]) -> None:
    objects: Any = [{"Key": one.key, "VersionId": one.version_id} for one in some]
    failed = client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors", [])
    for one in failed:
        # The lock of a bucket is lifted version by version, by a right of its own.
        client("s3").delete_object(
            Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"], BypassGovernanceRetention=True
        )
