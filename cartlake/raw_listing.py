"""Compares all objects of the raw bucket with the ledger.

The event of a new object may be lost: a rule was disabled, a queue purged, the ledger restored from a backup.
The bucket is complete, so the sweep and `lake status` compare it with the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from cartlake.aws.clients import aws_errors, client
from cartlake.ledger import ObjectVersion
from cartlake.raw_zone import Landed, why_ignored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cartlake.ledger import Ledger

COMPARED_AT_ONCE: Final = 1_000
"""One page of S3's listing; the ledger reads it in ten calls."""

NO_VERSION: Final = "null"
"""The version id, in listings, of an object that was written while the bucket had no versioning. Its event has none."""


class Place(BaseModel):
    """Where a listing goes on: after this version of this key."""

    key: str
    version_id: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A part of a listing: how many versions it has, those the ledger has no record of, and where the next begins."""

    versions: int
    unrecorded: Sequence[Landed]
    end: Place


def landed_versions(bucket: str, after: Place | None = None) -> Iterator[Landed]:
    """Yield every version of every file in a bucket, by key, the newest version of a key first. Deletions are left out.

    Raises TransientError for AWS errors that may pass.
    """
    # Both markers or none: S3 refuses a version without its key.
    start: Any = {"KeyMarker": after.key, "VersionIdMarker": after.version_id} if after else {}
    while True:
        with aws_errors():
            page = client("s3").list_object_versions(Bucket=bucket, **start)
        for found in page.get("Versions", []):
            if why_ignored(found["Key"], found["Size"]) is None:
                yield _landed(bucket, found)
        if not page["IsTruncated"]:
            return
        start = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _landed(bucket: str, found: Any) -> Landed:
    version = ObjectVersion(
        bucket=bucket,
        key=found["Key"],
        version_id=None if found["VersionId"] == NO_VERSION else found["VersionId"],
        etag=found["ETag"].strip('"'),
        size=found["Size"],
    )
    return Landed(version, found["LastModified"])


def compared(
    ledger: Ledger, bucket: str, after: Place | None = None, since: datetime | None = None
) -> Iterator[Compared]:
    """Compare versions of files in a bucket with the ledger, a thousand at a time; the ledger's reads are consistent.

    With `since`, only versions that were written then or later; S3 lists the others too, but the ledger is not read for
    them. Raises TransientError for AWS errors that may pass.
    """
    versions = landed_versions(bucket, after)
    while part := list(islice(versions, COMPARED_AT_ONCE)):
        wanted = [one for one in part if since is None or one.written_at >= since]
        known = {file.file_id for file in ledger.files.get_many([one.version.file_id for one in wanted])}
        last = part[-1].version
        yield Compared(
            versions=len(part),
            unrecorded=[one for one in wanted if one.version.file_id not in known],
            end=Place(key=last.key, version_id=last.version_id or NO_VERSION),
        )
