"""The size of an Iceberg table, from the summary of its current snapshot: two small requests, no Iceberg library."""

import gzip
import json
from typing import Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.aws.s3 import ObjectMissingError, read_bytes
from cartlake.tables.broken_metadata import METADATA_LOCATION

_TOTAL: Final = "total-files-size"
_COMPRESSED: Final = ".gz.metadata.json"


def table_bytes(database: str, table: str) -> int | None:
    """Return the bytes of all files of a table, data and deletes, as readers see it now: 0 before its first rows.

    Returns None where that cannot be said: no such table, metadata that cannot be read, a writer that counted no bytes.
    """
    try:
        with aws_errors():
            found = client("glue").get_table(DatabaseName=database, Name=table)["Table"]
        location = found.get("Parameters", {})[METADATA_LOCATION]
        content = read_bytes(location)
        return _current_bytes(json.loads(gzip.decompress(content) if location.endswith(_COMPRESSED) else content))
    except ClientError as error:
        if error_code(error) == "EntityNotFoundException":
            return None
        raise
    except (KeyError, ObjectMissingError, ValueError, EOFError, OSError):
        return None


def _current_bytes(metadata: dict[str, Any]) -> int | None:
    current = metadata.get("current-snapshot-id")
    if current in (None, -1):
        return 0
    summaries = {snapshot["snapshot-id"]: snapshot.get("summary", {}) for snapshot in metadata["snapshots"]}
    total = summaries[current].get(_TOTAL)
    return None if total is None else int(total)
