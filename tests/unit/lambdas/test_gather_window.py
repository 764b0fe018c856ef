"""Files are gathered for the next run: none waits longer than the window, none is forgotten, and one run is enough."""

import math
from datetime import date, timedelta

import pytest

from cartlake.ledger import Backfill, Content, Ledger, ObjectVersion
from cartlake.refresh.graph import WHOLE
from cartlake.runs.documents import FileFormat
from cartlake.runs.ids import Workflow
from cartlake.times import utc_now
from lambdas.batch_claimer import handler as claimer
from lambdas.refresh_planner import handler as planner
from lambdas.run_coordinator import adapters
from lambdas.run_coordinator.domain import Coordinator, ExecutionState, Outcome
from tests.unit.lambdas.test_run_coordinator import UPKEEP_RUN, FakeExecutions

WINDOW = 60
DATASET = "transactions"


class Clock:
    """The time of the coordinator. The ledger's own is that of this machine."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead

    def forward(self, seconds):
        self.ahead += timedelta(seconds=seconds)


class Since:
    """How long a wait may be that ends so many seconds after a start: whole seconds, less those that have passed."""

    def __init__(self):
        self.start = utc_now()

    def seconds_until(self, seconds):
        passed = (utc_now() - self.start).total_seconds()
        return range(math.floor(seconds - passed), seconds + 1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def executions():
    return FakeExecutions()


@pytest.fixture
def coordinator(ledger, executions, clock):
    numbers = iter(range(1, 1000))
    return Coordinator(
        ledger,
        executions,
        lambda subject: f"{subject}-20260131T090000-{next(numbers):06x}",
        lambda: (DATASET, Workflow.REFRESH),
        {DATASET: WINDOW, Workflow.REFRESH: WINDOW}.get,
        clock,
    )


@pytest.fixture
def drop(ledger):
    """Have a validated file wait."""

    def wait(name="a.csv"):
        version = ObjectVersion(bucket="raw", key=f"incoming/{DATASET}/{name}", etag=name, size=1)
        content = Content(sha256=name, contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
        return ledger.files.validated(ledger.files.receive(DATASET, version).file_id, content)

    return wait


@pytest.fixture
def claim(account, lambda_context, executions):
    """The step Claim of an execution that waits, if it has to, before it claims."""

    def take(run_id, *, waited=True):
        execution = {"wait_seconds": executions.waits[run_id]}
        if waited and execution["wait_seconds"]:
            execution["claim"] = {"Payload": {}}
        event = {"dataset": DATASET, "run_id": run_id, "execution": execution}
        return claimer.lambda_handler(event, lambda_context)

    return take


@pytest.fixture
def loaded(coordinator, executions, drop, claim):
    """A first file, whose run has just ended, and the moment before its start."""
    since = Since()
    drop("first.csv")
    first = coordinator.start(DATASET)
    claim(first.run_id)
    executions.states[first.run_id] = ExecutionState.OVER
    coordinator.release(DATASET, first.run_id)
    return since


@pytest.fixture(autouse=True)
def any_object(monkeypatch):
    """Every file is still the object that was validated."""
    monkeypatch.setattr(claimer, "still_there", lambda *_: None)


def test_the_first_file_of_an_idle_dataset_starts_at_once(coordinator, executions, drop):
    drop()

    decision = coordinator.start(DATASET)

    assert (decision.outcome, executions.waits[decision.run_id]) == (Outcome.STARTED, 0)


def test_files_within_the_window_are_one_run_that_waits_for_its_end(
    coordinator,
    executions,
    drop,
    claim,
    clock,
    loaded,
    ledger,
):
    clock.forward(20)
    drop("a.csv")
    planned = coordinator.start(DATASET)
    clock.forward(20)
    drop("b.csv")
    again = coordinator.start(DATASET)

    assert (planned.outcome, again.outcome) == (Outcome.PLANNED, Outcome.GATHERING)
    assert (again.run_id, again.starts_at) == (planned.run_id, planned.starts_at)
    assert executions.waits[planned.run_id] in loaded.seconds_until(40)
    assert len(executions.starts) == 2  # the first run, and the one that waits
    assert ledger.locks.get(DATASET) is None

    assert claim(planned.run_id)["file_count"] == 2
    assert ledger.locks.get(DATASET).run_id == planned.run_id


def test_after_the_window_a_file_starts_at_once(coordinator, executions, drop, clock, loaded):
    clock.forward(WINDOW)
    drop("late.csv")

    decision = coordinator.start(DATASET)

    assert (decision.outcome, executions.waits[decision.run_id]) == (Outcome.STARTED, 0)


def test_files_that_arrive_during_a_run_are_gathered_when_it_ends(coordinator, executions, drop, claim, clock):
    since = Since()
    drop("first.csv")
    first = coordinator.start(DATASET)
    claim(first.run_id)
    drop("a.csv")
    assert coordinator.start(DATASET).outcome is Outcome.ALREADY_RUNNING
    clock.forward(15)

    planned = coordinator.release(DATASET, first.run_id)

    assert planned.outcome is Outcome.PLANNED
    assert executions.waits[planned.run_id] in since.seconds_until(45)


def test_a_run_that_took_longer_than_the_window_is_followed_at_once(coordinator, executions, drop, claim, clock):
    drop("first.csv")
    first = coordinator.start(DATASET)
    claim(first.run_id)
    drop("a.csv")
    clock.forward(WINDOW + 1)

    assert coordinator.release(DATASET, first.run_id).outcome is Outcome.STARTED


def test_other_datasets_and_by_default_the_refresh_have_no_window():
    assert adapters.gather_seconds(Workflow.REFRESH) == 0  # where the environment sets none
    assert adapters.gather_seconds("of_no_contract") == 0
    assert adapters.gather_seconds(DATASET) == 0  # the default


def test_a_backfill_waits_for_no_window(coordinator, drop, loaded, ledger):
    day = date(2026, 1, 31)
    ledger.backfills.request(Backfill(request_id="r", dataset=DATASET, first=day, last=day, requested_at="2026"))

    assert coordinator.start(DATASET).outcome is Outcome.STARTED


class TestNothingWaitsForEver:
    """Whatever goes wrong, the next event, or the end of an execution, has the files loaded."""

    def test_a_call_that_ended_before_it_started_the_waiting_run(self, coordinator, executions, drop, loaded):
        drop("a.csv")
        executions.crash = True
        with pytest.raises(TimeoutError):
            coordinator.start(DATASET)

        decision = coordinator.start(DATASET)  # EventBridge delivers the event again

        assert decision.outcome is Outcome.RESUMED
        assert executions.starts[-1] == (DATASET, decision.run_id)
        assert executions.waits[decision.run_id] > 0

    def test_a_waiting_run_that_was_aborted(self, coordinator, executions, drop, loaded, claim):
        drop("a.csv")
        aborted = coordinator.start(DATASET)
        executions.states[aborted.run_id] = ExecutionState.OVER

        decision = coordinator.release(DATASET, aborted.run_id)  # by job_events

        assert decision.outcome is Outcome.PLANNED
        assert decision.run_id != aborted.run_id
        assert claim(decision.run_id)["file_count"] == 1

    def test_a_waiting_run_that_was_aborted_and_the_window_is_over(self, coordinator, executions, drop, loaded, clock):
        drop("a.csv")
        aborted = coordinator.start(DATASET)
        executions.states[aborted.run_id] = ExecutionState.OVER
        clock.forward(WINDOW)

        assert coordinator.release(DATASET, aborted.run_id).outcome is Outcome.STARTED

    def test_a_clock_that_goes_back_by_a_day(self, coordinator, drop, loaded, clock):
        clock.forward(-86_400)
        drop("a.csv")

        assert coordinator.start(DATASET).outcome is Outcome.STARTED

    def test_a_file_that_arrives_while_the_waiting_run_claims(
        self,
        coordinator,
        executions,
        drop,
        loaded,
        claim,
        ledger,
        clock,
    ):
        drop("a.csv")
        planned = coordinator.start(DATASET)
        claim(planned.run_id)
        drop("late.csv")

        assert coordinator.start(DATASET).outcome is Outcome.ALREADY_RUNNING

        following = coordinator.release(DATASET, planned.run_id)
        assert following.outcome is Outcome.PLANNED
        assert claim(following.run_id)["file_count"] == 1

    @pytest.mark.parametrize("step", ["lock", "place"])
    def test_a_file_that_arrives_between_two_steps_of_the_claim(
        self,
        coordinator,
        executions,
        drop,
        loaded,
        claim,
        ledger,
        monkeypatch,
        step,
    ):
        """Before the lock is taken, or before the place is given up, a file finds a run that will see it."""
        drop("a.csv")
        planned = coordinator.start(DATASET)
        ours = claimer.ledger()
        part, name = (ours.locks, "acquire") if step == "lock" else (ours.next_runs, "begin")
        real = getattr(part, name)

        def with_a_file_before(*arguments):
            monkeypatch.setattr(part, name, real)
            drop("between.csv")
            assert coordinator.start(DATASET).outcome in {Outcome.GATHERING, Outcome.ALREADY_RUNNING}
            return real(*arguments)

        monkeypatch.setattr(part, name, with_a_file_before)

        assert claim(planned.run_id)["file_count"] == 2

    def test_a_place_that_was_given_up_while_a_file_looked(self, coordinator, executions, drop, loaded, claim, ledger):
        drop("a.csv")
        planned = coordinator.start(DATASET)
        plan = ledger.next_runs.plan

        def begun_meanwhile(other):
            ledger.next_runs.plan = plan
            taken = plan(other)
            assert claim(planned.run_id)["file_count"] == 2
            return taken

        ledger.next_runs.plan = begun_meanwhile
        drop("b.csv")

        assert coordinator.start(DATASET).outcome is Outcome.NOTHING_PENDING
        assert len(executions.starts) == 2

    def test_of_two_calls_that_find_an_aborted_run_one_replaces_it(self, coordinator, executions, drop, loaded, ledger):
        drop("a.csv")
        aborted = coordinator.start(DATASET)
        executions.states[aborted.run_id] = ExecutionState.OVER
        replace = ledger.next_runs.replace

        def beaten(*arguments):
            ledger.next_runs.replace = replace
            coordinator.start(DATASET)
            return replace(*arguments)

        ledger.next_runs.replace = beaten

        assert coordinator.start(DATASET).outcome is Outcome.GATHERING
        assert len(executions.starts) == 3  # the first run, the aborted one and the one in its place


class TestRefresh:
    """Refreshes start no sooner after one another than their window, whatever datasets change."""

    LOAD = f"{DATASET}-20260131T083000-aaaaaa"

    @pytest.fixture
    def mark(self, ledger, few_contracts):
        return lambda run_id=self.LOAD: ledger.stale.mark(run_id, "processed.events", WHOLE)

    @pytest.fixture
    def plan(self, account, lambda_context, executions):
        """The step Claim of an execution of the refresh that waits, if it has to, before it claims."""

        def take(run_id, *, waited=True):
            event = {"subject": Workflow.REFRESH, "run_id": run_id, "wait_seconds": executions.waits[run_id]}
            return planner.lambda_handler(event | ({"claim": {"Payload": {}}} if waited else {}), lambda_context)

        return take

    @pytest.fixture
    def refreshed(self, coordinator, executions, mark, plan):
        """A first refresh, which has just ended, and the moment before its start."""
        since = Since()
        mark()
        first = coordinator.start(Workflow.REFRESH)
        assert first.outcome is Outcome.STARTED
        assert plan(first.run_id, waited=False)["table_count"] == 2
        executions.states[first.run_id] = ExecutionState.OVER
        coordinator.release(Workflow.REFRESH, first.run_id)
        return since

    def test_what_changes_within_the_window_is_one_refresh_at_its_end(
        self, coordinator, executions, ledger, clock, mark, plan, refreshed
    ):
        clock.forward(20)
        mark()
        planned = coordinator.start(Workflow.REFRESH)
        clock.forward(20)
        mark(f"{DATASET}-20260131T083100-bbbbbb")
        again = coordinator.start(Workflow.REFRESH)

        assert (planned.outcome, again.outcome) == (Outcome.PLANNED, Outcome.GATHERING)
        assert executions.waits[planned.run_id] in refreshed.seconds_until(40)
        assert ledger.locks.get(Workflow.REFRESH) is None  # maintenance may have it meanwhile
        told_to_wait = plan(planned.run_id, waited=False)
        assert told_to_wait == {
            "run_id": planned.run_id,
            "wait_seconds": executions.waits[planned.run_id],
            "table_count": 0,
        }

        assert plan(planned.run_id)["table_count"] == 2

        assert len(ledger.stale.of_run(planned.run_id)) == 2
        assert ledger.locks.get(Workflow.REFRESH).run_id == planned.run_id
        assert ledger.next_runs.get(Workflow.REFRESH) is None

    def test_what_changes_during_a_refresh_waits_when_it_ends(self, coordinator, clock, mark, plan):
        mark()
        first = coordinator.start(Workflow.REFRESH)
        plan(first.run_id, waited=False)
        mark(f"{DATASET}-20260131T083100-bbbbbb")
        clock.forward(15)

        assert coordinator.release(Workflow.REFRESH, first.run_id).outcome is Outcome.PLANNED

    def test_after_the_window_it_starts_at_once(self, coordinator, clock, mark, refreshed):
        clock.forward(WINDOW)
        mark()

        assert coordinator.start(Workflow.REFRESH).outcome is Outcome.STARTED

    def test_a_command_waits_for_no_window_and_the_refresh_that_does_finds_it_at_work(
        self, coordinator, executions, ledger, mark, plan, refreshed
    ):
        mark()
        planned = coordinator.start(Workflow.REFRESH)

        asked = coordinator.start(Workflow.REFRESH, at_once=True)

        assert (asked.outcome, executions.waits[asked.run_id]) == (Outcome.STARTED, 0)
        late = plan(planned.run_id)
        assert late == {"run_id": planned.run_id, "wait_seconds": 0, "table_count": 0}
        assert ledger.runs.get(planned.run_id) is None  # it has done nothing
        assert plan(asked.run_id)["table_count"] == 2
        assert ledger.locks.get(Workflow.REFRESH).run_id == asked.run_id

    def test_a_refresh_that_has_waited_still_waits_for_files_that_are_being_loaded(
        self, coordinator, ledger, mark, plan, refreshed
    ):
        mark()
        planned = coordinator.start(Workflow.REFRESH)
        ledger.locks.acquire("events", "events-20260131T083500-cccccc")

        assert plan(planned.run_id)["wait_seconds"] == planner.LOOK_AGAIN_SECONDS
        ledger.locks.release("events", "events-20260131T083500-cccccc")

        assert plan(planned.run_id)["table_count"] == 2

    def test_the_window_is_a_setting_of_the_environment(self, monkeypatch):
        monkeypatch.setattr(adapters.settings(), "refresh_window_seconds", 120)

        assert adapters.gather_seconds(Workflow.REFRESH) == 120


class TestMaintenance:
    @pytest.fixture
    def maintained(self, ledger, executions):
        ledger.runs.start(UPKEEP_RUN)
        executions.states[UPKEEP_RUN] = ExecutionState.RUNNING

    def test_it_works_in_the_window_and_is_asked_to_go_when_that_is_over(
        self,
        coordinator,
        drop,
        loaded,
        clock,
        maintained,
    ):
        drop("a.csv")
        coordinator.start(DATASET)

        early = coordinator.hold(DATASET, UPKEEP_RUN)
        clock.forward(WINDOW)
        late = coordinator.hold(DATASET, UPKEEP_RUN)

        assert (early.outcome, early.waiting) == (Outcome.HELD, False)
        assert (late.outcome, late.waiting) == (Outcome.HELD, True)

    def test_files_of_a_run_that_found_the_lock_taken_start_when_it_is_released(
        self,
        coordinator,
        drop,
        loaded,
        claim,
        clock,
        maintained,
    ):
        drop("a.csv")
        planned = coordinator.start(DATASET)
        coordinator.hold(DATASET, UPKEEP_RUN)
        clock.forward(WINDOW)

        assert claim(planned.run_id)["file_count"] == 0
        assert coordinator.release(DATASET, planned.run_id).outcome is Outcome.ALREADY_RUNNING

        decision = coordinator.release(DATASET, UPKEEP_RUN)
        assert decision.outcome is Outcome.STARTED
        assert claim(decision.run_id)["file_count"] == 1
