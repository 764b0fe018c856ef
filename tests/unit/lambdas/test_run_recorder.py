import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from cartlake import contracts
from cartlake.aws.s3 import DocumentError
from cartlake.contracts.custom_properties.deletes import FullCopy
from cartlake.errors import TerminalError
from cartlake.ledger import Content, FileState, Ledger, ObjectVersion, RunState, StaleMark
from cartlake.maintenance.documents import Done, MaintainedTable, MaintenanceReport
from cartlake.maintenance.health import Action, Health
from cartlake.refresh.day_ranges import DayRange
from cartlake.refresh.graph import WHOLE, Scope
from cartlake.runs.documents import (
    EngineChoice,
    FileCount,
    FileFormat,
    Manifest,
    ManifestFile,
    RefreshReport,
    RowCounts,
    TableRefresh,
    TransformReport,
)
from cartlake.runs.folder import RunFolder
from cartlake.runs.ids import Workflow
from cartlake.runs.reconciliation import ReconciliationError
from cartlake.times import utc_now
from lambdas.run_recorder import handler, published

RUN_ID = "transactions-20260131T083000-aaaaaa"
FOLDER = f"s3://artifacts/runs/{RUN_ID}"
REFRESH_RUN = "refresh-20260131T084000-bbbbbb"
REFRESH_FOLDER = f"s3://artifacts/runs/{REFRESH_RUN}"
ROWS = {"read": 10, "published": 8, "quarantined": 1, "duplicate": 1}


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def files(ledger):
    """Two files, claimed by the run."""
    ledger.locks.acquire("transactions", RUN_ID)
    ledger.runs.start(RUN_ID)
    for name in ("a.csv", "b.csv"):
        version = ObjectVersion(bucket="raw", key=f"incoming/transactions/{name}", etag=name, size=99)
        content = Content(sha256=name, contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=5)
        ledger.files.validated(ledger.files.receive("transactions", version).file_id, content)
    ledger.runs.claim(RUN_ID, ledger.files.pending("transactions"))
    return ledger.runs.files(RUN_ID)


@pytest.fixture
def report(account, files):
    """Write the etl report; `change` replaces fields of it."""

    def write(**change):
        etl = TransformReport(
            run_id=RUN_ID,
            dataset="transactions",
            table="processed.transactions",
            branch="audit",
            snapshot_id="42",
            base_snapshot_id="41",
            rows=RowCounts(**ROWS),
            files=[FileCount(file_id=file.file_id, rows_read=5) for file in files],
            started_at="",
            ended_at="",
        )
        account.write(f"{FOLDER}/transform.json", etl.model_copy(update=change).model_dump_json())

    write()
    return write


@pytest.fixture
def call(account, bus, monkeypatch, lambda_context):
    monkeypatch.setattr(handler, "event_bus", lambda: bus)

    def recorder(action, **fields):
        common = {"action": action, "run_id": RUN_ID, "report_uri": f"{FOLDER}/transform.json"}
        if action == "record":
            common["published_snapshot_id"] = "42"
        return handler.lambda_handler({**common, **fields}, lambda_context)

    return recorder


def lineage(account, dataset="transactions", run_id=RUN_ID):
    folder = RunFolder("artifacts", run_id)
    assert run_id.startswith(dataset)
    lines = [account.read(folder.lineage_event(name)).decode() for name in ("START", "END")]
    return [json.loads(line) for line in lines]


def test_the_newest_full_copy_of_a_run_is_on_record_and_replayed_rows_are_none(
    ledger, report, call, files, monkeypatch
):
    known = contracts.load("transactions")
    table = replace(known.table, full_copy=FullCopy())
    monkeypatch.setattr(contracts, "load", lambda _: replace(known, tables=(table,)))
    newest = max(files, key=lambda file: file.recency)
    monkeypatch.setattr(handler, "is_replay", lambda key: key == newest.key)
    report(deletes=2, deleted=1)

    call("record")

    [other] = [file.file_id for file in files if file.file_id != newest.file_id]
    assert ledger.copies.newest_file("transactions") == other
    run = ledger.runs.get(RUN_ID)
    assert (run.deletes, run.deleted) == (2, 1)


def test_files_that_are_merged_are_no_copies(ledger, report, call):
    call("record")

    assert ledger.copies.newest_file("transactions") is None


class TestReconcile:
    def test_rows_that_add_up(self, report, call):
        assert call("record")["rows"] == ROWS

    def test_rows_that_do_not(self, report, call):
        report(rows=RowCounts(read=10, published=8, quarantined=1, duplicate=0))

        with pytest.raises(ReconciliationError, match="= 9"):
            call("record")

    def test_a_file_that_was_claimed_and_not_read(self, report, call, files):
        report(files=[FileCount(file_id=files[0].file_id, rows_read=10)])

        with pytest.raises(ReconciliationError, match=f"{files[1].file_id} was claimed but not read"):
            call("record")

    @pytest.mark.parametrize("published", ["41", None])
    def test_another_snapshot_was_published(self, report, call, published):
        with pytest.raises(ReconciliationError, match="was published"):
            call("record", published_snapshot_id=published)

    def test_what_is_built_from_the_published_days_is_stale(self, report, call, ledger):
        report(touched_days=["2026-01-30", "2026-01-31", "2026-02-03"])

        call("record")

        days = (
            DayRange(first=date(2026, 1, 30), last=date(2026, 1, 31)),
            DayRange(first=date(2026, 2, 3), last=date(2026, 2, 3)),
        )
        assert ledger.stale.pending() == [
            StaleMark(table="processed.transactions", run_id=RUN_ID, scope=Scope(days=days))
        ]

    def test_a_run_that_published_nothing_makes_nothing_stale(self, report, call, ledger):
        report(touched_days=[])

        call("record")

        assert ledger.stale.pending() == []

    def test_reconciling_again_marks_nothing_twice(self, report, call, ledger):
        report(touched_days=["2026-01-31"])

        call("record")
        call("record")

        assert len(ledger.stale.pending()) == 1

    def test_published_rows_make_stale_even_when_the_run_does_not_reconcile(self, report, call, ledger):
        report(touched_days=["2026-01-31"], rows=RowCounts(read=10, published=8, quarantined=1, duplicate=0))

        with pytest.raises(ReconciliationError):
            call("record")

        assert [mark.table for mark in ledger.stale.pending()] == ["processed.transactions"]

    def test_what_was_not_published_makes_nothing_stale(self, report, call, ledger):
        report(touched_days=["2026-01-31"], snapshot_id=None)

        call("record", published_snapshot_id=None)

        assert ledger.stale.pending() == []

    def test_without_a_report(self, account, call):
        with pytest.raises(DocumentError, match="does not exist"):
            call("record")


class TestRecord:
    def test_files_are_loaded_and_the_run_has_succeeded(self, report, call, ledger, bus):
        assert call("record") == {"state": "SUCCEEDED", "rows": ROWS, "files": 2}

        run = ledger.runs.get(RUN_ID)
        assert (run.state, run.counts.model_dump(), run.report_uri) == (
            RunState.SUCCEEDED,
            ROWS,
            f"{FOLDER}/transform.json",
        )
        assert {file.state for file in ledger.runs.files(RUN_ID)} == {FileState.LOADED}
        assert bus.sent == [
            (
                "RunSucceeded",
                {"workflow": "ingest", "dataset": "transactions", "run_id": RUN_ID, "rows": ROWS, "files": 2},
            )
        ]

    def test_recording_again_changes_nothing(self, report, call, ledger):
        call("record")
        before = ledger.runs.get(RUN_ID)

        call("record")

        assert ledger.runs.get(RUN_ID) == before

    def test_a_crash_before_the_event_is_made_good_by_the_next_try(self, report, call, ledger, bus):
        bus.refuse = 1
        with pytest.raises(TimeoutError):
            call("record")

        assert call("record")["state"] == "SUCCEEDED"
        assert bus.types == ["RunSucceeded"]

    def test_a_run_that_was_failed_meanwhile_does_not_succeed(self, report, call, ledger, bus):
        ledger.runs.fail(RUN_ID, "ExecutionAborted", "by hand")

        with pytest.raises(TerminalError, match="recorded as FAILED"):
            call("record")

        assert bus.sent == []

    def test_lineage_tells_where_rows_came_from_and_went(self, account, report, call):
        call("record")

        start, complete = lineage(account)
        assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
        assert start["run"]["runId"] == complete["run"]["runId"]
        assert complete["job"]["name"] == "ingest.transactions"
        assert [(item["namespace"], item["name"]) for item in complete["inputs"]] == [
            ("s3://raw", "incoming/transactions/a.csv"),
            ("s3://raw", "incoming/transactions/b.csv"),
            ("s3://raw", "incoming/transactions"),
        ]
        assert complete["inputs"][0]["facets"]["cartlake_file"]["sha256"] == "a.csv"
        assert complete["outputs"][0]["facets"]["version"]["datasetVersion"] == "42"
        assert complete["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 5
        assert {item["name"]: item["outputFacets"]["outputStatistics"]["rowCount"] for item in complete["outputs"]} == {
            "table/processed/transactions": 8,
        }
        assert complete["outputs"][0]["namespace"] == "arn:aws:glue:us-east-1:123456789012"

    def test_metrics_are_emitted_with_their_dataset(self, report, call, capsys):
        call("record")

        assert metrics(capsys) == {
            ("transactions", "RunsSucceeded"): 1,
            ("transactions", "RowsRead"): 10,
            ("transactions", "RowsPublished"): 8,
            ("transactions", "RowsQuarantined"): 1,
            ("transactions", "RowsDuplicate"): 1,
        }


class TestFail:
    def test_a_run_that_failed_after_its_rows_were_published_makes_them_stale(self, report, call, ledger):
        report(touched_days=["2026-01-31"])

        call("fail", error="GlueJobFailed", published_snapshot_id="42")

        assert [mark.table for mark in ledger.stale.pending()] == ["processed.transactions"]
        assert ledger.runs.get(RUN_ID).state is RunState.FAILED

    def test_files_can_be_replayed_and_the_cause_is_kept(self, account, report, call, ledger, bus):
        answer = call("fail", error="AuditFailed", cause="no_duplicates: 3, must be 0")

        assert answer == {"state": "FAILED", "files": 2}
        assert {file.state for file in ledger.runs.files(RUN_ID)} == {FileState.FAILED}
        assert bus.sent[0] == (
            "RunFailed",
            {
                "workflow": "ingest",
                "dataset": "transactions",
                "run_id": RUN_ID,
                "error": "AuditFailed",
                "cause": "no_duplicates: 3, must be 0",
            },
        )
        _, end = lineage(account)
        assert end["eventType"] == "FAIL"
        assert "no_duplicates" in end["run"]["facets"]["errorMessage"]["message"]
        assert "rowCount" not in end["outputs"][0].get("outputFacets", {}).get("outputStatistics", {})

    def test_a_run_that_failed_before_it_wrote_anything(self, account, call, ledger):
        assert call("fail", error="Lambda.Unknown", cause="") == {"state": "FAILED", "files": 0}
        assert ledger.runs.get(RUN_ID).state is RunState.FAILED

    def test_failing_again_sends_the_event_again_with_the_first_cause(self, report, call, bus):
        call("fail", error="First", cause="1")
        call("fail", error="Second", cause="2")

        assert [detail["error"] for _, detail in bus.sent] == ["First", "First"]

    def test_a_run_that_has_succeeded_cannot_fail(self, report, call, ledger):
        call("record")

        with pytest.raises(TerminalError, match="recorded as SUCCEEDED"):
            call("fail", error="Late", cause="")

        assert {file.state for file in ledger.runs.files(RUN_ID)} == {FileState.LOADED}


@pytest.mark.usefixtures("few_contracts")
class TestRefresh:
    @pytest.fixture(autouse=True)
    def claimed(self, ledger):
        ledger.stale.mark(RUN_ID, "processed.events", WHOLE)
        ledger.runs.start(REFRESH_RUN)
        ledger.stale.claim(REFRESH_RUN)

    @pytest.fixture
    def refreshed(self, account):
        """Write the report of the refresh."""

        def write(*tables):
            found = RefreshReport(run_id=REFRESH_RUN, tables=tables, started_at="", ended_at="")
            account.write(f"{REFRESH_FOLDER}/refresh.json", found.model_dump_json())

        write(
            TableRefresh(table="processed.sums", scope="2026-01-31", outcome="rebuilt", rows=4),
            TableRefresh(table="processed.totals", scope="all rows", outcome="rebuilt", rows=1),
        )
        return write

    @pytest.fixture
    def record(self, call):
        return lambda: call("record_refresh", run_id=REFRESH_RUN, report_uri=f"{REFRESH_FOLDER}/refresh.json")

    @pytest.fixture
    def fail(self, call):
        return lambda: call("fail", run_id=REFRESH_RUN, error="RefreshError", cause="sums: no")

    def test_the_refresh_has_succeeded_and_says_what_it_rebuilt(self, refreshed, record, ledger, bus):
        tables = ["processed.sums", "processed.totals"]

        assert record() == {"state": "SUCCEEDED", "tables": tables}

        run = ledger.runs.get(REFRESH_RUN)
        assert (run.state, run.counts, run.report_uri) == (
            RunState.SUCCEEDED,
            None,
            f"{REFRESH_FOLDER}/refresh.json",
        )
        assert bus.sent == [("RunSucceeded", {"workflow": "refresh", "run_id": REFRESH_RUN, "tables": tables})]
        assert ledger.stale.pending() == []

    def test_recording_again_changes_nothing(self, refreshed, record, ledger):
        record()
        before = ledger.runs.get(REFRESH_RUN)

        record()

        assert ledger.runs.get(REFRESH_RUN) == before

    def test_lineage_tells_which_tables_were_built_from_which(self, account, refreshed, record):
        record()

        _, complete = lineage(account, Workflow.REFRESH, REFRESH_RUN)
        assert (complete["eventType"], complete["job"]["name"]) == ("COMPLETE", "refresh")
        assert [item["name"] for item in complete["inputs"]] == ["table/processed/events", "table/processed/sums"]
        assert {item["name"]: item["outputFacets"]["outputStatistics"]["rowCount"] for item in complete["outputs"]} == {
            "table/processed/sums": 4,
            "table/processed/totals": 1,
        }
        assert {item["namespace"] for item in complete["inputs"]} == {"arn:aws:glue:us-east-1:123456789012"}

    def test_metrics_count_what_was_rebuilt(self, refreshed, record, capsys):
        record()

        assert metrics(capsys) == {
            (Workflow.REFRESH, "RunsSucceeded"): 1,
            (Workflow.REFRESH, "TablesRebuilt"): 2,
            (Workflow.REFRESH, "RowsRebuilt"): 5,
        }

    def test_a_check_has_rebuilt_nothing(self, account, refreshed, record, capsys):
        refreshed(TableRefresh(table="processed.sums", scope="all rows", outcome="checked", rows=4))

        record()

        assert metrics(capsys) == {
            (Workflow.REFRESH, "RunsSucceeded"): 1,
            (Workflow.REFRESH, "TablesRebuilt"): 0,
            (Workflow.REFRESH, "RowsRebuilt"): 0,
        }
        assert lineage(account, Workflow.REFRESH, REFRESH_RUN)[1]["outputs"] == []

    def test_without_a_report(self, record, ledger):
        with pytest.raises(DocumentError, match="does not exist"):
            record()

        assert ledger.runs.get(REFRESH_RUN).state is RunState.RUNNING

    def test_a_refresh_that_was_failed_meanwhile_does_not_succeed(self, refreshed, record, fail, bus):
        fail()

        with pytest.raises(TerminalError, match="recorded as FAILED"):
            record()

        assert bus.types == ["RunFailed"]

    def test_a_failed_refresh_tells_what_it_had_rebuilt_and_leaves_all_it_was_to_do(
        self, account, refreshed, fail, ledger, bus
    ):
        refreshed(
            TableRefresh(table="processed.sums", scope="2026-01-31", outcome="rebuilt", rows=4),
            TableRefresh(table="processed.totals", scope="all rows", outcome="failed", error="no"),
        )

        assert fail() == {"state": "FAILED", "files": 0}

        _, end = lineage(account, Workflow.REFRESH, REFRESH_RUN)
        assert end["eventType"] == "FAIL"
        assert [item["name"] for item in end["outputs"]] == ["table/processed/sums"]
        assert bus.sent[0][1]["workflow"] == Workflow.REFRESH
        assert [mark.table for mark in ledger.stale.of_failed_refreshes()] == ["processed.events"]
        assert not ledger.has_pending(Workflow.REFRESH)

    def test_a_refresh_that_failed_before_its_job_reported(self, account, fail):
        assert fail()["state"] == "FAILED"

        assert lineage(account, Workflow.REFRESH, REFRESH_RUN)[1]["outputs"] == []


UPKEEP_RUN = "maintenance-20260131T084000-cccccc"
UPKEEP_FOLDER = f"s3://artifacts/runs/{UPKEEP_RUN}"
HEALTH = Health(
    rows=9, data_files=8, size=800, small_files=8, removable_files=7, delete_files=0, deleted_rows=0, manifests=8,
    snapshots=8, oldest_snapshot_at=None, written_at=None,
)  # fmt: skip


class TestMaintenance:
    @pytest.fixture
    def maintained(self, account, ledger):
        """Write the report of tables that were maintained."""
        ledger.runs.start(UPKEEP_RUN)

        def write(*tables, ended_at="2026-01-31T09:00:00.000000Z"):
            report = MaintenanceReport(run_id=UPKEEP_RUN, tables=tables, started_at="", ended_at=ended_at)
            account.write(f"{UPKEEP_FOLDER}/maintenance.json", report.model_dump_json())

        write(upkeep("processed.sums", Action.REWRITE, Action.ORPHANS), upkeep("processed.totals", outcome="busy"))
        return write

    @pytest.fixture
    def record(self, call):
        uri = f"{UPKEEP_FOLDER}/maintenance.json"
        return lambda: call("record_maintenance", run_id=UPKEEP_RUN, report_uri=uri)

    def test_the_run_has_succeeded_and_says_what_became_of_each_table(self, maintained, record, ledger, bus):
        outcomes = {"processed.sums": "maintained", "processed.totals": "busy"}

        assert record() == {"state": "SUCCEEDED", "tables": outcomes}

        assert ledger.runs.get(UPKEEP_RUN).report_uri == f"{UPKEEP_FOLDER}/maintenance.json"
        assert bus.sent == [("RunSucceeded", {"workflow": "maintenance", "run_id": UPKEEP_RUN, "outcomes": outcomes})]

    def test_every_table_remembers_when_and_how_and_the_last_sweep_stays_known(self, maintained, record, ledger):
        first = datetime(2026, 1, 31, 9, tzinfo=UTC)
        record()
        assert ledger.maintenance.last()["processed.sums"].orphans_removed_at == first

        maintained(upkeep("processed.sums", Action.REWRITE), ended_at="2026-02-01T09:00:00.000000Z")
        record()

        remembered = ledger.maintenance.last()
        assert remembered["processed.sums"].at == datetime(2026, 2, 1, 9, tzinfo=UTC)
        assert remembered["processed.sums"].orphans_removed_at == first
        assert (remembered["processed.totals"].outcome, remembered["processed.totals"].orphans_removed_at) == (
            "busy",
            None,
        )

    def test_a_run_that_failed_remembers_what_it_did_and_its_lineage_says_so(
        self, account, maintained, call, ledger, bus
    ):
        maintained(upkeep("processed.sums", Action.REWRITE), upkeep("processed.totals", outcome="failed"))

        call("fail", run_id=UPKEEP_RUN, error="MaintenanceError", cause="totals: no")

        assert ledger.runs.get(UPKEEP_RUN).state is RunState.FAILED
        assert {name: one.outcome for name, one in ledger.maintenance.last().items()} == {
            "processed.sums": "maintained",
            "processed.totals": "failed",
        }
        assert bus.types == ["RunFailed"]
        _, end = lineage(account, Workflow.MAINTENANCE, UPKEEP_RUN)
        assert (end["eventType"], end["job"]["name"]) == ("FAIL", "maintenance")
        assert [one["name"] for one in end["outputs"]] == ["table/processed/sums"]
        assert end["run"]["facets"]["cartlake_run"]["outcomes"]["processed.totals"] == "failed"

    def test_a_run_whose_job_was_killed_has_nothing_to_remember(self, ledger, call):
        ledger.runs.start(UPKEEP_RUN)

        call("fail", run_id=UPKEEP_RUN, error="GlueJobFailed", cause="killed")

        assert ledger.maintenance.last() == {}

    def test_metrics_count_the_files_that_were_joined(self, maintained, record, capsys):
        record()

        assert metrics(capsys) == {
            (Workflow.MAINTENANCE, "RunsSucceeded"): 1,
            (Workflow.MAINTENANCE, "FilesJoined"): 5,
            (Workflow.MAINTENANCE, "RepeatedKeys"): 0,
        }

    def test_keys_that_stand_twice_are_counted_and_remembered_until_the_next_search(
        self, maintained, record, ledger, capsys
    ):
        maintained(upkeep("processed.sums", Action.KEYS, repeated_keys=3))
        record()
        assert metrics(capsys)[Workflow.MAINTENANCE, "RepeatedKeys"] == 3

        maintained(upkeep("processed.sums", Action.REWRITE), ended_at="2026-02-01T09:00:00.000000Z")
        record()
        last = ledger.maintenance.last()["processed.sums"]
        assert (last.repeated_keys, last.keys_checked_at) == (3, datetime(2026, 1, 31, 9, tzinfo=UTC))

        maintained(upkeep("processed.sums", Action.KEYS, repeated_keys=0), ended_at="2026-02-02T09:00:00.000000Z")
        record()
        last = ledger.maintenance.last()["processed.sums"]
        assert (last.repeated_keys, last.keys_checked_at) == (0, datetime(2026, 2, 2, 9, tzinfo=UTC))


def upkeep(table, *actions, outcome="maintained", **counts):
    after = HEALTH.model_copy(update={"data_files": 3}) if actions else HEALTH
    done = [Done(action=action, seconds=1.0, counts=counts) for action in actions]
    return MaintainedTable(table=table, outcome=outcome, done=done, before=HEALTH, after=after)


def metrics(capsys):
    """The metrics that were emitted, by dataset and name."""
    emitted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    names = ("Files", "Repeated", "Rows", "Runs", "Tables")
    return {
        (line["dataset"], name): line[name][0]
        for line in emitted
        if "dataset" in line
        for name in line
        if name.startswith(names)
    }


@pytest.mark.parametrize("action", ["publish", None])
def test_an_unknown_action_is_refused(call, action):
    with pytest.raises(ValidationError):
        call(action)


KILLED = json.dumps({"errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: signal: killed"})


@pytest.fixture
def chosen(account, ledger, files):
    """The manifest of the run, for which the light engine was chosen."""
    light = EngineChoice(engine="light", reason="1 MB in 2 files")
    entries = [
        ManifestFile(
            file_id=file.file_id,
            uri=file.uri,
            version_id=None,
            etag=file.etag,
            size=file.size,
            sha256="",
            format=file.format,
            expanded_size=150,
        )
        for file in files
    ]
    written = Manifest(
        run_id=RUN_ID, dataset="transactions", contract_version="1.0.0", created_at="", files=entries, engine=light
    )
    account.write(f"{FOLDER}/manifest.json", written.model_dump_json())
    ledger.runs.chosen(RUN_ID, light)
    return written


def fallen_back(account):
    return Manifest.model_validate(account.read_json(f"{FOLDER}/manifest.json"))


def test_a_run_that_fell_back_says_so_and_why(account, ledger, call, chosen):
    answer = call("fall_back", step="transform", error="Runtime.ExitError", cause=KILLED)

    manifest, run = fallen_back(account), ledger.runs.get(RUN_ID)
    why = "Runtime.ExitError: RequestId: 1 Error: signal: killed"
    assert answer == {"engine": "spark"}
    assert manifest.engine == run.engine
    assert manifest.engine.engine == "spark"
    assert manifest.engine.reason == f"fell back from the light engine, {why} (light was chosen for 1 MB in 2 files)"
    assert run.fallback == why
    assert manifest.model_copy(update={"engine": chosen.engine}) == chosen


def test_a_fallback_that_is_recorded_again_changes_nothing(account, call, chosen):
    call("fall_back", step="transform", error="Runtime.ExitError", cause=KILLED)
    first = fallen_back(account)

    call("fall_back", step="transform", error="Runtime.ExitError", cause=KILLED)

    assert fallen_back(account) == first


@pytest.mark.parametrize(
    ("error", "size"),
    [
        ("Runtime.ExitError", 300),
        ("Sandbox.Timedout", 300),
        ("EngineLimitError", 300),
        ("Lambda.TooManyRequestsException", None),
        ("Runtime.ImportModuleError", None),
    ],
)
def test_only_a_batch_that_was_too_large_is_remembered(ledger, call, chosen, error, size):
    call("fall_back", step="transform", error=error, cause="")

    known = ledger.fallbacks.get("transactions", utc_now())
    assert (known.size if known else None) == size


def test_a_quarantine_that_fell_back_leaves_the_engine_of_the_load_on_record(account, ledger, call, chosen):
    call("fall_back", step="supersede_quarantine", error="Sandbox.Timedout", cause="")

    assert fallen_back(account) == chosen
    assert ledger.runs.get(RUN_ID).engine == chosen.engine
    assert ledger.runs.get(RUN_ID).fallback == "Sandbox.Timedout: "


def test_the_cost_of_a_load_is_on_record(ledger, call, report):
    report(cost_usd=0.00008)

    call("record")

    assert ledger.runs.get(RUN_ID).cost_usd == pytest.approx(0.00008)


def test_a_run_whose_table_was_compacted_is_repeated_three_times_and_then_fails(ledger, files, call):
    answers = [call("repeat") for _ in range(3)]

    assert answers == [{"repeats": 1}, {"repeats": 2}, {"repeats": 3}]
    assert ledger.runs.get(RUN_ID).repeats == 3
    with pytest.raises(TerminalError, match=r"compacted during 4 attempts.*lake quarantine replay transactions"):
        call("repeat")


class TestRunsWhoseExecutionEnded:
    @pytest.fixture
    def publisher(self, monkeypatch):
        """The function that knows the table; returns what it was asked."""
        asked = []

        def answer(function, request):
            asked.append((function, request))
            return {"is_published": request["snapshot_id"] == "42"}

        monkeypatch.setattr(published, "invoke", answer)
        return asked

    def test_one_whose_rows_are_published_has_succeeded(self, account, ledger, report, call, files, publisher, bus):
        report(touched_days=["2026-01-30"])

        assert call("record_published") == {"recorded": True}

        request = {"action": "find", "table": "processed.transactions", "snapshot_id": "42"}
        assert publisher == [("cartlake-test-table-publisher", request)]
        run = ledger.runs.get(RUN_ID)
        assert (run.state, run.counts.model_dump()) == (RunState.SUCCEEDED, ROWS)
        assert {file.state for file in ledger.runs.files(RUN_ID)} == {FileState.LOADED}
        assert [mark.run_id for mark in ledger.stale.of_run(RUN_ID) or ledger.stale.pending()] == [RUN_ID]
        assert [name for name, _ in bus.sent] == ["RunSucceeded"]

    @pytest.mark.parametrize("snapshot", ["43", None])
    def test_one_whose_rows_are_not_published_is_left_to_fail(self, ledger, report, call, publisher, snapshot):
        report(snapshot_id=snapshot)

        assert call("record_published") == {"recorded": False}
        assert (ledger.runs.get(RUN_ID).state, ledger.stale.pending()) == (RunState.RUNNING, [])

    def test_one_without_a_report_is_left_to_fail(self, ledger, files, call, publisher):
        assert call("record_published") == {"recorded": False}
        assert publisher == []

    def test_published_rows_that_do_not_add_up_make_tables_stale_and_the_run_fails(
        self, ledger, report, call, publisher
    ):
        report(touched_days=["2026-01-30"], rows=RowCounts(**{**ROWS, "duplicate": 0}))

        assert call("record_published") == {"recorded": False}
        assert len(ledger.stale.pending()) == 1
        assert {file.state for file in ledger.runs.files(RUN_ID)} == {FileState.CLAIMED}

    def test_a_published_slice_of_a_backfill_fails_and_is_resumed(self, ledger, report, call, publisher, monkeypatch):
        report(touched_days=["2026-01-30"])
        found = ledger.runs.get(RUN_ID).model_copy(update={"backfill": "backfill-1"})
        monkeypatch.setattr(type(ledger.runs), "get", lambda *_: found)

        assert call("record_published") == {"recorded": False}
        assert len(ledger.stale.pending()) == 1
