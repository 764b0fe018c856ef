"""The objects of the raw bucket: which of them are files, and the event of each. Nothing here calls AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cartlake.times import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from cartlake.ledger import ObjectVersion


_REPLAY: Final = re.compile(r"incoming/[^/]+/replay/replay-[0-9a-f]{16}[.]jsonl")


@dataclass(frozen=True, slots=True)
class Landed:
    """One version of one object, and when it was written."""

    version: ObjectVersion
    written_at: datetime


def is_replay(key: str) -> bool:
    """Return whether an object has quarantined rows that are sent again, and not what a source sent."""
    return _REPLAY.fullmatch(key) is not None


def why_ignored(key: str, size: int) -> str | None:
    """Say why an object of `size` bytes is not a file; None for a file, also one in a wrong place."""
    folders, _, name = key.rpartition("/")
    if key.startswith("_") and folders:
        return "top-level folders that start with an underscore are not part of the lake"
    if size == 0 and (not name or name.startswith(("_", "."))):
        return "an empty folder or marker object"
    return None


def object_created(version: ObjectVersion, at: datetime) -> dict[str, Any]:
    """Return the event that EventBridge sends for a new version, without what names account and region."""
    named = {"version-id": version.version_id} if version.version_id else {}
    return {
        "version": "0",
        "id": version.file_id,
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "",
        "region": "",
        "time": stamp(at),
        "resources": [],
        "detail": {
            "bucket": {"name": version.bucket},
            "object": {"key": version.key, "size": version.size, "etag": version.etag, **named},
            "reason": "Sweep",
        },
    }
