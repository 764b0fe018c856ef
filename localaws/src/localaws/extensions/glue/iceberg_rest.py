"""The Iceberg REST catalog of Glue (`/iceberg`): a table is what its last commit made it, for every reader.

MiniStack answers with the metadata file whose name sorts last, which may never have been committed; it writes no
snapshot log, without which DuckDB reads the rows from before its own writes; it makes a snapshot of a branch the
current one; and it writes metadata of all tables into one bucket, under names that a second table of the same name
overwrites.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from ministack.services import glue, s3, s3tables

from localaws.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERED = re.compile(r"/v?(\d+)[^/]*\.metadata\.json$")


def install() -> None:
    """Change how tables are read and commits are applied.

    Raises AttributeError when this version of MiniStack does not have a function to change.
    """

    @wrap(glue, "_iceberg_latest_metadata_location")
    def _(_original: Any, metadata_location: str) -> str:
        return metadata_location

    @wrap(glue, "_metadata_version_from_location")
    def _(_original: Any, metadata_location: str | None) -> int:
        found = _NUMBERED.search(metadata_location or "")
        return int(found[1]) if found else -1

    @wrap(glue, "_iceberg_write_metadata")
    def _(original: Any, namespace: str, table: str, version: int, metadata: dict[str, Any]) -> str:
        bucket, _, folder = str(metadata.get("location", "")).partition("://")[2].rstrip("/").partition("/")
        if s3._ensure_bucket(bucket) is None:
            return str(original(namespace, table, version, metadata))
        key = f"{folder}/metadata/{version:05d}-{uuid.uuid4()}.metadata.json".removeprefix("/")
        s3._put_object(bucket, key, json.dumps(metadata).encode(), {"content-type": "application/json"})
        return f"s3://{bucket}/{key}"

    @wrap(s3tables, "_apply_iceberg_updates")
    def _(original: Any, metadata: dict[str, Any], updates: Sequence[dict[str, Any]]) -> None:
        current = metadata.get("current-snapshot-id", -1)
        original(metadata, updates)
        metadata["current-snapshot-id"] = current
        for update in updates:
            if update.get("action") == "set-snapshot-ref" and update.get("ref-name", "main") == "main":
                _make_current(metadata, update["snapshot-id"], updates)


def _make_current(metadata: dict[str, Any], snapshot_id: int, updates: Sequence[dict[str, Any]]) -> None:
    """Set the current snapshot and log it, as Iceberg's `TableMetadata` does: a new one with its own time."""
    if metadata["current-snapshot-id"] == snapshot_id:
        return
    added = [one["snapshot"] for one in updates if one.get("action") == "add-snapshot"]
    times = {one["snapshot-id"]: one["timestamp-ms"] for one in added}
    metadata["current-snapshot-id"] = snapshot_id
    entry = {"snapshot-id": snapshot_id, "timestamp-ms": times.get(snapshot_id, int(time.time() * 1000))}
    metadata["snapshot-log"] = [*metadata.get("snapshot-log", []), entry]
