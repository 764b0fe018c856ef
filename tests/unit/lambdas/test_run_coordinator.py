import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from pydantic import ValidationError

from cartlake.ledger import Content, FileState, Ledger, ObjectVersion
from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.refresh.graph import WHOLE
from cartlake.runs.documents import FileFormat
from cartlake.runs.ids import RUN_ID, Workflow
from lambdas.run_coordinator import handler
from lambdas.run_coordinator.adapters import StateMachines
from lambdas.run_coordinator.domain import Coordinator, ExecutionState, Outcome

OLD_RUN = "transactions-20260131T083000-000000"
REFRESH_RUN = "refresh-20260131T083000-000000"
UPKEEP_RUN = "maintenance-20260131T083000-000000"


EACH_MACHINE = [("transactions", OLD_RUN), (Workflow.REFRESH, REFRESH_RUN), (Workflow.MAINTENANCE, UPKEEP_RUN)]


class FakeExecutions:
    """State machine executions by run; `crash` makes the next start fail before anything has started."""

    def __init__(self):
        self.states, self.starts, self.requests, self.waits, self.crash = {}, [], {}, {}, False

    def state(self, run_id):
        return self.states.get(run_id, ExecutionState.NEVER_STARTED)

    def execution_arn(self, run_id):
        return f"arn:{run_id}"

    def start(self, dataset, run_id, request=None, wait_seconds=0):
        self.requests[run_id], self.waits[run_id] = request, wait_seconds
        if self.crash:
            self.crash = False
            raise TimeoutError(run_id)
        self.starts.append((dataset, run_id))
        self.states[run_id] = ExecutionState.RUNNING
        return self.execution_arn(run_id)


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def executions():
    return FakeExecutions()


@pytest.fixture
def coordinator(ledger, executions):
    numbers = iter(range(1, 1000))
    subjects = ("customers", "transactions", Workflow.REFRESH)
    return Coordinator(
        ledger, executions, lambda subject: f"{subject}-20260131T090000-{next(numbers):06x}", lambda: subjects
    )


@pytest.fixture
def drop(ledger):
    """Have a validated file wait."""

    def wait(name="a.csv", dataset="transactions"):
        version = ObjectVersion(bucket="raw", key=f"incoming/{dataset}/{name}", etag=name, size=1)
        file = ledger.files.receive(dataset, version)
        content = Content(sha256=name, contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
        return ledger.files.validated(file.file_id, content)

    return wait


class TestManyFilesAtOnce:
    """Each file's event asks for a run; Step Functions is asked for the state of the running one only now and then."""

    @pytest.fixture
    def asked(self, executions, monkeypatch):
        known, runs = executions.state, []
        monkeypatch.setattr(executions, "state", lambda run_id: (runs.append(run_id), known(run_id))[1])
        return runs

    @pytest.fixture
    def clock(self, coordinator):
        at = [datetime(2026, 1, 31, 9, tzinfo=UTC)]
        return at, replace(coordinator, now=lambda: at[0])

    def test_while_its_run_was_started_a_moment_ago_nothing_is_asked(self, clock, drop, asked):
        _, coordinator = clock
        drop("a.csv")
        first = coordinator.file_waits("transactions")
        for number in range(20):
            drop(f"{number}.csv")

        later = [coordinator.file_waits("transactions") for _ in range(20)]

        assert {(one.outcome, one.run_id) for one in later} == {(Outcome.ALREADY_RUNNING, first.run_id)}
        assert asked == []

    def test_after_ten_seconds_it_is_asked_once_more(self, clock, drop, asked):
        at, coordinator = clock
        drop()
        first = coordinator.file_waits("transactions")

        at[0] += timedelta(seconds=10)
        assert [coordinator.file_waits("transactions").run_id for _ in range(5)] == [first.run_id] * 5

        assert asked == [first.run_id]

    def test_a_run_that_is_over_by_then_is_taken_over(self, clock, drop, executions):
        at, coordinator = clock
        drop()
        first = coordinator.file_waits("transactions")
        executions.states[first.run_id] = ExecutionState.OVER

        at[0] += timedelta(seconds=10)

        assert coordinator.file_waits("transactions").outcome is Outcome.TAKEN_OVER

    def test_once_the_lock_is_released_a_file_starts_a_run(self, clock, drop, ledger):
        _, coordinator = clock
        drop()
        first = coordinator.file_waits("transactions")
        ledger.locks.release("transactions", first.run_id)

        assert coordinator.file_waits("transactions").outcome is Outcome.STARTED

    def test_a_lock_that_another_run_has_now_is_looked_into(self, clock, drop, ledger, executions, asked):
        _, coordinator = clock
        drop()
        first = coordinator.file_waits("transactions")
        ledger.locks.release("transactions", first.run_id)
        ledger.locks.acquire("transactions", OLD_RUN)
        executions.states[OLD_RUN] = ExecutionState.OVER

        assert coordinator.file_waits("transactions").outcome is Outcome.TAKEN_OVER
        assert asked == [OLD_RUN]

    def test_a_clock_that_goes_back_forgets_what_was_seen(self, clock, drop, asked):
        at, coordinator = clock
        drop()
        first = coordinator.file_waits("transactions")

        at[0] -= timedelta(days=1)

        assert coordinator.file_waits("transactions").run_id == first.run_id
        assert asked == [first.run_id]


class TestStart:
    def test_a_waiting_file_starts_a_run_under_the_lock(self, coordinator, executions, ledger, drop):
        drop()

        decision = coordinator.start("transactions")

        assert decision.outcome is Outcome.STARTED
        assert executions.starts == [("transactions", decision.run_id)]
        lock = ledger.locks.get("transactions")
        assert (lock.run_id, lock.execution_arn) == (decision.run_id, f"arn:{decision.run_id}")

    def test_nothing_starts_when_nothing_waits(self, coordinator, executions, ledger):
        assert coordinator.start("transactions").outcome is Outcome.NOTHING_PENDING
        assert executions.starts == []
        assert ledger.locks.get("transactions") is None

    def test_many_events_start_one_run(self, coordinator, executions, drop):
        drop("a.csv")
        first = coordinator.start("transactions")
        drop("b.csv")

        again = coordinator.start("transactions")

        assert (again.outcome, again.run_id) == (Outcome.ALREADY_RUNNING, first.run_id)
        assert len(executions.starts) == 1

    def test_datasets_do_not_wait_for_each_other(self, coordinator, executions, drop):
        drop()
        drop(dataset="customers")

        coordinator.start("transactions")
        coordinator.start("customers")

        assert [dataset for dataset, _ in executions.starts] == ["transactions", "customers"]

    def test_a_lock_left_by_a_dead_execution_is_taken_over(self, coordinator, executions, ledger, drop):
        drop()
        ledger.locks.acquire("transactions", OLD_RUN)
        executions.states[OLD_RUN] = ExecutionState.OVER

        decision = coordinator.start("transactions")

        assert decision.outcome is Outcome.TAKEN_OVER
        assert ledger.locks.get("transactions").run_id == decision.run_id != OLD_RUN

    def test_a_lock_whose_execution_never_started_is_given_its_execution(self, coordinator, executions, ledger, drop):
        drop()
        executions.crash = True
        with pytest.raises(TimeoutError):
            coordinator.start("transactions")
        holder = ledger.locks.get("transactions").run_id

        decision = coordinator.start("transactions")

        assert (decision.outcome, decision.run_id) == (Outcome.RESUMED, holder)
        assert executions.starts == [("transactions", holder)]

    def test_of_two_calls_that_find_an_ended_run_one_takes_over(self, coordinator, executions, ledger, drop):
        drop()
        ledger.locks.acquire("transactions", OLD_RUN)
        executions.states[OLD_RUN] = ExecutionState.OVER
        take_over = ledger.locks.take_over

        def beaten(dataset, dead, run_id):
            ledger.locks.take_over = take_over
            coordinator.start("transactions")
            return take_over(dataset, dead, run_id)

        ledger.locks.take_over = beaten

        assert coordinator.start("transactions").outcome is Outcome.ALREADY_RUNNING
        assert len(executions.starts) == 1

    def test_a_lock_that_is_freed_while_we_look_is_tried_again(self, coordinator, executions, ledger, drop):
        drop()
        ledger.locks.acquire("transactions", OLD_RUN)
        look = ledger.locks.get

        def freed(dataset):
            ledger.locks.get = look
            ledger.locks.release("transactions", OLD_RUN)
            return look(dataset)

        ledger.locks.get = freed

        assert coordinator.start("transactions").outcome is Outcome.STARTED


class TestRelease:
    def test_files_that_came_during_a_run_start_the_next_at_once(self, coordinator, executions, ledger, drop):
        drop("a.csv")
        first = coordinator.start("transactions").run_id
        ledger.runs.claim(first, ledger.files.pending("transactions"))
        drop("b.csv")

        decision = coordinator.release("transactions", first)

        assert decision.outcome is Outcome.STARTED
        assert decision.run_id != first
        assert len(executions.starts) == 2

    def test_without_waiting_files_the_dataset_is_free(self, coordinator, ledger):
        ledger.locks.acquire("transactions", OLD_RUN)

        assert coordinator.release("transactions", OLD_RUN).outcome is Outcome.NOTHING_PENDING
        assert ledger.locks.get("transactions") is None

    def test_a_file_that_waits_since_the_last_look_of_its_own_coordinator_is_not_forgotten(
        self, coordinator, executions, ledger, drop
    ):
        """The one order of steps in which both could think that the other will do it."""
        drop("a.csv")
        first = coordinator.start("transactions").run_id
        ledger.runs.claim(first, ledger.files.pending("transactions"))
        release = ledger.locks.release

        def with_event_in_between(dataset, run_id):
            drop("b.csv")
            assert coordinator.start("transactions").outcome is Outcome.ALREADY_RUNNING
            return release(dataset, run_id)

        ledger.locks.release = with_event_in_between

        assert coordinator.release("transactions", first).outcome is Outcome.STARTED

    def test_releasing_twice_does_not_free_the_next_run(self, coordinator, executions, ledger, drop):
        drop("a.csv")
        first = coordinator.start("transactions").run_id
        ledger.runs.claim(first, ledger.files.pending("transactions"))
        drop("b.csv")
        second = coordinator.release("transactions", first).run_id

        again = coordinator.release("transactions", first)

        assert (again.outcome, again.run_id) == (Outcome.ALREADY_RUNNING, second)
        assert ledger.locks.get("transactions").run_id == second


class TestHandler:
    @pytest.fixture
    def call(self, coordinator, monkeypatch, lambda_context):
        monkeypatch.setattr(handler, "coordinator", lambda: coordinator)
        return lambda event: handler.lambda_handler(event, lambda_context)

    def test_the_event_of_a_validated_file(self, call, drop, eventbridge):
        drop()

        answer = call(eventbridge("cartlake", "FileValidated", {"dataset": "transactions", "file_id": "x"}))

        assert (answer["outcome"], answer["subject"]) == ("started", "transactions")

    def test_the_last_step_of_the_state_machine(self, call, ledger):
        ledger.locks.acquire("transactions", OLD_RUN)

        answer = call({"action": "release", "subject": "transactions", "run_id": OLD_RUN})

        assert answer == {
            "outcome": "nothing_pending",
            "subject": "transactions",
            "run_id": None,
            "waiting": False,
            "starts_at": None,
        }
        assert ledger.locks.get("transactions") is None

    def test_the_last_step_of_a_load_starts_the_refresh_of_what_it_made_stale(self, call, ledger):
        ledger.locks.acquire("transactions", OLD_RUN)
        ledger.stale.mark(OLD_RUN, "processed.transactions", WHOLE)
        release = {"action": "release", "subject": "transactions", "run_id": OLD_RUN}

        answer = call({**release, "then_start": "refresh"})

        assert (answer["subject"], answer["outcome"]) == ("transactions", "nothing_pending")
        refreshing = ledger.locks.get(Workflow.REFRESH)
        assert refreshing is not None
        call({**release, "then_start": "refresh"})  # a retry starts no other
        assert ledger.locks.get(Workflow.REFRESH).run_id == refreshing.run_id
        with pytest.raises(ValidationError):
            call({**release, "then_start": "transactions"})

    def test_the_last_step_of_a_load_that_changed_nothing_starts_no_refresh(self, call, ledger):
        call({"action": "release", "subject": "transactions", "run_id": OLD_RUN, "then_start": "refresh"})

        assert ledger.locks.get(Workflow.REFRESH) is None

    def test_the_schedule_and_the_job_of_maintenance(self, call, ledger):
        run_id = call({"action": "maintain"})["run_id"]
        ledger.runs.start(run_id)

        held = call({"action": "hold", "subject": "transactions", "run_id": run_id})

        assert held == {
            "outcome": "held",
            "subject": "transactions",
            "run_id": run_id,
            "waiting": False,
            "starts_at": None,
        }

    def test_the_schedule_of_the_forecast_starts_one_run_of_it(self, call, ledger):
        first, again = call({"action": "forecast"}), call({"action": "forecast"})

        assert (first["outcome"], again["outcome"]) == ("started", "already_running")
        assert first["run_id"] == again["run_id"] == ledger.locks.get(Workflow.FORECAST).run_id
        call({"action": "release", "subject": "forecast", "run_id": first["run_id"]})
        assert ledger.locks.get(Workflow.FORECAST) is None

    @pytest.mark.parametrize("more", [{"tables": "all"}, {"force": "often"}, {"older_than": 3}])
    def test_maintenance_of_another_form_is_refused(self, call, more):
        with pytest.raises(ValidationError):
            call({"action": "maintain", **more})

    def test_a_start_by_hand(self, call, drop):
        drop()

        assert call({"action": "start", "subject": "transactions"})["outcome"] == "started"

    @pytest.mark.parametrize("event", [{}, {"action": "stop"}, {"action": "release", "subject": "transactions"}, None])
    def test_an_event_of_another_form_is_refused(self, call, event):
        with pytest.raises(ValidationError):
            call(event)


class TestRefresh:
    @pytest.fixture
    def mark(self, ledger):
        return lambda run_id=OLD_RUN: ledger.stale.mark(run_id, "processed.transactions", WHOLE)

    @pytest.fixture
    def begun(self, coordinator, ledger):
        """Start a refresh and let it claim what is stale; returns its run."""

        def start():
            run_id = coordinator.start(Workflow.REFRESH).run_id
            ledger.runs.start(run_id)
            ledger.stale.claim(run_id)
            return run_id

        return start

    def test_a_stale_table_starts_a_refresh_and_nothing_stale_starts_none(self, coordinator, executions, mark):
        assert coordinator.start(Workflow.REFRESH).outcome is Outcome.NOTHING_PENDING
        mark()

        assert coordinator.start(Workflow.REFRESH).outcome is Outcome.STARTED
        assert [dataset for dataset, _ in executions.starts] == [Workflow.REFRESH]

    def test_what_became_stale_during_a_refresh_starts_the_next_at_once(self, coordinator, mark, begun):
        mark()
        first = begun()
        mark("transactions-20260131T084500-bbbbbb")

        assert coordinator.start(Workflow.REFRESH).outcome is Outcome.ALREADY_RUNNING
        decision = coordinator.release(Workflow.REFRESH, first)

        assert decision.outcome is Outcome.STARTED
        assert decision.run_id != first

    def test_a_refresh_that_failed_starts_no_other_until_something_else_becomes_stale(
        self, coordinator, ledger, mark, begun
    ):
        mark()
        first = begun()
        ledger.runs.fail(first, "RefreshError", "a transform is broken")

        assert coordinator.release(Workflow.REFRESH, first).outcome is Outcome.NOTHING_PENDING
        assert coordinator.start(Workflow.REFRESH).outcome is Outcome.NOTHING_PENDING

        mark("transactions-20260131T084500-bbbbbb")
        assert len(ledger.stale.of_run(begun())) == 2


class TestMaintenance:
    """Maintenance has one run at a time, and borrows datasets from those that load them."""

    @pytest.fixture
    def at_work(self, coordinator, ledger):
        run_id = coordinator.maintain(MaintenanceRequest()).run_id
        ledger.runs.start(run_id)
        return run_id

    def test_it_starts_with_what_was_asked_for(self, coordinator, executions, ledger):
        asked = MaintenanceRequest(tables=["processed.customers"], force=True)

        decision = coordinator.maintain(asked)

        assert (decision.outcome, executions.requests[decision.run_id]) == (Outcome.STARTED, asked)
        assert ledger.locks.get(Workflow.MAINTENANCE).run_id == decision.run_id

    def test_a_schedule_that_comes_twice_starts_it_once(self, coordinator, executions, at_work):
        again = coordinator.maintain(MaintenanceRequest())

        assert (again.outcome, again.run_id, len(executions.starts)) == (Outcome.ALREADY_RUNNING, at_work, 1)

    def test_one_whose_execution_never_began_is_given_it(self, coordinator, executions):
        executions.crash = True
        with pytest.raises(TimeoutError):
            coordinator.maintain(MaintenanceRequest())

        assert coordinator.maintain(MaintenanceRequest()).outcome is Outcome.RESUMED
        assert len(executions.starts) == 1

    def test_after_one_that_died_the_next_starts_and_frees_what_it_held(
        self, coordinator, executions, ledger, at_work, drop
    ):
        coordinator.hold("transactions", at_work)
        drop()
        executions.states[at_work] = ExecutionState.OVER

        decision = coordinator.maintain(MaintenanceRequest())

        assert decision.outcome is Outcome.STARTED
        assert [dataset for dataset, _ in executions.starts] == [
            Workflow.MAINTENANCE,
            "transactions",
            Workflow.MAINTENANCE,
        ]

    def test_a_free_dataset_is_lent_and_a_busy_one_is_not(self, coordinator, ledger, at_work):
        ledger.locks.acquire("customers", "customers-20260131T083000-000000")

        assert coordinator.hold("transactions", at_work).outcome is Outcome.HELD
        busy = coordinator.hold("customers", at_work)

        assert (busy.outcome, busy.run_id) == (Outcome.BUSY, "customers-20260131T083000-000000")
        assert ledger.locks.held_by(at_work, ["customers", "transactions"]) == ["transactions"]

    def test_files_that_come_meanwhile_wait_and_it_is_told(self, coordinator, executions, at_work, drop):
        coordinator.hold("transactions", at_work)
        drop()

        event = coordinator.start("transactions")
        asked = coordinator.hold("transactions", at_work)

        assert (event.outcome, event.run_id) == (Outcome.ALREADY_RUNNING, at_work)
        assert (asked.outcome, asked.waiting) == (Outcome.HELD, True)

    def test_giving_back_starts_the_run_that_waited(self, coordinator, executions, ledger, at_work, drop):
        coordinator.hold("transactions", at_work)
        drop()

        decision = coordinator.release("transactions", at_work)

        assert decision.outcome is Outcome.STARTED
        assert ledger.locks.get("transactions").run_id == decision.run_id
        assert executions.starts[-1][0] == "transactions"

    def test_its_end_frees_every_dataset_it_still_holds_and_starts_what_waits(
        self, coordinator, executions, ledger, at_work, drop
    ):
        """Its job was killed between taking a dataset and giving it back."""
        for dataset in ("customers", "transactions", Workflow.REFRESH):
            coordinator.hold(dataset, at_work)
        drop()

        coordinator.release(Workflow.MAINTENANCE, at_work)

        assert ledger.locks.get(Workflow.MAINTENANCE) is None
        assert ledger.locks.get("customers") is None
        assert ledger.locks.get(Workflow.REFRESH) is None
        assert ledger.locks.get("transactions").run_id == executions.starts[-1][1] != at_work

    @pytest.mark.parametrize("state", [ExecutionState.OVER, ExecutionState.NEVER_STARTED])
    def test_a_dataset_left_by_one_that_is_over_is_taken_over_by_the_next_file(
        self, coordinator, executions, ledger, at_work, drop, state
    ):
        """Also when AWS has forgotten the execution: nobody starts maintenance in the name of a dataset."""
        coordinator.hold("transactions", at_work)
        executions.states[at_work] = state
        drop()

        decision = coordinator.start("transactions")

        assert decision.outcome is Outcome.TAKEN_OVER
        assert executions.starts[-1] == ("transactions", decision.run_id)

    def test_a_job_that_outlives_its_run_is_lent_nothing(self, coordinator, ledger, at_work):
        ledger.runs.fail(at_work, "States.Timeout", "too long")

        assert coordinator.hold("transactions", at_work).outcome is Outcome.OVER
        assert coordinator.hold("transactions", UPKEEP_RUN).outcome is Outcome.OVER  # and one nobody knows
        assert ledger.locks.get("transactions") is None


class TestStateMachines:
    @pytest.fixture
    def states(self, account):
        return boto3.client("stepfunctions")

    @pytest.fixture
    def machines(self, states):
        return StateMachines({workflow: made(states, workflow) for workflow in Workflow})

    def test_an_execution_is_named_by_its_run(self, machines, states):
        arn = machines.start("transactions", OLD_RUN)

        assert arn == machines.execution_arn(OLD_RUN)
        found = states.describe_execution(executionArn=arn)
        assert found["name"] == OLD_RUN
        assert found["stateMachineArn"].endswith(":stateMachine:ingest")
        assert found["input"] == f'{{"subject": "transactions", "run_id": "{OLD_RUN}"}}'

    def test_a_refresh_is_an_execution_of_its_own_machine(self, machines, states):
        arn = machines.start(Workflow.REFRESH, REFRESH_RUN)

        assert arn == machines.execution_arn(REFRESH_RUN)
        found = states.describe_execution(executionArn=arn)
        assert found["stateMachineArn"].endswith(":stateMachine:refresh")
        assert found["input"] == f'{{"subject": "refresh", "run_id": "{REFRESH_RUN}"}}'

    @pytest.mark.parametrize(
        ("subject", "run_id"),
        [("transactions", OLD_RUN), (Workflow.REFRESH, REFRESH_RUN), (Workflow.MAINTENANCE, UPKEEP_RUN)],
    )
    def test_starting_twice_is_starting_once(self, machines, subject, run_id):
        assert machines.start(subject, run_id) == machines.start(subject, run_id)

    def test_maintenance_is_told_what_was_asked_for(self, machines, states):
        arn = machines.start(Workflow.MAINTENANCE, UPKEEP_RUN, MaintenanceRequest(force=True))

        found = states.describe_execution(executionArn=arn)
        assert found["stateMachineArn"].endswith(":stateMachine:maintenance")
        assert json.loads(found["input"])["request"] == {"tables": None, "force": True, "keep_snapshots_days": None}

    @pytest.mark.parametrize(
        ("subject", "run_id"),
        [("transactions", OLD_RUN), (Workflow.REFRESH, REFRESH_RUN), (Workflow.MAINTENANCE, UPKEEP_RUN)],
    )
    def test_states_of_an_execution(self, machines, states, subject, run_id):
        assert machines.state(run_id) is ExecutionState.NEVER_STARTED
        arn = machines.start(subject, run_id)
        assert machines.state(run_id) is ExecutionState.RUNNING
        states.stop_execution(executionArn=arn)
        assert machines.state(run_id) is ExecutionState.OVER


@pytest.mark.parametrize("subject", ["transactions", Workflow.REFRESH])
def test_the_coordinator_names_runs_by_their_subject(ledger, drop, lambda_context, subject):
    for name in ("cartlake-test-ingest", "cartlake-test-maintenance", "cartlake-test-refresh"):
        made(boto3.client("stepfunctions"), name)
    file = drop()
    ledger.stale.mark(OLD_RUN, "processed.transactions", WHOLE)

    answer = handler.lambda_handler({"action": "start", "subject": subject}, lambda_context)

    assert RUN_ID.fullmatch(answer["run_id"])["subject"] == subject
    assert ledger.locks.get(subject).execution_arn.endswith(answer["run_id"])
    assert file.state is FileState.VALIDATED


def made(states, name):
    """Make a state machine, and return its ARN."""
    definition = '{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}'
    role = "arn:aws:iam::123456789012:role/states"
    return states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]


@pytest.mark.parametrize("subject", ["transactions", Workflow.REFRESH])
def test_an_erasure_that_was_interrupted_keeps_its_locks(ledger, coordinator, executions, drop, subject):
    erasure = "erasure-20260131T083000-000000"
    ledger.locks.acquire(subject, erasure)
    if subject == Workflow.REFRESH:
        ledger.stale.mark(erasure, "processed.orders", WHOLE)
    else:
        drop("a.csv")
    decision = coordinator.start(subject)
    assert (decision.outcome, decision.run_id) == (Outcome.ALREADY_RUNNING, erasure)
    assert executions.starts == []


@pytest.mark.parametrize("workflow", [Workflow.MAINTENANCE, Workflow.FORECAST])
def test_maintenance_and_the_forecast_wait_for_an_erasure(ledger, coordinator, executions, workflow):
    ledger.locks.acquire(workflow, "erasure-20260131T083000-000000")
    assert coordinator.begin(workflow).outcome is Outcome.ALREADY_RUNNING
    assert executions.starts == []


class TestRunsThatAnOrchestratorNames:
    NAMED = "maintenance-20260901T060000-0123456789abcdef"
    OTHER = "maintenance-20260901T055900-bbbbbb"

    @pytest.fixture
    def begins(self, coordinator):
        return lambda run_id=self.NAMED: coordinator.begin_as(Workflow.MAINTENANCE, run_id)

    def test_it_is_started_under_its_name_with_the_lock(self, begins, executions, ledger):
        assert begins().outcome is Outcome.STARTED
        assert executions.starts == [(Workflow.MAINTENANCE, self.NAMED)]
        lock = ledger.locks.get(Workflow.MAINTENANCE)
        assert (lock.run_id, lock.execution_arn) == (self.NAMED, f"arn:{self.NAMED}")

    @pytest.mark.parametrize("state", [ExecutionState.RUNNING, ExecutionState.OVER])
    def test_asked_again_nothing_is_started(self, begins, executions, ledger, state):
        begins()
        executions.states[self.NAMED] = state
        if state is ExecutionState.OVER:
            ledger.locks.release(Workflow.MAINTENANCE, self.NAMED)
        decision = begins()
        assert (decision.outcome, decision.run_id) == (Outcome.ALREADY_STARTED, self.NAMED)
        assert len(executions.starts) == 1
        assert (ledger.locks.get(Workflow.MAINTENANCE) is None) == (state is ExecutionState.OVER)

    def test_asked_again_after_step_functions_forgot_the_name_nothing_is_started(self, begins, executions, ledger):
        ledger.runs.start(self.NAMED)
        ledger.runs.finish(self.NAMED, None, "")
        assert begins().outcome is Outcome.ALREADY_STARTED
        assert executions.starts == []

    def test_a_call_that_ended_between_lock_and_start_is_completed(self, begins, executions):
        executions.crash = True
        with pytest.raises(TimeoutError):
            begins()
        assert begins().outcome is Outcome.STARTED
        assert executions.starts == [(Workflow.MAINTENANCE, self.NAMED)]

    def test_while_another_run_is_at_work_it_is_busy(self, begins, executions, ledger):
        ledger.locks.acquire(Workflow.MAINTENANCE, self.OTHER)
        executions.states[self.OTHER] = ExecutionState.RUNNING
        decision = begins()
        assert (decision.outcome, decision.run_id) == (Outcome.BUSY, self.OTHER)
        assert executions.starts == []
        assert ledger.locks.get(Workflow.MAINTENANCE).run_id == self.OTHER

    def test_another_run_that_never_started_is_started_first(self, begins, executions, ledger):
        ledger.locks.acquire(Workflow.MAINTENANCE, self.OTHER)
        assert begins().outcome is Outcome.BUSY
        assert executions.starts == [(Workflow.MAINTENANCE, self.OTHER)]

    def test_the_lock_of_a_run_whose_execution_is_over_is_taken_over(self, begins, executions, ledger):
        ledger.locks.acquire(Workflow.MAINTENANCE, self.OTHER)
        ledger.locks.acquire("customers", self.OTHER)
        executions.states[self.OTHER] = ExecutionState.OVER
        assert begins().outcome is Outcome.STARTED
        assert ledger.locks.get(Workflow.MAINTENANCE).run_id == self.NAMED
        assert ledger.locks.get("customers") is None

    def test_an_erasure_is_waited_for(self, begins, executions, ledger):
        ledger.locks.acquire(Workflow.MAINTENANCE, "erasure-20260131T083000-000000")
        assert begins().outcome is Outcome.BUSY
        assert executions.starts == []

    @pytest.mark.parametrize(
        ("workflow", "run_id"),
        [
            ("refresh", NAMED),
            ("maintenance", "maintenance-20260901T060000-0123456789abcdef0"),
            ("maintenance", "maintenance-2026-0123456789abcdef"),
            ("transactions", "transactions-20260901T060000-0123456789abcdef"),
        ],
    )
    def test_a_name_that_is_not_of_the_workflow_is_refused(self, workflow, run_id):
        with pytest.raises(ValidationError):
            handler.Request.model_validate({"action": "begin", "workflow": workflow, "run_id": run_id})

    def test_the_function_starts_it(self, ledger, lambda_context, monkeypatch, coordinator):
        monkeypatch.setattr(handler, "coordinator", lambda: coordinator)
        request = {"action": "begin", "workflow": "maintenance", "run_id": self.NAMED}
        answers = [handler.lambda_handler(request, lambda_context)["outcome"] for _ in range(2)]
        assert answers == ["started", "already_started"]
