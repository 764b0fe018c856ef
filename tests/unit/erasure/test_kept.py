"""What an erasure cannot change is listed: backups, recovery points, replicas, and what could not be looked for."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from cartlake.times import parse, utc_now
from cartlake_cli.context import Lake
from cartlake_cli.erasure.kept import ATHENA_DAYS, PITR_DAYS, kept_copies

DELETED_AT = datetime(2027, 1, 2, tzinfo=UTC)
TABLE = "arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/ledger"
POINT = "arn:aws-us-gov:backup:us-gov-west-1:123456789012:recovery-point:one"


@pytest.fixture
def backup(lake, monkeypatch):
    """AWS Backup in another partition, whose answers a test gives in order. Without any, each call is refused."""
    lake.outputs.region, lake.outputs.account_id, lake.outputs.workgroup = "us-gov-west-1", "123456789012", "lake"
    service, others = boto3.client("backup", "us-gov-west-1"), Lake.client
    monkeypatch.setattr(Lake, "client", lambda it, name: service if name == "backup" else others(it, name))
    with Stubber(service) as stubber:
        yield stubber


def answers(stubber, *points):
    """No recovery points of buckets, and these of the ledger: (ARN, when AWS deletes it)."""
    listed = [{"RecoveryPointArn": arn, "BackupVaultName": "vault"} for arn, _ in points]
    stubber.add_response("list_recovery_points_by_resource", {"RecoveryPoints": listed}, {"ResourceArn": TABLE})
    for arn, deleted in points:
        lifecycle = {"DeleteAt": deleted} if deleted else {}
        asked = {"BackupVaultName": "vault", "RecoveryPointArn": arn}
        stubber.add_response("describe_recovery_point", {"CalculatedLifecycle": lifecycle}, asked)
    for bucket in ("artifacts", "raw"):
        asked = {"ResourceArn": f"arn:aws-us-gov:s3:::{bucket}"}
        stubber.add_response("list_recovery_points_by_resource", {"RecoveryPoints": []}, asked)


def of_kind(lake, what):
    return [one for one in kept_copies(lake) if one.what == what]


def test_a_lake_without_copies_keeps_the_texts_of_queries_alone(lake, backup):
    answers(backup)

    [texts] = kept_copies(lake)

    assert (texts.what, texts.where) == ("query texts", "Athena workgroup lake")
    assert parse(texts.expires) - utc_now() > timedelta(days=ATHENA_DAYS - 1)


def test_recovery_points_are_listed_with_their_day_or_the_command_that_deletes_them(lake, backup):
    answers(backup, (POINT, DELETED_AT), (f"{POINT}-for-ever", None))

    first, second = of_kind(lake, "recovery point")

    assert (first.where, parse(first.expires)) == (POINT, DELETED_AT)
    assert (second.expires, second.advice) == (
        None,
        f"or now: aws backup delete-recovery-point --backup-vault-name vault --recovery-point-arn {POINT}-for-ever",
    )


def test_backups_and_recovery_of_the_ledger_are_listed(lake, backup):
    answers(backup)
    dynamodb = boto3.client("dynamodb")
    dynamodb.update_continuous_backups(
        TableName="ledger", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    made = dynamodb.create_backup(TableName="ledger", BackupName="by-hand")["BackupDetails"]["BackupArn"]

    kept = {one.what: one for one in kept_copies(lake)}

    until = parse(kept["point-in-time recovery"].expires) - utc_now()
    assert timedelta(days=PITR_DAYS - 1) < until <= timedelta(days=PITR_DAYS)
    assert (kept["backup"].where, kept["backup"].expires) == (made, None)
    assert kept["backup"].advice == f"delete it: aws dynamodb delete-backup --backup-arn {made}"


def test_a_replica_is_named_because_no_deletion_reaches_it(lake, backup):
    answers(backup)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="elsewhere")
    for bucket in ("raw", "elsewhere"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {"ID": "all", "Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}
    s3.put_bucket_replication(
        Bucket="raw", ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/r", "Rules": [rule]}
    )

    [replica] = of_kind(lake, "replica")

    assert replica.where == "bucket elsewhere, of raw"
    assert "erase the person in elsewhere, too" in replica.advice


def test_what_may_not_be_listed_is_said(lake, backup):
    backup.add_client_error("list_recovery_points_by_resource", "AccessDeniedException")

    [unknown] = of_kind(lake, "AWS Backup recovery points")

    assert (unknown.where, unknown.advice) == (
        "unknown",
        "could not be listed (AccessDeniedException): look for them yourself",
    )
