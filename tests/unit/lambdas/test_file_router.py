import boto3
import pytest
from pydantic import ValidationError

from cartlake.ledger import Content, FileState, Ledger, ObjectVersion
from cartlake.runs import REFRESH, RUN_ID, FileFormat
from cartlake.staleness import WHOLE
from lambdas.file_router import handler
from lambdas.file_router.adapters import StateMachines
from lambdas.file_router.domain import ExecutionState, Outcome, Router

OLD_RUN = "transactions-20260131T083000-000000"
REFRESH_RUN = "refresh-20260131T083000-000000"


class FakeExecutions:
    """State machine executions by run; `crash` makes the next start fail before anything has started."""

    def __init__(self):
        self.states, self.starts, self.crash = {}, [], False

    def state(self, run_id):
        return self.states.get(run_id, ExecutionState.NEVER_STARTED)

    def start(self, dataset, run_id):
        if self.crash:
            self.crash = False
            raise TimeoutError(run_id)
        self.starts.append((dataset, run_id))
        self.states[run_id] = ExecutionState.RUNNING
        return f"arn:{run_id}"


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def executions():
    return FakeExecutions()


@pytest.fixture
def router(ledger, executions):
    numbers = iter(range(1, 1000))
    return Router(ledger, executions, lambda dataset: f"{dataset}-20260131T090000-{next(numbers):06x}")


@pytest.fixture
def drop(ledger):
    """Have a validated file wait."""

    def wait(name="a.csv", dataset="transactions"):
        version = ObjectVersion(bucket="raw", key=f"incoming/{dataset}/{name}", etag=name, size=1)
        file = ledger.receive(dataset, version)
        content = Content(sha256=name, contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
        return ledger.validated(file.file_id, content)

    return wait


class TestStart:
    def test_a_waiting_file_starts_a_run_under_the_lock(self, router, executions, ledger, drop):
        drop()

        routing = router.start("transactions")

        assert routing.outcome is Outcome.STARTED
        assert executions.starts == [("transactions", routing.run_id)]
        lock = ledger.lock("transactions")
        assert (lock.run_id, lock.execution_arn) == (routing.run_id, f"arn:{routing.run_id}")

    def test_nothing_starts_when_nothing_waits(self, router, executions, ledger):
        assert router.start("transactions").outcome is Outcome.NOTHING_PENDING
        assert executions.starts == []
        assert ledger.lock("transactions") is None

    def test_many_events_start_one_run(self, router, executions, drop):
        drop("a.csv")
        first = router.start("transactions")
        drop("b.csv")

        again = router.start("transactions")

        assert (again.outcome, again.run_id) == (Outcome.ALREADY_RUNNING, first.run_id)
        assert len(executions.starts) == 1

    def test_datasets_do_not_wait_for_each_other(self, router, executions, drop):
        drop()
        drop(dataset="customers")

        router.start("transactions")
        router.start("customers")

        assert [dataset for dataset, _ in executions.starts] == ["transactions", "customers"]

    def test_a_lock_left_by_a_dead_execution_is_taken_over(self, router, executions, ledger, drop):
        drop()
        ledger.acquire_lock("transactions", OLD_RUN)
        executions.states[OLD_RUN] = ExecutionState.OVER

        routing = router.start("transactions")

        assert routing.outcome is Outcome.TAKEN_OVER
        assert ledger.lock("transactions").run_id == routing.run_id != OLD_RUN

    def test_a_lock_whose_execution_never_started_is_given_its_execution(self, router, executions, ledger, drop):
        drop()
        executions.crash = True
        with pytest.raises(TimeoutError):
            router.start("transactions")
        holder = ledger.lock("transactions").run_id

        routing = router.start("transactions")

        assert (routing.outcome, routing.run_id) == (Outcome.RESUMED, holder)
        assert executions.starts == [("transactions", holder)]

    def test_of_two_routers_that_find_a_dead_run_one_takes_over(self, router, executions, ledger, drop):
        drop()
        ledger.acquire_lock("transactions", OLD_RUN)
        executions.states[OLD_RUN] = ExecutionState.OVER
        take_over = ledger.take_over_lock

        def beaten(dataset, dead, run_id):
            ledger.take_over_lock = take_over
            router.start("transactions")
            return take_over(dataset, dead, run_id)

        ledger.take_over_lock = beaten

        assert router.start("transactions").outcome is Outcome.ALREADY_RUNNING
        assert len(executions.starts) == 1

    def test_a_lock_that_is_freed_while_we_look_is_tried_again(self, router, executions, ledger, drop):
        drop()
        ledger.acquire_lock("transactions", OLD_RUN)
        look = ledger.lock

        def freed(dataset):
            ledger.lock = look
            ledger.release_lock("transactions", OLD_RUN)
            return look(dataset)

        ledger.lock = freed

        assert router.start("transactions").outcome is Outcome.STARTED


class TestRelease:
    def test_files_that_came_during_a_run_start_the_next_at_once(self, router, executions, ledger, drop):
        drop("a.csv")
        first = router.start("transactions").run_id
        ledger.claim(first, ledger.pending("transactions"))
        drop("b.csv")

        routing = router.release("transactions", first)

        assert routing.outcome is Outcome.STARTED
        assert routing.run_id != first
        assert len(executions.starts) == 2

    def test_without_waiting_files_the_dataset_is_free(self, router, ledger):
        ledger.acquire_lock("transactions", OLD_RUN)

        assert router.release("transactions", OLD_RUN).outcome is Outcome.NOTHING_PENDING
        assert ledger.lock("transactions") is None

    def test_a_file_that_waits_since_the_last_look_of_its_own_router_is_not_forgotten(
        self, router, executions, ledger, drop
    ):
        """The one order of steps in which both could think that the other will do it."""
        drop("a.csv")
        first = router.start("transactions").run_id
        ledger.claim(first, ledger.pending("transactions"))
        release = ledger.release_lock

        def with_event_in_between(dataset, run_id):
            drop("b.csv")
            assert router.start("transactions").outcome is Outcome.ALREADY_RUNNING
            return release(dataset, run_id)

        ledger.release_lock = with_event_in_between

        assert router.release("transactions", first).outcome is Outcome.STARTED

    def test_releasing_twice_does_not_free_the_next_run(self, router, executions, ledger, drop):
        drop("a.csv")
        first = router.start("transactions").run_id
        ledger.claim(first, ledger.pending("transactions"))
        drop("b.csv")
        second = router.release("transactions", first).run_id

        again = router.release("transactions", first)

        assert (again.outcome, again.run_id) == (Outcome.ALREADY_RUNNING, second)
        assert ledger.lock("transactions").run_id == second


class TestHandler:
    @pytest.fixture
    def call(self, router, monkeypatch, lambda_context):
        monkeypatch.setattr(handler, "router", lambda: router)
        return lambda event: handler.lambda_handler(event, lambda_context)

    def test_the_event_of_a_validated_file(self, call, drop, eventbridge):
        drop()

        answer = call(eventbridge("cartlake", "FileValidated", {"dataset": "transactions", "file_id": "x"}))

        assert (answer["outcome"], answer["dataset"]) == ("started", "transactions")

    def test_the_last_step_of_the_state_machine(self, call, ledger):
        ledger.acquire_lock("transactions", OLD_RUN)

        answer = call({"action": "release", "dataset": "transactions", "run_id": OLD_RUN})

        assert answer == {"outcome": "nothing_pending", "dataset": "transactions", "run_id": None}
        assert ledger.lock("transactions") is None

    def test_a_start_by_hand(self, call, drop):
        drop()

        assert call({"action": "start", "dataset": "transactions"})["outcome"] == "started"

    @pytest.mark.parametrize("event", [{}, {"action": "stop"}, {"action": "release", "dataset": "transactions"}, None])
    def test_an_event_of_another_form_is_refused(self, call, event):
        with pytest.raises(ValidationError):
            call(event)


class TestRefresh:
    @pytest.fixture
    def mark(self, ledger):
        return lambda run_id=OLD_RUN: ledger.mark_stale(run_id, "processed.transactions", WHOLE)

    @pytest.fixture
    def begun(self, router, ledger):
        """Start a refresh and let it claim what is stale; returns its run."""

        def start():
            run_id = router.start(REFRESH).run_id
            ledger.start_run(run_id)
            ledger.claim_stale(run_id)
            return run_id

        return start

    def test_a_stale_table_starts_a_refresh_and_nothing_stale_starts_none(self, router, executions, mark):
        assert router.start(REFRESH).outcome is Outcome.NOTHING_PENDING
        mark()

        assert router.start(REFRESH).outcome is Outcome.STARTED
        assert [dataset for dataset, _ in executions.starts] == [REFRESH]

    def test_what_became_stale_during_a_refresh_starts_the_next_at_once(self, router, mark, begun):
        mark()
        first = begun()
        mark("transactions-20260131T084500-bbbbbb")

        assert router.start(REFRESH).outcome is Outcome.ALREADY_RUNNING
        routing = router.release(REFRESH, first)

        assert routing.outcome is Outcome.STARTED
        assert routing.run_id != first

    def test_a_refresh_that_failed_starts_no_other_until_something_else_becomes_stale(
        self, router, ledger, mark, begun
    ):
        mark()
        first = begun()
        ledger.fail_run(first, "RefreshError", "a transform is broken")

        assert router.release(REFRESH, first).outcome is Outcome.NOTHING_PENDING
        assert router.start(REFRESH).outcome is Outcome.NOTHING_PENDING

        mark("transactions-20260131T084500-bbbbbb")
        assert len(ledger.run_stale(begun())) == 2


class TestStateMachines:
    @pytest.fixture
    def states(self, account):
        return boto3.client("stepfunctions")

    @pytest.fixture
    def machines(self, states):
        return StateMachines(*(made(states, name) for name in ("ingest", "refresh")), states)

    def test_an_execution_is_named_by_its_run(self, machines, states):
        arn = machines.start("transactions", OLD_RUN)

        assert arn == machines.execution_arn(OLD_RUN)
        found = states.describe_execution(executionArn=arn)
        assert found["name"] == OLD_RUN
        assert found["stateMachineArn"].endswith(":stateMachine:ingest")
        assert found["input"] == f'{{"dataset": "transactions", "run_id": "{OLD_RUN}"}}'

    def test_a_refresh_is_an_execution_of_its_own_machine(self, machines, states):
        arn = machines.start(REFRESH, REFRESH_RUN)

        assert arn == machines.execution_arn(REFRESH_RUN)
        found = states.describe_execution(executionArn=arn)
        assert found["stateMachineArn"].endswith(":stateMachine:refresh")
        assert found["input"] == f'{{"dataset": "refresh", "run_id": "{REFRESH_RUN}"}}'

    @pytest.mark.parametrize(("dataset", "run_id"), [("transactions", OLD_RUN), (REFRESH, REFRESH_RUN)])
    def test_starting_twice_is_starting_once(self, machines, dataset, run_id):
        assert machines.start(dataset, run_id) == machines.start(dataset, run_id)

    @pytest.mark.parametrize(("dataset", "run_id"), [("transactions", OLD_RUN), (REFRESH, REFRESH_RUN)])
    def test_states_of_an_execution(self, machines, states, dataset, run_id):
        assert machines.state(run_id) is ExecutionState.NEVER_STARTED
        arn = machines.start(dataset, run_id)
        assert machines.state(run_id) is ExecutionState.RUNNING
        states.stop_execution(executionArn=arn)
        assert machines.state(run_id) is ExecutionState.OVER


@pytest.mark.parametrize("dataset", ["transactions", REFRESH])
def test_run_ids_of_the_real_router_are_run_ids(ledger, drop, lambda_context, dataset):
    for name in ("cartlake-test-ingest", "cartlake-test-refresh"):
        made(boto3.client("stepfunctions"), name)
    file = drop()
    ledger.mark_stale(OLD_RUN, "processed.transactions", WHOLE)

    answer = handler.lambda_handler({"action": "start", "dataset": dataset}, lambda_context)

    assert RUN_ID.fullmatch(answer["run_id"])["dataset"] == dataset
    assert ledger.lock(dataset).execution_arn.endswith(answer["run_id"])
    assert file.state is FileState.VALIDATED


def made(states, name):
    """Make a state machine, and return its ARN."""
    definition = '{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}'
    role = "arn:aws:iam::123456789012:role/states"
    return states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
