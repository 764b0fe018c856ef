"""Whose rights a query has: with `LOCALAWS_AUTH=1` a role reads and writes by Athena what its policies let it.

Athena calls Glue and S3 with the rights of whoever starts the query. Here it reads data files with rights of its own,
so a table's files are asked about once, for a file below its location, before any is read.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from localaws.athena.clients import in_s3, split_uri
from localaws.athena.errors import AthenaError
from localaws.iam_state.roles import call_of, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

caller: ContextVar[str] = ContextVar("localaws_athena_caller", default="")
"""The ARN of the role that started the query; empty for the account itself, which may do everything."""


def require(service: str, operation: str, members: Mapping[str, Any]) -> None:
    """Raise AthenaError when the caller may not make a call that Athena makes for it."""
    role = caller.get()
    refused = refusal(role, [call_of(service, operation, members)], "athena") if role else None
    if refused:
        raise AthenaError("PERMISSION_DENIED", f"Insufficient permissions to execute the query. {refused}")


def require_object(operation: str, uri: str) -> None:
    """Raise AthenaError when the caller may not read or write an object."""
    bucket, key = split_uri(in_s3(uri))
    try:
        require("s3", operation, {"Bucket": bucket, "Key": key})
    except AthenaError as error:
        raise AthenaError("PERMISSION_DENIED", f"Permission denied on S3 path: {uri}. {error}") from error


def require_table(database: str, name: str, table: Mapping[str, Any]) -> None:
    """Raise AthenaError when the caller may not find a table, or read its files."""
    require("glue", "GetTable", {"DatabaseName": database, "Name": name})
    if (location := (table.get("StorageDescriptor") or {}).get("Location")) and caller.get():
        require_object("GetObject", f"{str(location).rstrip('/')}/data/file")
