"""A ledger that was lost is filled from a backup and from documents, and never put behind what it knows."""

from datetime import UTC, datetime

import boto3
import pytest

from cartlake.ledger import Content, FileState, RunState
from cartlake.runs.documents import FileFormat
from cartlake_cli.restore.backup import BackupError, LedgerBackup, copy_backup, is_empty, newest_backup
from cartlake_cli.restore.items import Writer
from tests.unit.restore.test_evidence import landed, records, run

pytestmark = pytest.mark.usefixtures("lake")
CONTENT = Content(sha256="sha-a", contract_version="1.2.0", format=FileFormat(kind="csv"), row_estimate=3)


@pytest.fixture
def dynamodb(lake):
    return boto3.client("dynamodb")


@pytest.fixture
def writer(lake, dynamodb):
    return Writer(lake.ledger, "ledger", dynamodb)


def restored(writer, *history):
    found = writer.lacking(records(*history))
    writer.add(found)
    return found


def test_after_a_restore_the_same_content_is_a_duplicate_and_other_content_is_new(lake, writer):
    restored(writer, run(1, "a"))

    assert [file.state for file in lake.ledger.files.list("transactions")] == [FileState.LOADED]
    same = lake.ledger.files.receive("transactions", landed("copy").version)
    assert lake.ledger.files.validated(same.file_id, CONTENT).state is FileState.DUPLICATE
    new = lake.ledger.files.receive("transactions", landed("new").version)
    other = CONTENT.model_copy(update={"sha256": "sha-new"})
    assert lake.ledger.files.validated(new.file_id, other).state is FileState.VALIDATED


def test_runs_list_their_files_and_keep_their_counts(lake, writer):
    restored(writer, run(1, "a", "b"))

    [found] = lake.ledger.runs.list("transactions")
    assert (found.state, found.counts.read, found.cost_usd) == (RunState.SUCCEEDED, 3, 0.0001)
    assert {file.version_id for file in lake.ledger.runs.files(found.run_id)} == {"a", "b"}


def test_a_file_that_a_sweep_announced_before_the_restore_is_not_loaded_again(lake, writer):
    early = lake.ledger.files.receive("transactions", landed("a").version)
    lake.ledger.files.validated(early.file_id, CONTENT)
    assert lake.ledger.files.has_pending("transactions")

    restored(writer, run(1, "a"))

    assert lake.ledger.files.get(early.file_id).state is FileState.LOADED
    assert not lake.ledger.files.has_pending("transactions")


def test_a_copy_that_a_sweep_announced_before_the_file_becomes_its_duplicate_again(lake, writer):
    copy = lake.ledger.files.receive("transactions", landed("copy").version)
    lake.ledger.files.validated(copy.file_id, CONTENT)
    early = lake.ledger.files.receive("transactions", landed("a").version)
    assert lake.ledger.files.validated(early.file_id, CONTENT).state is FileState.DUPLICATE

    restored(writer, run(1, "a"))

    states = {file.version_id: file.state for file in lake.ledger.files.list()}
    assert states == {"a": FileState.LOADED, "copy": FileState.DUPLICATE}
    assert lake.ledger.files.get(copy.file_id).duplicate_of == early.file_id
    assert not lake.ledger.files.has_pending("transactions")


def test_a_restore_of_a_whole_ledger_changes_nothing(lake, writer):
    restored(writer, run(1, "a"), run(2, "b", error="JobFailed"))
    before = lake.ledger.files.list()

    again = restored(writer, run(1, "a"), run(2, "b", error="JobFailed"))

    assert (again.files, again.runs, again.marks) == ({}, [], [])
    assert lake.ledger.files.list() == before


def test_a_failed_file_on_record_as_loaded_stays_loaded(lake, writer):
    restored(writer, run(1, "a"))
    restored(writer, run(1, "a", error="JobFailed"))
    assert [file.state for file in lake.ledger.files.list()] == [FileState.LOADED]


def test_rows_that_no_refresh_has_taken_wait_for_the_next(lake, writer):
    restored(writer, run(1, "a"))
    assert [(mark.table, mark.retried) for mark in lake.ledger.stale.pending()] == [("processed.transactions", True)]


def test_a_backup_is_copied_and_what_is_newer_in_the_ledger_stays(lake, dynamodb):
    lake.ledger.files.receive("transactions", landed("a").version)
    backup = dynamodb.create_backup(TableName="ledger", BackupName="daily")["BackupDetails"]["BackupArn"]
    newer = lake.ledger.files.receive("transactions", landed("b").version)
    items = dynamodb.scan(TableName="ledger")["Items"]
    for item in items:
        if newer.file_id not in item["pk"]["S"]:
            dynamodb.delete_item(TableName="ledger", Key={name: item[name] for name in ("pk", "sk")})

    found = newest_backup(dynamodb, "ledger")
    assert found.arn == backup
    assert copy_backup(dynamodb, found, "ledger", "ledger-restored") == 2  # the file and its dataset

    assert {file.version_id for file in lake.ledger.files.list()} == {"a", "b"}
    assert dynamodb.list_tables()["TableNames"] == ["ledger"]
    assert copy_backup(dynamodb, found, "ledger", "ledger-restored") == 0


def test_an_earlier_moment_is_copied(lake, dynamodb):
    pitr = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="ledger", PointInTimeRecoverySpecification=pitr)
    lake.ledger.files.receive("transactions", landed("a").version)
    moment = LedgerBackup(at=datetime.now(UTC))
    assert copy_backup(dynamodb, moment, "ledger", "ledger-restored") == 0
    assert dynamodb.list_tables()["TableNames"] == ["ledger"]


def test_a_table_without_backups_has_none(dynamodb):
    assert newest_backup(dynamodb, "ledger") is None


def test_a_backup_that_cannot_be_restored_is_an_error_that_names_it(dynamodb):
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger/backup/01489602797149-73d8d5bc"
    with pytest.raises(BackupError, match="01489602797149"):
        copy_backup(dynamodb, LedgerBackup(arn=arn), "ledger", "ledger-restored")


def test_a_missing_ledger_names_terraform(dynamodb):
    assert is_empty(dynamodb, "ledger")
    with pytest.raises(BackupError, match="terraform apply"):
        is_empty(dynamodb, "gone")
