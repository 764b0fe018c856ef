"""What an erasure cannot change: backups, replicas and histories of AWS. Each is listed, with when it expires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cartlake.aws.clients import error_code
from cartlake.times import stamp, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cartlake_cli.context import Lake

PITR_DAYS: Final = 35
"""DynamoDB restores a table to any moment of this time at most, as long as Terraform does not say less."""
ATHENA_DAYS: Final = 45
"""Athena keeps the texts of queries for this long; it has no call to delete one."""
_NO_REPLICATION: Final = "ReplicationConfigurationNotFoundError"


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy that stays. `expires` is when AWS deletes it, None where somebody has to."""

    what: str
    where: str
    expires: str | None
    advice: str


def kept_copies(lake: Lake) -> list[Kept]:
    """Return all copies that stay. What cannot be listed, for want of a right, is in the answer, too."""
    found: list[Kept] = []
    for what, listed in {
        "point-in-time recovery of the ledger": _point_in_time,
        "backups of the ledger": _ledger_backups,
        "AWS Backup recovery points": _recovery_points,
        "replicas of buckets": _replicas,
    }.items():
        try:
            found += listed(lake)
        except (ClientError, BotoCoreError) as error:
            code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
            found.append(Kept(what, "unknown", None, f"could not be listed ({code}): look for them yourself"))
    later = stamp(utc_now() + timedelta(days=ATHENA_DAYS))
    advice = "texts of queries that were run with an id in them; AWS deletes them"
    return [*found, Kept("query texts", f"Athena workgroup {lake.outputs.workgroup}", later, advice)]


def _point_in_time(lake: Lake) -> Iterator[Kept]:
    answer = lake.client("dynamodb").describe_continuous_backups(TableName=lake.outputs.ledger_table)
    said = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if said.get("PointInTimeRecoveryStatus") == "ENABLED":
        days = int(said.get("RecoveryPeriodInDays", PITR_DAYS))
        expires = stamp(utc_now() + timedelta(days=days))
        advice = "states of the ledger from before; it holds names of files and reasons, no rows"
        yield Kept("point-in-time recovery", f"DynamoDB table {lake.outputs.ledger_table}", expires, advice)


def _ledger_backups(lake: Lake) -> Iterator[Kept]:
    answer = lake.client("dynamodb").list_backups(TableName=lake.outputs.ledger_table, BackupType="ALL")
    for one in answer.get("BackupSummaries", []):
        expires = one.get("BackupExpiryDateTime")
        advice = (
            "AWS deletes it" if expires else f"delete it: aws dynamodb delete-backup --backup-arn {one['BackupArn']}"
        )
        yield Kept("backup", one["BackupArn"], stamp(expires) if expires else None, advice)


def _recovery_points(lake: Lake) -> Iterator[Kept]:
    backup, outputs = lake.client("backup"), lake.outputs
    partition = backup.meta.partition
    table = f"arn:{partition}:dynamodb:{outputs.region}:{outputs.account_id}:table/{outputs.ledger_table}"
    for arn in (table, *(f"arn:{partition}:s3:::{name}" for name in outputs.buckets.values())):
        for page in backup.get_paginator("list_recovery_points_by_resource").paginate(ResourceArn=arn):
            for one in page.get("RecoveryPoints", []):
                yield _recovery_point(backup, one)


def _recovery_point(backup: Any, one: Any) -> Kept:
    vault, arn = one["BackupVaultName"], one["RecoveryPointArn"]
    said = backup.describe_recovery_point(BackupVaultName=vault, RecoveryPointArn=arn)
    expires = said.get("CalculatedLifecycle", {}).get("DeleteAt")
    command = f"aws backup delete-recovery-point --backup-vault-name {vault} --recovery-point-arn {arn}"
    return Kept("recovery point", arn, stamp(expires) if expires else None, f"or now: {command}")


def _replicas(lake: Lake) -> Iterator[Kept]:
    for bucket in lake.outputs.buckets.values():
        try:
            said = lake.client("s3").get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
        except ClientError as error:
            if error_code(error) != _NO_REPLICATION:
                raise
            continue
        for rule in said["Rules"]:
            target = rule["Destination"]["Bucket"].rpartition(":")[2]
            advice = f"S3 replicates no deletion of a version: erase the person in {target}, too"
            yield Kept("replica", f"bucket {target}, of {bucket}", None, advice)
