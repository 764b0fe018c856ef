"""Glue: a table also needs its database and the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.iam_calls.model import Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Lookups

DATABASE_OPERATIONS: Final = frozenset({"CreateDatabase", "DeleteDatabase", "GetDatabase", "UpdateDatabase"})
CATALOG_OPERATIONS: Final = frozenset({"GetDatabases", "GetCatalogImportStatus", "SearchTables"})
TABLE_OPERATIONS: Final = frozenset(
    {
        "BatchCreatePartition",
        "BatchDeletePartition",
        "BatchDeleteTable",
        "BatchDeleteTableVersion",
        "BatchGetPartition",
        "BatchUpdatePartition",
        "CreatePartition",
        "CreatePartitionIndex",
        "CreateTable",
        "DeletePartition",
        "DeletePartitionIndex",
        "DeleteTable",
        "DeleteTableVersion",
        "GetPartition",
        "GetPartitionIndexes",
        "GetPartitions",
        "GetTable",
        "GetTableVersion",
        "GetTableVersions",
        "GetTables",
        "UpdatePartition",
        "UpdateTable",
    }
)
NAMED: Final = {
    "GetCrawler": ("crawler", "Name"),
    "StartCrawler": ("crawler", "Name"),
    "StopCrawler": ("crawler", "Name"),
    "UpdateCrawler": ("crawler", "Name"),
    "BatchStopJobRun": ("job", "JobName"),
    "GetJob": ("job", "JobName"),
    "GetJobRun": ("job", "JobName"),
    "GetJobRuns": ("job", "JobName"),
    "StartJobRun": ("job", "JobName"),
}
"""Operation to the type of its resource and the member with its name."""


def needed(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to Glue needs: the same action on each of its resources."""
    return [Needed(f"glue:{call.operation}", resource) for resource in _resources(call)]


def _resources(call: Call) -> list[str]:
    operation, catalog = call.operation, call.arn("catalog")
    if operation in CATALOG_OPERATIONS:
        return [catalog]
    if operation in DATABASE_OPERATIONS:
        name = call.text("Name") or str((call.members.get("DatabaseInput") or {}).get("Name", ""))
        return [catalog, call.arn(f"database/{name}")]
    if operation in TABLE_OPERATIONS:
        database = call.text("DatabaseName")
        tables = [call.arn(f"table/{database}/{table}") for table in _tables(call)]
        return [catalog, call.arn(f"database/{database}"), *tables]
    if operation in NAMED:
        kind, member = NAMED[operation]
        return [call.arn(f"{kind}/{call.text(member)}")]
    return ["*"]


def _tables(call: Call) -> list[str]:
    if call.operation == "GetTables":
        return ["*"]  # IAM compares the pattern of the policy with this text: only one for all tables matches
    if call.operation == "BatchDeleteTable":
        return [str(name) for name in call.members.get("TablesToDelete") or []]
    nested = (call.members.get("TableInput") or {}).get("Name", "")
    # Members are Name in some operations, TableName in others; UpdateTable may rename, and needs the old name only.
    return [call.text("TableName") or call.text("Name") or str(nested)]
