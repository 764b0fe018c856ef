from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from cartlake.aws import s3
from cartlake.errors import TerminalError
from cartlake.ledger import Ledger, LockHeldError, RunState
from cartlake.refresh.day_ranges import DayRange, of_days
from cartlake.refresh.graph import WHOLE, GraphError, Scope, StaleTable
from cartlake.runs.documents import RefreshPlan
from cartlake.runs.ids import Workflow
from cartlake.times import utc_now
from lambdas.refresh_planner import handler

RUN_ID = "refresh-20260131T084000-bbbbbb"
PLAN = f"s3://artifacts/runs/{RUN_ID}/plan.json"


def days(*numbers):
    return Scope(days=of_days(date(2026, 1, number) for number in numbers))


@pytest.fixture
def ledger(account, few_contracts):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def mark(ledger):
    """Note that a run changed some days of a table."""
    numbers = iter(range(1, 1000))

    def put(table, scope):
        ledger.stale.mark(f"events-20260131T083000-{next(numbers):06x}", f"processed.{table}", scope)

    return put


@pytest.fixture
def claim(ledger, lambda_context):
    return lambda run_id=RUN_ID, **more: handler.lambda_handler(
        {"dataset": Workflow.REFRESH, "run_id": run_id, **more}, lambda_context
    )


@pytest.fixture
def plan(account):
    return lambda: RefreshPlan.model_validate(account.read_json(PLAN))


def test_a_change_becomes_a_plan_of_all_that_is_built_from_it(ledger, mark, claim, plan):
    mark("events", days(3))

    assert claim() == {
        "run_id": RUN_ID,
        "wait_seconds": 0,
        "table_count": 2,
        "plan_uri": PLAN,
        "refresh_job": "table-refresh",
        "runner": "glue",  # no table is there yet, so nobody knows how large they are
    }
    assert plan().engine.reason == "the size of a table is not known"
    assert (plan().run_id, plan().check) == (RUN_ID, False)
    assert plan().tables == [
        StaleTable(table="processed.sums", scope=days(3)),
        StaleTable(table="processed.totals", scope=WHOLE, after=("processed.sums",)),
    ]
    assert ledger.runs.get(RUN_ID).state is RunState.RUNNING
    assert ledger.locks.get(Workflow.REFRESH).run_id == RUN_ID
    assert not ledger.has_pending(Workflow.REFRESH)


@pytest.mark.parametrize(
    ("sizes", "runner", "reason"),
    [
        ({}, "light", "0 MB in 3 tables to read or to rebuild; limit 1,024 MB"),
        ({"processed.events": 2_000_000}, "light", "2.0 MB in 3 tables to read or to rebuild; limit 1,024 MB"),
        ({"processed.events": 2_000_000_000}, "glue", "too large for the light engine: 2,000 MB in 3 tables"),
        ({"processed.events": None}, "glue", "the size of a table is not known"),
    ],
)
def test_the_engine_follows_from_the_bytes_of_all_tables_that_are_read_or_rebuilt(
    mark, claim, plan, ledger, monkeypatch, sizes, runner, reason
):
    monkeypatch.setattr(handler, "table_bytes", lambda database, table: sizes.get(f"{database}.{table}", 0))
    mark("events", days(3))

    assert claim()["runner"] == runner
    assert plan().engine.reason.startswith(reason)
    assert ledger.runs.get(RUN_ID).engine == plan().engine


def test_a_refresh_that_was_too_large_is_remembered(mark, claim, ledger, monkeypatch):
    monkeypatch.setattr(handler, "table_bytes", lambda *_table: 1_000_000)
    ledger.fallbacks.note(
        Workflow.REFRESH, "refresh-20260131T083000-aaaaaa", "Runtime.OutOfMemory", 3_000_000, utc_now()
    )
    mark("events", days(3))

    assert claim()["runner"] == "glue"


def test_the_changes_of_many_runs_become_one_scope_of_each_table(mark, claim, plan):
    for scope in (days(3), days(5), days(4), days(3), days(9)):
        mark("events", scope)

    assert claim()["table_count"] == 2

    assert plan().tables[0].scope.days == (
        DayRange(first=date(2026, 1, 3), last=date(2026, 1, 5)),
        DayRange(first=date(2026, 1, 9), last=date(2026, 1, 9)),
    )


def test_a_built_table_that_is_to_be_built_anew_is_in_the_plan_itself(mark, claim, plan):
    mark("sums", WHOLE)

    claim()

    assert [(one.table, one.scope) for one in plan().tables] == [
        ("processed.sums", WHOLE),
        ("processed.totals", WHOLE),
    ]


def test_a_table_that_no_contract_describes_any_more_is_passed_over(mark, claim, plan):
    mark("forgotten", WHOLE)
    mark("events", days(3))

    assert claim()["table_count"] == 2
    assert [one.table for one in plan().tables] == ["processed.sums", "processed.totals"]


@pytest.mark.parametrize(
    "marks",
    [
        pytest.param((), id="nothing is stale"),
        pytest.param((("totals_of_old", WHOLE),), id="only what nobody knows any more"),
    ],
)
def test_a_refresh_with_nothing_to_do_has_succeeded_at_once(ledger, mark, claim, marks):
    for table, scope in marks:
        mark(table, scope)

    assert claim()["table_count"] == 0

    assert ledger.runs.get(RUN_ID).state is RunState.SUCCEEDED
    assert ledger.stale.pending() == []


def test_what_becomes_stale_after_a_refresh_had_nothing_to_do_waits_for_the_next(ledger, mark, claim):
    """The function died before it could answer, and is invoked again: the run is over already."""
    claim()
    mark("events", days(3))

    assert claim()["table_count"] == 0

    assert ledger.has_pending(Workflow.REFRESH)


def test_invoked_again_it_keeps_what_it_has_and_takes_what_came(ledger, mark, claim, plan, monkeypatch):
    mark("events", days(3))
    with monkeypatch.context() as crash:
        crash.setattr(handler.s3, "write_text", lambda *_: (_ for _ in ()).throw(TimeoutError))
        with pytest.raises(TimeoutError):
            claim()
    mark("events", days(9))

    claim()

    assert plan().tables[0].scope == days(3, 9)


def test_a_run_may_not_plan_while_another_holds_the_refresh(ledger, mark, claim):
    mark("events", days(3))
    ledger.locks.acquire(Workflow.REFRESH, "refresh-20260131T080000-ffffff")

    with pytest.raises(LockHeldError, match=RUN_ID):
        claim()

    assert ledger.has_pending(Workflow.REFRESH)
    assert ledger.runs.get(RUN_ID) is None


def test_the_run_knows_its_execution(ledger, mark, claim):
    mark("events", days(3))
    ledger.locks.acquire(Workflow.REFRESH, RUN_ID)
    ledger.locks.note_execution(Workflow.REFRESH, RUN_ID, "arn:execution")

    claim()

    assert ledger.runs.get(RUN_ID).execution_arn == "arn:execution"


def test_contracts_that_make_no_sense_do_not_start_run_after_run(ledger, mark, claim, monkeypatch):
    mark("events", days(3))
    monkeypatch.setattr(handler, "graph", lambda: (_ for _ in ()).throw(GraphError("a circle")))

    with pytest.raises(GraphError):
        claim()
    ledger.runs.fail(RUN_ID, "GraphError", "a circle")

    assert not ledger.has_pending(Workflow.REFRESH)
    assert len(ledger.stale.pending()) == 1


class TestCheck:
    def test_tables_are_compared_whole_each_on_its_own(self, claim, plan):
        assert claim(check=["totals", "processed.sums"])["table_count"] == 2

        assert plan().check
        assert plan().tables == [
            StaleTable(table="processed.totals", scope=WHOLE),
            StaleTable(table="processed.sums", scope=WHOLE),
        ]

    def test_what_is_stale_is_left_to_the_next_refresh(self, ledger, mark, claim):
        mark("events", days(3))

        claim(check=["sums"])

        assert ledger.has_pending(Workflow.REFRESH)
        assert ledger.stale.of_run(RUN_ID) == []

    @pytest.mark.parametrize(
        ("names", "says"),
        [(["events"], "No table 'events' is built"), (["nothing"], "sums, processed.totals"), ([], "named none")],
    )
    def test_a_table_that_is_not_built_is_refused(self, claim, names, says):
        with pytest.raises(TerminalError, match=says):
            claim(check=names)


def test_a_malformed_request_is_refused(ledger, lambda_context):
    with pytest.raises(ValidationError):
        handler.lambda_handler({"dataset": Workflow.REFRESH}, lambda_context)


LOADING = "events-20260131T083500-cccccc"


def test_it_waits_for_runs_that_are_loading_files_and_then_takes_what_they_changed(ledger, mark, claim):
    mark("events", days(3))
    ledger.locks.acquire("events", LOADING)

    waiting = claim()
    mark("events", days(4))
    ledger.locks.release("events", LOADING)
    claim()

    assert waiting == {"run_id": RUN_ID, "wait_seconds": handler.LOOK_AGAIN_SECONDS, "table_count": 0}
    assert len(ledger.stale.of_run(RUN_ID)) == 2


def test_it_does_not_wait_for_the_run_that_started_it(ledger, mark, claim):
    mark("events", days(3))
    ledger.locks.acquire("events", LOADING)
    ledger.runs.start(LOADING, None)
    ledger.runs.finish(LOADING, None, "")

    assert claim()["table_count"] == 2


def test_it_waits_if_that_run_is_followed_by_another(ledger, mark, claim, monkeypatch):
    mark("events", days(3))
    ledger.locks.acquire("events", LOADING)
    ledger.runs.start(LOADING, None)
    ledger.runs.finish(LOADING, None, "")
    monkeypatch.setattr(type(ledger), "has_pending", lambda _, subject: subject == "events")

    assert claim()["wait_seconds"] == handler.LOOK_AGAIN_SECONDS


def test_it_does_not_wait_longer_than_it_may(ledger, mark, claim, monkeypatch):
    mark("events", days(3))
    ledger.locks.acquire("events", LOADING)
    monkeypatch.setattr(handler.settings(), "gather_seconds", 0)

    assert claim()["table_count"] == 2


def test_it_does_not_wait_again_once_it_has_claimed(ledger, mark, claim):
    mark("events", days(3))
    claim()
    ledger.locks.acquire("events", LOADING)

    assert claim()["table_count"] == 2


def test_a_check_waits_for_nobody(ledger, claim):
    ledger.locks.acquire("events", LOADING)

    assert claim(check=["sums"])["table_count"] == 1


def test_a_plan_says_that_it_repeats_what_a_failed_refresh_was_to_do(mark, claim, plan, ledger):
    mark("events", days(3))
    claim()
    assert not plan().retried
    ledger.runs.fail(RUN_ID, "RefreshError", "one table failed")
    ledger.locks.release(Workflow.REFRESH, RUN_ID)

    again = "refresh-20260131T090000-cccccc"
    claim(again)

    assert RefreshPlan.model_validate_json(s3.read_bytes(f"s3://artifacts/runs/{again}/plan.json")).retried


FORECAST_RUN = "forecast-20260131T084000-cccccc"


def test_a_forecast_plans_its_own_tables_under_its_own_lock(ledger, claim, account, monkeypatch, stand_in):
    monkeypatch.setattr(handler, "graph", lambda: stand_in)

    answer = claim(FORECAST_RUN)

    uri = f"s3://artifacts/runs/{FORECAST_RUN}/plan.json"
    assert answer == {"run_id": FORECAST_RUN, "plan_uri": uri, "forecast_job": "demand-forecast"}
    planned = RefreshPlan.model_validate(account.read_json(uri))
    assert planned.tables == [StaleTable(table=name, scope=WHOLE) for name in stand_in.forecast_order]
    assert ledger.runs.get(FORECAST_RUN).state is RunState.RUNNING
    assert (ledger.locks.get(Workflow.FORECAST).run_id, ledger.locks.get(Workflow.REFRESH)) == (FORECAST_RUN, None)
    with pytest.raises(LockHeldError, match="another run does"):
        claim("forecast-20260131T084000-dddddd")


@pytest.fixture
def stand_in():
    """The graph of the few contracts of these tests, whose last table is one of the forecast."""
    known = handler.graph()
    return replace(known, order=known.order[:-1], forecast_order=known.order[-1:])
