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
from cartlake_cli.operations import backfill_progress
from tests.unit.slices import begin, end

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
        begin(lake.ledger, "transactions", RUN)
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
        end(lake.ledger, RUN, COUNTS)

    return run


@pytest.fixture
def typed(lake, others, monkeypatch, today):
    monkeypatch.setattr(backfill_progress, "time", others.clock)

    def run(*words, dataset="transactions"):
        alone = {"--from", "--status", "--resume", "--cancel"} & set(words)
        window = () if alone else ("--from", today, "--to", today)
        arguments = ["--env", "dev", "backfill", dataset, *map(str, window), *map(str, words)]
        return CliRunner().invoke(main.app, arguments)

    return run


def test_a_backfill_is_asked_for_followed_and_told(lake, loaded, others, typed, ends):
    others.acts = [lambda: None, ends]

    result = typed("--json")

    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert (shown["runs"], shown["read"], shown["published"], shown["withdrawn"]) == ([RUN], 4, 1, 1)
    assert (shown["slices"], shown["files"]) == (1, 0)
    assert shown["verdicts_superseded"] == 2
    assert json.loads(others.invoked[0]["Payload"]) == {"action": "start", "subject": "transactions", "at_once": True}


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

    waiting = lake.ledger.backfills.get("transactions")
    assert json.loads(result.stdout)["request_id"] == waiting.request_id
    assert (waiting.first, waiting.last) == (today, today)


def test_days_the_wrong_way_round_and_unknown_datasets_are_refused(lake, loaded, typed, today):
    assert typed("--from", today, "--to", today - timedelta(days=1)).exit_code == Exit.USAGE
    assert isinstance(typed(dataset="invoices").exception, NotFoundError)


def test_without_files_on_these_days_nothing_is_asked(lake, loaded, others, typed, today):
    yesterday = today - timedelta(days=1)

    assert isinstance(typed("--from", yesterday, "--to", yesterday).exception, NotFoundError)
    assert (lake.ledger.backfills.get("transactions"), others.invoked) == (None, [])


def test_a_lost_version_stops_it_before_anything_is_asked(lake, loaded, others, typed):
    boto3.client("s3").delete_object(Bucket="raw", Key=loaded.key, VersionId=loaded.version_id)

    assert "1 of 1 raw files were deleted" in str(typed().exception)
    assert (lake.ledger.backfills.get("transactions"), others.invoked) == (None, [])


def test_its_slices_are_shown_with_their_runs(lake, loaded, typed, ends):
    typed("--no-wait")
    ends()

    shown = json.loads(typed("--status", "--json").stdout)

    assert shown["state"] == "DONE"
    [part] = shown["slices"]
    assert (part["slice"], part["state"], part["run_id"], part["engine"]) == (1, "SUCCEEDED", RUN, "light")
    assert (part["files"], part["read"], part["published"]) == (3, 4, 1)
    assert RUN in typed("--status").output


def test_it_is_cancelled_before_its_first_slice(lake, loaded, typed):
    typed("--no-wait")

    assert json.loads(typed("--cancel", "--json").stdout)["state"] == "CANCELLED"
    assert "is CANCELLED" in str(typed("--resume").exception)


def test_a_failed_one_is_resumed_and_followed(lake, loaded, others, typed, ends):
    typed("--no-wait")
    begin(lake.ledger, "transactions", "transactions-20260201T080000-dddddd")
    lake.ledger.runs.fail("transactions-20260201T080000-dddddd", "AuditFailed", "a rule")
    lake.ledger.locks.release("transactions", "transactions-20260201T080000-dddddd")
    others.acts = [ends]

    result = typed("--resume", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["runs"] == [RUN]


def test_ctrl_c_ends_the_command_and_not_the_backfill(lake, loaded, others, typed, monkeypatch):
    monkeypatch.setattr(others.clock, "sleep", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))

    result = typed()

    assert result.exit_code != 0
    assert "`--cancel` ends it after the slice at work" in " ".join(result.output.split())
    assert lake.ledger.backfills.has_pending("transactions")


def test_one_thing_at_a_time_is_asked_for(lake, loaded, typed, today):
    assert typed("--status", "--cancel").exit_code == Exit.USAGE
    assert typed("--from", today).exit_code == Exit.USAGE
