"""`lake recompute`, following a refresh, and tables that are built because they are new."""

import json
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cartlake.contracts import Column, Table
from cartlake.contracts.building import Build
from cartlake.refresh.graph import WHOLE, Graph
from cartlake.runs.documents import Difference, RefreshReport, TableRefresh
from cartlake.runs.ids import Workflow
from cartlake_cli import main
from cartlake_cli.commands.runs import follow, recompute
from cartlake_cli.commands.runs.follow import follow_refresh
from cartlake_cli.commands.tables import tables as tables_command
from cartlake_cli.errors import CommandError, Exit, NotFoundError

RUN = "refresh-20260131T083000-aaaaaa"
OTHER_RUN = "refresh-20260131T084000-bbbbbb"
LOAD = "events-20260131T080000-cccccc"


def table(name, *upstreams):
    build = {"transform": "few.make", "replaces": "all", "upstreams": upstreams}
    about = {"description": "", "classification": None, "tags": (), "examples": ()}
    return Table(
        name=name,
        physical_name=f"processed.{name}",
        description="",
        grain="",
        columns=(Column("id", "string", required=True, primary_key=True, **about),),
        primary_key=("id",),
        version_column=None,
        event_time=None,
        partitioning=(),
        row_rules=(),
        table_rules=(),
        table_properties={},
        build=None if name == "events" else Build.model_validate(build),
    )


def reads(*names):
    return [{"table": f"processed.{name}", "reads": "all"} for name in names]


class FewTables:
    """`calendar` is built of nothing, `sums` of events, and `totals` of sums."""

    tables = (
        table("totals", *reads("sums")),
        table("events"),
        table("sums", *reads("events")),
        table("calendar"),
    )


@pytest.fixture(autouse=True)
def few_tables(monkeypatch):
    for module in (recompute, tables_command):
        monkeypatch.setattr(module.Graph, "of", lambda _: FEW)


FEW = Graph.of([FewTables()])


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch, others):
    # The module's own clock: threads of other tests go on sleeping by the real one.
    monkeypatch.setattr(recompute, "time", others.clock)
    for name in ("follow_refresh", "wait_for_refresh"):
        waiting = getattr(follow, name)
        monkeypatch.setattr(recompute, name, lambda lake, waiting=waiting: waiting(lake, pause=others.pause))


@pytest.fixture
def begins(lake):
    """A refresh begins and takes what is stale."""

    def begin(run_id=RUN):
        lake.ledger.locks.acquire(Workflow.REFRESH, run_id)
        lake.ledger.runs.start(run_id)
        lake.ledger.stale.claim(run_id)

    return begin


@pytest.fixture
def ends(lake):
    """A refresh ends well, having rebuilt or compared some tables."""

    def end(run_id=RUN, names=("processed.sums",), **about):
        done = [TableRefresh(table=name, scope="all rows", **({"outcome": "rebuilt"} | about)) for name in names]
        report = RefreshReport(run_id=run_id, tables=done, started_at="", ended_at="")
        key = f"runs/{run_id}/refresh.json"
        boto3.client("s3").put_object(Bucket="artifacts", Key=key, Body=report.model_dump_json().encode())
        lake.ledger.runs.finish(run_id, None, f"s3://artifacts/{key}")
        lake.ledger.locks.release(Workflow.REFRESH, run_id)

    return end


@pytest.fixture
def fails(lake):
    def fail(run_id=RUN):
        lake.ledger.runs.fail(run_id, "RefreshError", "sums: no")
        lake.ledger.locks.release(Workflow.REFRESH, run_id)

    return fail


class TestNames:
    def test_tables_are_built_in_their_order_however_they_are_named(self):
        assert recompute.physical_names(["totals", "processed.sums", "sums"]) == ["processed.sums", "processed.totals"]

    def test_all_are_all_that_are_built(self):
        assert recompute.physical_names(["all"]) == list(FEW.order)
        assert "processed.events" not in FEW.order

    @pytest.mark.parametrize("name", ["events", "nothing"])
    def test_a_table_that_is_not_built_names_those_that_are(self, name):
        with pytest.raises(NotFoundError, match=f"'{name}'.*processed.sums"):
            recompute.physical_names(["sums", name])


class TestRecompute:
    def test_tables_are_marked_whole_the_refresh_is_started_and_its_report_returned(self, lake, others, begins, ends):
        others.acts = [begins, ends]

        report = recompute.run_recompute(lake, ["processed.sums"])

        assert [(one.table, one.outcome) for one in report.tables] == [("processed.sums", "rebuilt")]
        (call,) = others.invoked
        assert (call["FunctionName"], json.loads(call["Payload"])) == (
            "test-run-coordinator",
            {"action": "start", "subject": Workflow.REFRESH},
        )
        (mark,) = lake.ledger.stale.of_run(RUN)
        assert (mark.table, mark.scope) == ("processed.sums", WHOLE)

    def test_a_refresh_at_work_before_is_waited_for_and_not_reported(self, lake, others, begins, ends):
        lake.ledger.stale.mark(LOAD, "processed.totals", WHOLE)
        begins()
        others.acts = [
            lambda: ends(names=["processed.totals"]),
            lambda: begins(OTHER_RUN),
            lambda: ends(OTHER_RUN),
        ]

        report = recompute.run_recompute(lake, ["processed.sums"])

        assert (report.run_id, [one.table for one in report.tables]) == (OTHER_RUN, ["processed.sums"])

    def test_a_refresh_that_had_begun_but_claimed_nothing_yet_may_take_the_marks(self, lake, others, begins, ends):
        lake.ledger.locks.acquire(Workflow.REFRESH, RUN)
        lake.ledger.runs.start(RUN)
        others.acts = [begins, ends]

        assert recompute.run_recompute(lake, ["processed.sums"]).run_id == RUN

    def test_marks_that_two_refreshes_shared_are_one_report(self, lake, others, begins, ends):
        others.acts = [
            begins,
            lambda: lake.ledger.stale.mark(request(lake), "processed.totals", WHOLE),
            ends,
            lambda: begins(OTHER_RUN),
            lambda: ends(OTHER_RUN, ["processed.totals"]),
        ]

        report = recompute.run_recompute(lake, ["processed.sums"])

        assert [one.table for one in report.tables] == ["processed.sums", "processed.totals"]

    def test_a_refresh_that_fails_is_an_error_that_says_where_to_look(self, lake, others, begins, fails):
        others.acts = [begins, fails]

        with pytest.raises(CommandError, match="`lake runs --dataset refresh`"):
            recompute.run_recompute(lake, ["processed.sums"])

    def test_a_refresh_that_cannot_be_started_is_an_error(self, lake, others, monkeypatch):
        class Payload:
            def read(self):
                return b'{"errorMessage": "no such machine"}'

        monkeypatch.setattr(others, "invoke", lambda **_: {"FunctionError": "Unhandled", "Payload": Payload()})

        with pytest.raises(CommandError, match="no such machine"):
            recompute.run_recompute(lake, ["processed.sums"])


def request(lake):
    (mark,) = lake.ledger.stale.of_run(RUN)
    return mark.run_id


class TestCheck:
    @pytest.fixture
    def compared(self, lake, others, ends):
        """The execution that was started compares, and finds what is given."""

        def act(*differences):
            (execution,) = others.started
            lake.ledger.runs.start(execution["name"])
            ends(execution["name"], outcome="checked", differences=differences)

        return act

    def test_the_comparison_is_an_execution_under_the_lock_and_marks_nothing(self, lake, others, compared):
        others.acts = [compared]

        report = recompute.run_check(lake, ["processed.sums"])

        (execution,) = others.started
        assert execution["stateMachineArn"] == lake.outputs.state_machine_arns[Workflow.REFRESH]
        assert json.loads(execution["input"]) == {
            "subject": Workflow.REFRESH,
            "run_id": execution["name"],
            "check": ["processed.sums"],
        }
        assert (report.run_id, report.tables[0].outcome) == (execution["name"], "checked")
        assert lake.ledger.stale.pending() == []
        assert others.invoked == []

    def test_a_refresh_at_work_is_waited_for(self, lake, others, begins, ends, compared):
        begins()
        others.acts = [lambda: None, ends, compared]

        assert recompute.run_check(lake, ["processed.sums"]).tables[0].outcome == "checked"

    def test_tables_that_an_earlier_failure_left_stale_can_be_compared(self, lake, others, begins, fails, compared):
        lake.ledger.stale.mark(LOAD, "processed.totals", WHOLE)
        begins()
        fails()
        others.acts = [compared]

        assert recompute.run_check(lake, ["processed.sums"]).tables[0].outcome == "checked"

    def test_a_comparison_that_cannot_be_started_does_not_keep_the_lock(self, lake, others):
        others.refuse = ClientError({"Error": {"Code": "AccessDeniedException"}}, "StartExecution")

        with pytest.raises(ClientError):
            recompute.run_check(lake, ["processed.sums"])

        assert lake.ledger.locks.get(Workflow.REFRESH) is None

    def test_a_refresh_that_the_router_began_under_our_lock_keeps_it(self, lake, others):
        others.refuse = ClientError({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")

        with pytest.raises(CommandError, match="check again"):
            recompute.run_check(lake, ["processed.sums"])

        assert lake.ledger.locks.get(Workflow.REFRESH) is not None

    def test_a_comparison_that_fails_is_an_error_with_its_cause(self, lake, others, fails):
        others.acts = [lambda: fails(others.started[0]["name"])]

        with pytest.raises(CommandError, match="RefreshError: sums: no"):
            recompute.run_check(lake, ["processed.sums"])


class TestCommand:
    @pytest.fixture
    def call(self, lake, monkeypatch):
        def run(*words, tables=()):
            report = RefreshReport(run_id=RUN, tables=tables, started_at="", ended_at="")
            for name in ("run_check", "run_recompute"):
                monkeypatch.setattr(recompute, name, lambda *_: report)
            return CliRunner().invoke(main.app, ["--env", "dev", "recompute", *words])

        return run

    def test_rebuilt_tables_are_listed(self, call):
        result = call(
            "sums", tables=[TableRefresh(table="processed.sums", scope="all rows", outcome="rebuilt", rows=7)]
        )

        assert result.exit_code == 0
        assert "processed.sums" in result.output

    def test_a_comparison_without_difference_says_so(self, call):
        checked = TableRefresh(table="processed.sums", scope="all rows", outcome="checked", rows=7)

        assert call("sums", "--check", tables=[checked]).exit_code == 0

    @pytest.mark.parametrize("as_json", [True, False])
    def test_a_difference_is_shown_and_fails_the_command(self, call, as_json):
        found = Difference(only_in="stored", rows=2, example={"id": "x-1"})
        table = TableRefresh(table="processed.sums", scope="all rows", outcome="checked", differences=[found])

        result = call("sums", "--check", *(["--json"] if as_json else []), tables=[table])

        assert result.exit_code == Exit.FAILED
        assert "x-1" in result.stdout
        if as_json:
            assert json.loads(result.stdout)["tables"][0]["differences"][0]["rows"] == 2

    def test_without_a_table_it_is_a_usage_error(self, call):
        assert call().exit_code == Exit.USAGE


class TestFollowing:
    def test_with_nothing_stale_there_is_nothing_to_wait_for(self, lake, others):
        assert follow_refresh(lake, pause=others.pause) == []

    def test_waiting_ends_when_nothing_is_stale_and_nothing_is_rebuilt(self, lake, others, begins, ends):
        lake.ledger.stale.mark(LOAD, "processed.events", WHOLE)
        others.acts = [
            begins,
            lambda: lake.ledger.stale.mark(LOAD, "processed.sums", WHOLE),
            ends,
            lambda: begins(OTHER_RUN),
            lambda: ends(OTHER_RUN),
        ]

        runs = follow_refresh(lake, pause=others.pause)

        assert others.acts == []
        assert {run.run_id for run in runs} == {RUN, OTHER_RUN}

    def test_a_failed_refresh_names_what_stays_stale(self, lake, others, begins, fails):
        lake.ledger.stale.mark(LOAD, "processed.events", WHOLE)
        others.acts = [begins, fails]

        with pytest.raises(CommandError, match=r"failed.*processed\.events.*`lake runs --dataset refresh`"):
            follow_refresh(lake, pause=others.pause)

    def test_patience_ends_when_nothing_changes(self, lake):
        lake.ledger.stale.mark(LOAD, "processed.events", WHOLE)
        seconds = iter(range(0, 10_000, 100))

        with pytest.raises(CommandError, match="not moved for 300 s"):
            follow_refresh(lake, patience_seconds=300, clock=lambda: next(seconds), pause=lambda _: None)


class EmptyTables:
    """A catalog in which some tables were never written."""

    def __init__(self, *names):
        self.names = names

    def load_table(self, identifier):
        snapshot = None if identifier[1] in self.names else object()
        return SimpleNamespace(current_snapshot=lambda: snapshot)


class TestNewTables:
    @pytest.fixture
    def built_while_empty(self, lake):
        def build(*names):
            tables_command._build_new_tables(lake, EmptyTables(*names))
            return sorted(mark.table.removeprefix("processed.") for mark in lake.ledger.stale.pending())

        return build

    def test_in_a_new_lake_only_what_needs_no_data_is_built(self, built_while_empty):
        assert built_while_empty("events", "sums", "totals", "calendar") == ["calendar"]

    def test_a_table_over_one_that_holds_rows_is_built_from_them(self, built_while_empty):
        assert built_while_empty("sums", "totals") == ["sums"]
        # totals is built after it: it is built from it

    def test_where_every_table_was_built_nothing_is_started(self, built_while_empty, others):
        assert built_while_empty() == []
        assert others.invoked == []


class TestRuns:
    def test_runs_of_the_refresh_are_listed_with_the_others(self, lake, begins, ends, monkeypatch):
        monkeypatch.setattr("cartlake_cli.commands.runs.runs.contracts.names", lambda: ("events",))
        lake.ledger.runs.start(LOAD)
        begins()
        ends()

        result = CliRunner().invoke(main.app, ["--env", "dev", "runs", "--json"])

        assert {run["run_id"] for run in json.loads(result.stdout)} == {LOAD, RUN}

    def test_a_run_of_the_refresh_shows_its_tables(self, lake, begins, ends):
        begins()
        ends()

        shown = CliRunner().invoke(main.app, ["--env", "dev", "run", "show", RUN])
        as_json = CliRunner().invoke(main.app, ["--env", "dev", "run", "show", RUN, "--json"])

        assert shown.exit_code == 0
        assert "processed.sums" in shown.stdout
        assert json.loads(as_json.stdout)["reports"]["refresh"]["tables"][0]["outcome"] == "rebuilt"
