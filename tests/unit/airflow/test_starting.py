"""Drops and starts: once, whatever is tried again, unless what was begun before has failed."""

import boto3
import pytest
from botocore.exceptions import ClientError

from cartlake.ledger import FileState
from cartlake.runs.ids import Workflow
from cartlake_airflow import starting
from cartlake_airflow.errors import BadTaskError, LakeError
from cartlake_airflow.starting import drop, start_run
from lambdas.run_coordinator.domain import ExecutionState

SOURCE = "s3://shop/2026-09-01.csv"
RUN = "transactions-20260901T060000-aaaaaa"


@pytest.fixture
def drops(dag_lake, task):
    return lambda source=SOURCE, name=None: drop(dag_lake, task, "transactions", source, name)


@pytest.fixture
def starts(dag_lake, task):
    return lambda workflow="refresh": start_run(dag_lake, task, workflow)


@pytest.fixture
def fails(ledger):
    """The run that claims a file fails."""

    def fail(file):
        ledger.locks.acquire("transactions", RUN)
        ledger.runs.start(RUN)
        ledger.runs.claim(RUN, [file])
        ledger.runs.fail(RUN, "AuditError", "too few rows")
        ledger.locks.release("transactions", RUN)

    return fail


class TestDrop:
    def test_the_id_is_that_of_the_record_that_the_lake_makes(self, drops, received, versions):
        found = drops()
        [(key, _)] = versions()
        assert received(key).file_id == found
        assert boto3.client("s3").get_object(Bucket="raw", Key=key)["Body"].read() == b"first"

    def test_tried_again_nothing_is_written_although_the_source_has_changed(self, drops, versions):
        first = drops()
        before = versions()
        boto3.client("s3").put_object(Bucket="shop", Key="2026-09-01.csv", Body=b"second")
        assert drops() == first
        assert versions() == before

    @pytest.mark.parametrize("state", ["received", "validated", "loaded"])
    def test_cleared_nothing_is_written_in_whatever_state_its_file_is(self, drops, versions, received, ledger, state):
        first = drops()
        before = versions()
        if state != "received":
            file = received(before[0][0])
        if state == "loaded":
            ledger.locks.acquire("transactions", RUN)
            ledger.runs.start(RUN)
            ledger.runs.claim(RUN, [file])
            ledger.runs.loaded(RUN, [first])
        assert drops() == first
        assert versions() == before

    def test_after_a_rejection_the_corrected_source_is_dropped_as_the_next_attempt(self, drops, versions, received):
        first = drops()
        received(versions()[0][0], rejected="renamed_columns")
        boto3.client("s3").put_object(Bucket="shop", Key="2026-09-01.csv", Body=b"second")

        second = drops()

        assert second != first
        keys = sorted(key for key, _ in versions())
        assert [key.split("/")[4][-2:] for key in keys] == ["-1", "-2"]
        assert boto3.client("s3").get_object(Bucket="raw", Key=keys[1])["Body"].read() == b"second"
        assert drops() == second

    def test_after_a_failed_run_it_is_dropped_again_once(self, drops, versions, received, fails):
        drops()
        fails(received(versions()[0][0]))
        assert drops() == drops()
        assert len(versions()) == 2

    def test_a_failed_file_that_was_replayed_meanwhile_is_waited_for(self, drops, versions, received, fails, ledger):
        first = drops()
        file = received(versions()[0][0])
        fails(file)
        ledger.files.requeue(file.file_id)
        assert ledger.files.get(first).state is FileState.VALIDATED
        assert drops() == first

    def test_a_duplicate_of_a_file_that_failed_is_dropped_again(self, drops, versions, received, fails):
        boto3.client("s3").put_object(Bucket="raw", Key="incoming/transactions/other.csv", Body=b"first")
        other = received("incoming/transactions/other.csv")
        first = drops()
        [mine] = [key for key, _ in versions() if "/airflow/" in key]
        assert received(mine).state is FileState.DUPLICATE
        assert drops() == first  # the other one may be loaded yet
        fails(other)
        assert drops() != first

    def test_another_try_that_writes_at_the_same_moment_has_written_the_same_file(
        self, drops, versions, tmp_path, monkeypatch
    ):
        file = tmp_path / "orders.csv"
        file.write_bytes(b"first")
        first = drops(str(file))
        # It looked before the other one wrote.
        known, looks = starting.file_under, iter([None])
        monkeypatch.setattr(starting, "file_under", lambda *about: next(looks, known(*about)))
        assert drops(str(file)) == first
        assert len(versions()) == 1

    def test_a_file_name_may_be_another_than_that_of_the_source(self, drops, versions):
        drops(name="orders.csv")
        assert versions()[0][0].endswith("/orders.csv")

    @pytest.mark.parametrize("source", ["s3://shop/none.csv", "/no/such/file.csv"])
    def test_a_source_that_is_not_there_is_named(self, drops, versions, source):
        with pytest.raises(LakeError, match=source):
            drops(source)
        assert versions() == []

    def test_a_write_that_another_one_disturbed_is_to_be_tried_again(self, dag_lake, drops, monkeypatch):
        def conflict(**_):
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "CopyObject")

        monkeypatch.setattr(dag_lake.client("s3"), "copy_object", conflict)
        with pytest.raises(LakeError, match="Another try of this task writes s3://raw/incoming/"):
            drops()

    def test_other_refusals_are_not_hidden(self, dag_lake, drops, monkeypatch):
        def denied(**_):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "CopyObject")

        monkeypatch.setattr(dag_lake.client("s3"), "copy_object", denied)
        with pytest.raises(ClientError, match="AccessDenied"):
            drops()


class TestStartRun:
    @pytest.mark.parametrize("workflow", [Workflow.REFRESH, Workflow.MAINTENANCE, Workflow.FORECAST])
    def test_the_run_has_the_name_of_the_task_and_holds_the_lock(self, starts, executions, ledger, task, workflow):
        run_id, other = starts(workflow)
        assert (run_id, other) == (task.run_of(workflow, 1), None)
        assert executions.started == [run_id]
        assert ledger.locks.get(workflow).run_id == run_id

    def test_it_asks_the_version_of_the_function_that_is_in_use(self, starts, function):
        starts()
        [request] = function.requests
        assert request["FunctionName"] == "test-run-coordinator:live"

    @pytest.mark.parametrize("record", [True, False])
    def test_tried_again_it_starts_nothing_before_and_after_its_first_step(self, starts, executions, ledger, record):
        run_id, _ = starts()
        if record:
            ledger.runs.start(run_id)
        assert starts() == (run_id, None)
        assert executions.started == [run_id]

    def test_cleared_it_starts_nothing_although_step_functions_has_forgotten_the_name(self, starts, executions, ledger):
        run_id, _ = starts()
        ledger.runs.start(run_id)
        ledger.runs.finish(run_id, None, "")
        ledger.locks.release("refresh", run_id)
        executions.states.clear()
        assert starts() == (run_id, None)
        assert executions.started == [run_id]

    def test_after_a_failure_it_starts_the_next_attempt_once(self, starts, executions, ledger, task):
        first, _ = starts()
        ledger.runs.start(first)
        ledger.runs.fail(first, "RefreshError", "no")
        executions.states[first] = ExecutionState.OVER
        ledger.locks.release("refresh", first)

        second, _ = starts()

        assert second == task.run_of("refresh", 2)
        assert starts() == (second, None)
        assert executions.started == [first, second]

    def test_while_another_run_is_at_work_it_starts_nothing_and_names_that(self, starts, executions, ledger, task):
        other = "refresh-20260901T055900-bbbbbb"
        ledger.locks.acquire("refresh", other)
        executions.states[other] = ExecutionState.RUNNING
        assert starts() == (task.run_of("refresh", 1), other)
        assert executions.started == []

        ledger.locks.release("refresh", other)
        assert starts() == (task.run_of("refresh", 1), None)

    def test_a_function_that_failed_is_named_with_its_error(self, starts, function):
        function.fails = {"errorType": "TransientError", "errorMessage": "DynamoDB was busy"}
        with pytest.raises(
            LakeError, match=r"test-run-coordinator failed: TransientError: DynamoDB was busy"
        ) as raised:
            starts()
        assert not isinstance(raised.value, BadTaskError)

    def test_a_lake_that_knows_no_such_request_is_of_an_earlier_version(self, starts, function):
        function.fails = {"errorType": "ValidationError", "errorMessage": "action"}
        with pytest.raises(BadTaskError, match="Is the lake of an earlier version"):
            starts()
