"""What is known of a raw file by its name, and by the content of a version of it."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake.ledger import FileRecord, ObjectVersion
    from cartlake_cli.erasure.raw_files.files import Kind
    from cartlake_cli.erasure.raw_files.records import Removed

_KINDS: Final[Mapping[str, Kind]] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


def kind_of(key: str) -> Kind | None:
    """Return the format of a file by its name, as the lake reads it; None for none."""
    name = key.lower().removesuffix(".gz")
    return next((kind for ending, kind in _KINDS.items() if name.endswith(ending)), None)


def file_as(old: FileRecord, landed: ObjectVersion, content: BinaryIO, made: Removed | None) -> FileRecord:
    """Return a file with what is known of the version that takes its place; all that it went through stays."""
    content.seek(0)
    digest = hashlib.sha256()
    while chunk := content.read(1024**2):
        digest.update(chunk)
    estimate = old.row_estimate if made is None or old.row_estimate is None else max(0, old.row_estimate - made.removed)
    return old.model_copy(
        update={
            "version_id": landed.version_id,
            "etag": landed.etag,
            "size": landed.size,
            "sha256": digest.hexdigest() if old.sha256 else None,
            "expanded_size": _expanded(content) if old.expanded_size is not None else None,
            "row_estimate": estimate,
            "written_at": old.written_at or old.received_at,
        }
    )


def _expanded(content: BinaryIO) -> int:
    content.seek(0)
    if content.read(2) != b"\x1f\x8b":
        return content.seek(0, 2)
    content.seek(0)
    with gzip.open(content) as inner:
        return sum(len(chunk) for chunk in iter(lambda: inner.read(1024**2), b""))
