"""Copies the items of a backup of the ledger, or of its state at an earlier moment, into the ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import error_code
from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from datetime import datetime

_WRITERS: Final = 16
_WAIT: Final = {"Delay": 15, "MaxAttempts": 480}
"""DynamoDB restores a table in 20 minutes to some hours, whatever its size."""


class BackupError(TerminalError):
    """A backup of the ledger cannot be used."""


@dataclass(frozen=True, slots=True)
class LedgerBackup:
    """A backup by its ARN, or with `at` the state of the table at a moment of its point-in-time recovery."""

    arn: str | None = None
    created_at: datetime | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        return f"its state at {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else f"backup {self.arn}"


def newest_backup(client: Any, table: str) -> LedgerBackup | None:
    """Return the newest backup of a table, also of one that was deleted; None if there is none.

    DynamoDB makes one by itself when a table with point-in-time recovery is deleted, and keeps it for 35 days. Raises
    BackupError when backups cannot be listed.
    """
    try:
        answer = client.list_backups(TableName=table, BackupType="ALL")
    except ClientError as error:
        raise BackupError(
            f"Backups of {table} cannot be listed ({error_code(error)}). Allow dynamodb:ListBackups, or rebuild the "
            "ledger from the lake with --ledger lake."
        ) from error
    usable = [one for one in answer["BackupSummaries"] if one["BackupStatus"] == "AVAILABLE"]
    if not usable:
        return None
    newest = max(usable, key=lambda one: one["BackupCreationDateTime"])
    return LedgerBackup(arn=newest["BackupArn"], created_at=newest["BackupCreationDateTime"])


def is_empty(client: Any, table: str) -> bool:
    """Return whether a table has no item. Raises BackupError where there is no such table."""
    try:
        return not client.scan(TableName=table, Limit=1)["Items"]
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise BackupError(
            f"There is no DynamoDB table {table}. `terraform apply` makes it again, empty; then repeat this command."
        ) from error


def copy_backup(client: Any, backup: LedgerBackup, table: str, scratch: str) -> int:
    """Add the items of a backup that the table lacks; returns how many. Takes 20 minutes and more.

    The backup is restored as the table `scratch`, which is deleted afterwards. One that is there from a call that was
    interrupted is used. Raises BackupError when DynamoDB cannot restore it.
    """
    try:
        _restore(client, backup, table, scratch)
    except ClientError as error:
        if error_code(error) != "TableAlreadyExistsException":
            raise BackupError(f"{backup} of {table} cannot be restored: {error}") from error
    client.get_waiter("table_exists").wait(TableName=scratch, WaiterConfig=_WAIT)
    with ThreadPoolExecutor(_WRITERS) as pool:
        added = sum(
            sum(pool.map(lambda item: _add(client, table, item), page["Items"]))
            for page in client.get_paginator("scan").paginate(TableName=scratch, ConsistentRead=True)
        )
    client.delete_table(TableName=scratch)
    return added


def _restore(client: Any, backup: LedgerBackup, table: str, scratch: str) -> None:
    if backup.at is not None:
        client.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=scratch, RestoreDateTime=backup.at)
    else:
        client.restore_table_from_backup(BackupArn=backup.arn, TargetTableName=scratch)


def _add(client: Any, table: str, item: Any) -> bool:
    """Add an item, unless the table has one of its key."""
    try:
        client.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True
