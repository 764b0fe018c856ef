"""The rules of a backfill: which files, none of them lost, one request, and how its run is waited for."""

import json
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from cartlake.aws import s3
from cartlake.runs.documents import RowCounts
from cartlake.times import utc_now
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations import backfill, backfill_progress
from tests.unit.slices import begin, end

DATASET = "transactions"
LOADING = "transactions-20260131T083000-aaaaaa"
RUN = "transactions-20260201T083000-bbbbbb"
SECOND = "transactions-20260201T084000-cccccc"
COUNTS = RowCounts(read=4, published=1, quarantined=1, duplicate=2)


@pytest.fixture
def today():
    return utc_now().date()


@pytest.fixture
def loaded(load_file):
    """A file of transactions in the raw bucket, loaded today."""
    return load_file(DATASET, LOADING, COUNTS)


@pytest.fixture
def asked(lake, loaded, others, today, monkeypatch):
    """A backfill of today that waits for its run; returns how to wait for it, and what was shown meanwhile."""
    monkeypatch.setattr(backfill_progress, "time", others.clock)
    request, shown = backfill.request_backfill(lake, DATASET, today, today), []
    return lambda: backfill_progress.wait_for_backfill(lake, request, shown.append, shown.append), shown


def test_the_files_are_those_received_from_the_first_day_to_the_last(lake, loaded, today):
    day = timedelta(days=1)

    for first, last in ((today, today), (today - day, today), (today, today + day)):
        assert [file.file_id for file in backfill.files_between(lake, DATASET, first, last)] == [loaded.file_id]


def test_a_window_without_files_says_where_there_are_some(lake, loaded, today):
    yesterday = today - timedelta(days=1)

    with pytest.raises(NotFoundError, match=f"received from {today} to {today}"):
        backfill.files_between(lake, DATASET, yesterday, yesterday)


def test_where_nothing_is_loaded_it_says_so(lake, today):
    with pytest.raises(NotFoundError, match="No file is loaded"):
        backfill.files_between(lake, DATASET, today, today)


def test_files_that_are_still_there_are_not_lost(lake, loaded):
    assert backfill.missing_files(lake, [loaded]) == []
    backfill.check_files_exist(lake, [loaded])


def test_a_version_that_was_deleted_is_lost_though_a_newer_one_is_there(lake, loaded):
    client = boto3.client("s3")
    client.put_object(Bucket="raw", Key=loaded.key, Body=b"newer")
    client.delete_object(Bucket="raw", Key=loaded.key, VersionId=loaded.version_id)

    assert backfill.missing_files(lake, [loaded]) == [loaded]


def test_a_lost_version_is_named(lake, loaded):
    boto3.client("s3").delete_object(Bucket="raw", Key=loaded.key, VersionId=loaded.version_id)

    with pytest.raises(CommandError, match="1 of 1 raw files were deleted") as refused:
        backfill.check_files_exist(lake, [loaded])

    assert loaded.key in str(refused.value)


def test_an_access_that_is_denied_is_not_taken_for_a_lost_file(lake, loaded, monkeypatch):
    class Denied:
        def head_object(self, **_):
            raise ClientError({"Error": {"Code": "403"}}, "HeadObject")

    monkeypatch.setattr(s3, "client", lambda _: Denied())

    with pytest.raises(ClientError):
        backfill.missing_files(lake, [loaded])


def test_it_is_on_record_before_the_coordinator_is_asked(lake, loaded, others, today, monkeypatch):
    pending = []
    invoke = others.invoke
    monkeypatch.setattr(
        others, "invoke", lambda **request: pending.append(lake.ledger.backfills.get(DATASET)) or invoke(**request)
    )

    request = backfill.request_backfill(lake, DATASET, today, today)

    assert [one.request_id for one in pending] == [request.request_id]
    assert json.loads(others.invoked[0]["Payload"]) == {"action": "start", "subject": DATASET, "at_once": True}


def test_it_waits_for_the_run_that_is_going_on_then_for_its_slices(lake, others, asked, today):
    def takes_its_turn():
        lake.ledger.locks.release(DATASET, "transactions-other")
        begin(lake.ledger, DATASET, RUN, slices=2)

    others.acts = [
        lambda: lake.ledger.locks.acquire(DATASET, "transactions-other"),
        takes_its_turn,
        lambda: end(lake.ledger, RUN, COUNTS),
        lambda: begin(lake.ledger, DATASET, SECOND),
        lambda: end(lake.ledger, SECOND, COUNTS),
    ]
    wait, shown = asked

    assert [run.run_id for run in wait()] == [RUN, SECOND]
    counted = "4 rows read, 1 published, 1 quarantined, 2 unchanged or older, on the light engine"
    assert shown == [
        "Waiting for a run of transactions to begin",
        "Waiting for run transactions-other of transactions to end",
        f"Slice 1 of 2, files received {today}: run {RUN} reads 3 files again",
        f"Slice 1 of 2, files received {today}: {counted}",
        "Waiting for a run of transactions to begin",
        f"Slice 2 of 2, files received {today}: run {SECOND} reads 3 files again",
        f"Slice 2 of 2, files received {today}: {counted}",
    ]


def test_a_slice_that_failed_names_its_days_what_is_published_and_what_to_do(lake, others, asked, today):
    def fails():
        begin(lake.ledger, DATASET, SECOND)
        lake.ledger.runs.fail(SECOND, "BackfillError", json.dumps({"errorMessage": "the cause", "stackTrace": ["x"]}))

    others.acts = [
        lambda: begin(lake.ledger, DATASET, RUN, slices=3),
        lambda: end(lake.ledger, RUN, COUNTS),
        fails,
    ]
    wait, _ = asked

    with pytest.raises(CommandError) as failed:
        wait()

    said = str(failed.value)
    assert f"Slice 2 of 3, files received {today} failed: BackfillError: the cause" in said
    assert f"1 of 3 slices are published, of files received {today} to {today}." in said
    assert "`lake backfill transactions --resume`" in said
    assert "stackTrace" not in said


def test_it_is_resumed_at_the_slice_that_failed(lake, others, asked):
    begin(lake.ledger, DATASET, RUN, slices=3)
    end(lake.ledger, RUN, COUNTS)
    begin(lake.ledger, DATASET, SECOND)
    lake.ledger.runs.fail(SECOND, "AuditFailed", "a rule")
    lake.ledger.locks.release(DATASET, SECOND)

    resumed = backfill.resume_backfill(lake, DATASET)

    assert (resumed.state, resumed.position) == ("ACTIVE", 1)
    assert len(others.invoked) == 2  # the request, and this
    assert [part.number for part in backfill.published_slices(lake, resumed)] == [1]


def test_one_that_is_at_work_is_not_set_back_when_it_is_resumed(lake, asked):
    begin(lake.ledger, DATASET, RUN, slices=3)

    assert backfill.resume_backfill(lake, DATASET).position == 1


def test_a_second_one_is_refused_until_the_first_is_done(lake, asked, today):
    with pytest.raises(CommandError, match=f"not done yet: that of files received {today}"):
        backfill.request_backfill(lake, DATASET, today, today)

    begin(lake.ledger, DATASET, RUN)
    end(lake.ledger, RUN, COUNTS)
    with pytest.raises(CommandError, match="is DONE: there is nothing to resume"):
        backfill.resume_backfill(lake, DATASET)
    with pytest.raises(CommandError, match="is DONE already"):
        backfill.cancel_backfill(lake, DATASET)
    assert backfill.request_backfill(lake, DATASET, today, today)


def test_a_cancelled_one_says_what_is_published(lake, others, asked):
    others.acts = [
        lambda: begin(lake.ledger, DATASET, RUN, slices=3),
        lambda: backfill.cancel_backfill(lake, DATASET),
        lambda: end(lake.ledger, RUN, COUNTS),
    ]
    wait, _ = asked

    with pytest.raises(CommandError, match=r"was cancelled.*1 of 3 slices are published"):
        wait()


def test_where_there_was_none_it_says_how_to_begin(lake):
    with pytest.raises(NotFoundError, match="lake backfill transactions --from"):
        backfill.resume_backfill(lake, DATASET)


def test_a_backfill_that_no_run_takes_is_given_up_after_15_minutes(lake, others, asked, monkeypatch):
    seconds = iter(range(0, 10_000, 100))
    monkeypatch.setattr(others.clock, "monotonic", lambda: next(seconds))
    others.acts = [lambda: None] * 20
    wait, _ = asked

    with pytest.raises(CommandError, match="Waiting for a run of transactions to begin for 15 minutes"):
        wait()


def test_the_command_that_reads_files_of_runs_again_covers_the_days_they_were_received(lake, loaded, today):
    assert backfill.backfill_command(lake, DATASET, [LOADING]) == f"lake backfill {DATASET} --from {today} --to {today}"
    assert backfill.backfill_command(lake, DATASET, []) is None
