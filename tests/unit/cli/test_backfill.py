"""What `lake backfill` does before, during and after the run."""

import json
from datetime import timedelta

import boto3
import pytest
from typer.testing import CliRunner

from cartlake.refresh.graph import WHOLE
from cartlake.runs.documents import RowCounts, SupersedeQuarantineReport, TransformReport
from cartlake.times import utc_now
from cartlake_cli import main
from cartlake_cli.errors import Exit, NotFoundError
from cartlake_cli.operations import backfill

LOADING = "transactions-20260131T083000-aaaaaa"
RUN = "transactions-20260201T083000-bbbbbb"
COUNTS = RowCounts(read=4, published=1, quarantined=1, duplicate=2)


@pytest.fixture
def today():
    return utc_now().date()


@pytest.fixture
def loaded(load_file):
    """A file of transactions in the raw bucket, loaded today."""
    return load_file("transactions", LOADING, COUNTS)


@pytest.fixture
def ends(lake):
    """Let a run take the backfill that waits, and end it well."""

    def run(withdrawn=1, days=()):
        [waiting] = lake.ledger.backfills.pending("transactions")
        lake.ledger.locks.acquire("transactions", RUN)
        assert lake.ledger.backfills.claim(RUN, waiting)
        report = TransformReport(
            run_id=RUN, dataset="transactions", table="processed.transactions", branch="b", snapshot_id=None,
            base_snapshot_id=None, rows=COUNTS, files=[], withdrawn=withdrawn, touched_days=list(days),
            started_at="", ended_at="",
        )  # fmt: skip
        quarantine = SupersedeQuarantineReport(
            run_id=RUN, dataset="transactions", in_force=1, superseded=2, started_at="", ended_at=""
        )
        for name, document in (("transform", report), ("supersede_quarantine", quarantine)):
            body = document.model_dump_json().encode()
            boto3.client("s3").put_object(Bucket="artifacts", Key=f"runs/{RUN}/{name}.json", Body=body)
        lake.ledger.runs.finish(RUN, COUNTS, "")
        lake.ledger.locks.release("transactions", RUN)

    return run


@pytest.fixture
def typed(lake, others, monkeypatch, today):
    monkeypatch.setattr(backfill, "time", others.clock)

    def run(*words, dataset="transactions"):
        window = () if "--from" in words else ("--from", today, "--to", today)
        arguments = ["--env", "dev", "backfill", dataset, *map(str, window), *map(str, words)]
        return CliRunner().invoke(main.app, arguments)

    return run


def test_a_backfill_is_asked_for_followed_and_told(lake, loaded, others, typed, ends):
    others.acts = [lambda: None, ends]

    result = typed("--json")

    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert (shown["run_id"], shown["read"], shown["published"], shown["withdrawn"]) == (RUN, 4, 1, 1)
    assert shown["verdicts_superseded"] == 2
    assert json.loads(others.invoked[0]["Payload"]) == {"action": "start", "subject": "transactions"}


def test_a_refresh_that_had_nothing_to_rebuild_has_no_report_and_is_waited_for(lake, loaded, others, typed, ends):
    refresh = "refresh-20260201T083500-cccccc"

    def refreshes():
        ends(days=["2026-02-01"])
        lake.ledger.stale.mark(RUN, "processed.transactions", WHOLE)
        lake.ledger.runs.start(refresh)
        lake.ledger.stale.claim(refresh)
        lake.ledger.runs.finish(refresh, None, "")

    others.acts = [refreshes]

    result = typed("--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rebuilt"] == []


def test_people_are_told_what_to_do_about_rows_that_left(lake, loaded, others, typed, ends):
    others.acts = [ends]

    assert "a backfill of those days as well" in " ".join(typed().output.split())


def test_without_waiting_the_request_is_on_record(lake, loaded, typed, today):
    result = typed("--no-wait", "--json")

    [waiting] = lake.ledger.backfills.pending("transactions")
    assert json.loads(result.stdout)["request_id"] == waiting.request_id
    assert (waiting.first, waiting.last) == (today, today)


def test_days_the_wrong_way_round_and_unknown_datasets_are_refused(lake, loaded, typed, today):
    assert typed("--from", today, "--to", today - timedelta(days=1)).exit_code == Exit.USAGE
    assert isinstance(typed(dataset="invoices").exception, NotFoundError)


def test_without_files_on_these_days_nothing_is_asked(lake, loaded, others, typed, today):
    yesterday = today - timedelta(days=1)

    assert isinstance(typed("--from", yesterday, "--to", yesterday).exception, NotFoundError)
    assert (lake.ledger.backfills.pending("transactions"), others.invoked) == ([], [])


def test_a_lost_version_stops_it_before_anything_is_asked(lake, loaded, others, typed):
    boto3.client("s3").delete_object(Bucket="raw", Key=loaded.key, VersionId=loaded.version_id)

    assert "1 of 1 raw files were deleted" in str(typed().exception)
    assert (lake.ledger.backfills.pending("transactions"), others.invoked) == ([], [])
