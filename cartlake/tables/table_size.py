"""The size of an Iceberg table, from the summary of its current snapshot: two small requests, no Iceberg library."""

import gzip
import json
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.aws.s3 import ObjectMissingError, read_bytes
from cartlake.tables.broken_metadata import METADATA_LOCATION

_TOTAL: Final = "total-files-size"
_ROWS: Final = "total-records"
_COMPRESSED: Final = ".gz.metadata.json"


@dataclass(frozen=True, slots=True)
class TableSize:
    """The bytes of all files of a table, data and deletes, and the rows in its data files, deleted ones included."""

    bytes: int
    rows: int


def table_bytes(database: str, table: str) -> int | None:
    """Return the bytes of a table as `table_size` does."""
    size = table_size(database, table)
    return size.bytes if size else None


def table_size(database: str, table: str) -> TableSize | None:
    """Return the size of a table as readers see it now: zeros before its first rows.

    Returns None where that cannot be said: no such table, metadata that cannot be read, a writer that counted no bytes.
    """
    try:
        with aws_errors():
            found = client("glue").get_table(DatabaseName=database, Name=table)["Table"]
        location = found.get("Parameters", {})[METADATA_LOCATION]
        return _current_size(parse_metadata(location, read_bytes(location)))
    except ClientError as error:
        if error_code(error) == "EntityNotFoundException":
            return None
        raise
    except (KeyError, ObjectMissingError, ValueError, EOFError, OSError):
        return None


def parse_metadata(location: str, content: bytes) -> dict[str, Any]:
    """Return the metadata in a file of a table. Raises ValueError, EOFError or OSError for one that is damaged."""
    found: dict[str, Any] = json.loads(gzip.decompress(content) if location.endswith(_COMPRESSED) else content)
    return found


def _current_size(metadata: dict[str, Any]) -> TableSize | None:
    current = metadata.get("current-snapshot-id")
    if current in (None, -1):
        return TableSize(0, 0)
    summaries = {snapshot["snapshot-id"]: snapshot.get("summary", {}) for snapshot in metadata["snapshots"]}
    total = summaries[current].get(_TOTAL)
    return None if total is None else TableSize(int(total), int(summaries[current].get(_ROWS, 0)))
