import json

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from cartlake.errors import TerminalError, TransientError
from cartlake.ledger import Content, FileState, Ledger, ObjectVersion, RunState
from cartlake.refresh.graph import WHOLE
from cartlake.runs.documents import FileFormat, RowCounts
from cartlake.runs.ids import Workflow
from lambdas.job_events import adapters, emr_serverless, handler
from lambdas.job_events.domain import EMR_SERVERLESS, JobRun, task_failure
from lambdas.job_events.settings import settings
from lambdas.shared import closing
from lambdas.shared.invoking import FunctionError

RUN_ID = "transactions-20260131T083000-aaaaaa"
REFRESH_RUN = "refresh-20260131T084000-bbbbbb"


@pytest.mark.parametrize(
    ("state", "message", "error", "cause"),
    [
        ("FAILED", "out of memory", "GlueJobFailed", "jr_1 of etl is FAILED: out of memory"),
        ("TIMEOUT", "", "GlueJobTimedOut", "longer than its timeout"),
        ("STOPPED", "", "GlueJobStopped", "was stopped"),
        ("SUCCEEDED", "", "GlueJobEndedSilently", "without returning its task token"),
    ],
)
def test_each_end_of_a_job_has_its_error(state, message, error, cause):
    failure = task_failure(JobRun("etl", "jr_1", state, message, "token"))

    assert failure.error == error
    assert cause in failure.cause


OF_GLUE = [
    "Internal service error",
    "Error Category: GLUE_INTERNAL_SERVICE_ERROR; Internal service error : Invalid Input Provided",
    "Error Category: LAUNCH_ERROR; the driver did not start",
    "LAUNCH ERROR | The specified subnet does not have enough free addresses to satisfy the request.",
    "Error Category: THROTTLING_ERROR; Failed Line Number: 41; An error occurred while calling o97.save",
    "Error Category: CONNECTION_ERROR; Failed Line Number: 7; An error occurred while calling o80.count",
    "Resource unavailable",
    "Max concurrent compute (DPU usage) exceeded",
    "An error occurred while calling o120.collect. Job aborted due to stage failure: ExecutorLostFailure (executor 3)",
    "An error occurred while calling o120.collect. Slave lost",
    "Py4JJavaError: An error occurred while calling o98.count: Unable to execute HTTP request: Read timed out",
    "Py4JJavaError: An error occurred while calling o9.count: Checkpoint block rdd_12_3 not found! Either the executor",
    "ThrottlingException: Rate exceeded (Service: AWSGlue; Status Code: 400)",
    "An error occurred (SlowDown) when calling the GetObject operation: Please reduce your request rate.",
    "TransientError: AWS did not carry out the call; try again: timed out",
]
OF_THE_JOB = [
    "",
    "Command failed with exit code 1",
    "Error Category: OUT_OF_MEMORY_ERROR; java.lang.OutOfMemoryError: Java heap space",
    "Error Category: IMPORT_ERROR; ModuleNotFoundError: No module named 'cartlake'",
    "Error Category: PERMISSION_ERROR; An error occurred (AccessDeniedException) when calling GetTable",
    "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 12; ValueError: not enough values to unpack",
    "ValueError: the job broke on purpose",
    # Our own errors are known by their class, whatever their text quotes.
    "BadFilesError: 1 file cannot be loaded: s3://raw/incoming/orders/Resource unavailable.csv",
    "Error Category: CONNECTION_ERROR; Failed Line Number: 9; RefreshError: Connection reset",
    "TerminalError: the reason was a ThrottlingException",
]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        *((message, "GlueInfrastructureError") for message in OF_GLUE),
        *((message, "GlueJobFailed") for message in OF_THE_JOB),
    ],
)
def test_what_glue_did_is_told_from_what_the_job_did(message, error):
    assert task_failure(JobRun("etl", "jr_1", "FAILED", message, "token")).error == error


@pytest.mark.parametrize("state", ["TIMEOUT", "STOPPED", "SUCCEEDED"])
def test_a_job_that_was_stopped_or_too_slow_is_never_started_again(state):
    failure = task_failure(JobRun("etl", "jr_1", state, "Resource unavailable", "token"))

    assert failure.error in {"GlueJobTimedOut", "GlueJobStopped", "GlueJobEndedSilently"}


def test_a_job_started_by_hand_fails_nobody():
    assert task_failure(JobRun("etl", "jr_1", "FAILED", "", None)) is None


def test_a_cause_is_cut_to_what_step_functions_takes():
    assert len(task_failure(JobRun("etl", "jr_1", "FAILED", "x" * 99_999, "token")).cause) <= 32_768


class FakeGlue:
    def __init__(self, arguments, message=""):
        self.run = {"Arguments": arguments, "ErrorMessage": message}

    def get_job_run(self, **_):
        return {"JobRun": self.run}


class FakeJobs:
    """Glue with job runs of two jobs; `racing` end before they can be stopped."""

    def __init__(self):
        self.runs, self.racing, self.asked = {"dataset-etl": [], "table-refresh": []}, set(), []

    def add(self, job, job_run_id, state, run_id=RUN_ID):
        run = {"Id": job_run_id, "JobRunState": state, "Arguments": {"--run_id": run_id} if run_id else {}}
        self.runs[job].append(run)

    def get_job_runs(self, *, JobName, MaxResults):  # noqa: N803 -- AWS
        return {"JobRuns": self.runs[JobName][:MaxResults]}

    def batch_stop_job_run(self, *, JobName, JobRunIds):  # noqa: N803 -- AWS
        self.asked.append((JobName, JobRunIds))
        stopped = [{"JobName": JobName, "JobRunId": each} for each in JobRunIds if each not in self.racing]
        errors = [{"JobName": JobName, "JobRunId": each} for each in JobRunIds if each in self.racing]
        return {"SuccessfulSubmissions": stopped, "Errors": errors}


class FakeStates:
    def __init__(self, error=None):
        self.failed, self.error = [], error

    def send_task_failure(self, **request):
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": ""}, "ResponseMetadata": {}}, "SendTaskFailure")
        self.failed.append(request)


class FakeLambda:
    def __init__(self):
        self.invoked = []

    def invoke(self, **request):
        self.invoked.append(request)


class TestJobRuns:
    @pytest.fixture
    def ended(self, account, monkeypatch, eventbridge, lambda_context):
        def call(states, state="FAILED", arguments=None, message="boom"):
            glue = FakeGlue({"--task_token": "token"} if arguments is None else arguments, message)
            monkeypatch.setattr(adapters, "client", {"glue": glue, "stepfunctions": states}.__getitem__)
            detail = {"jobName": "etl", "jobRunId": "jr_1", "state": state, "severity": "ERROR", "message": ""}
            event = eventbridge("aws.glue", "Glue Job State Change", detail)
            return handler.lambda_handler(event, lambda_context)

        return call

    def test_the_waiting_task_fails_with_the_jobs_error(self, ended):
        states = FakeStates()

        assert ended(states) == {"task_failed": True}

        (request,) = states.failed
        assert (request["taskToken"], request["error"]) == ("token", "GlueJobFailed")
        assert "boom" in request["cause"]

    @pytest.mark.parametrize("error", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
    def test_a_token_that_was_answered_before_is_fine(self, ended, error):
        assert ended(FakeStates(error), state="SUCCEEDED") == {"task_failed": False}

    def test_any_other_error_is_raised_so_that_lambda_tries_again(self, ended):
        with pytest.raises(ClientError):
            ended(FakeStates("AccessDeniedException"))

    def test_a_run_without_token_is_none_of_ours(self, ended):
        states = FakeStates()

        assert ended(states, arguments={}) == {"task_failed": False}
        assert states.failed == []


class TestExecutions:
    @pytest.fixture
    def ledger(self, account):
        return Ledger("ledger", account.dynamodb)

    @pytest.fixture
    def claimed(self, ledger):
        version = ObjectVersion(bucket="raw", key="incoming/transactions/a.csv", etag="e", size=1)
        file = ledger.files.receive("transactions", version)
        content = Content(sha256="c0ffee", contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
        ledger.locks.acquire("transactions", RUN_ID)
        ledger.runs.start(RUN_ID)
        ledger.runs.claim(RUN_ID, [ledger.files.validated(file.file_id, content)])
        return file.file_id

    @pytest.fixture
    def coordinator(self):
        return FakeLambda()

    @pytest.fixture
    def jobs(self):
        return FakeJobs()

    @pytest.fixture
    def recorder(self):
        """Whether the run's rows are published, as the recorder answers: they are not."""
        return lambda _function, _request: {"recorded": False}

    @pytest.fixture
    def ended(self, bus, coordinator, jobs, recorder, monkeypatch, eventbridge, lambda_context):
        monkeypatch.setattr(adapters, "client", {"lambda": coordinator, "glue": jobs}.__getitem__)
        monkeypatch.setattr(closing, "event_bus", lambda: bus)
        monkeypatch.setattr(closing, "invoke", recorder)

        def call(status="ABORTED", name=RUN_ID, **detail):
            detail |= {"name": name, "status": status, "executionArn": "arn", "stateMachineArn": "arn"}
            event = eventbridge("aws.states", "Step Functions Execution Status Change", detail)
            return handler.lambda_handler(event, lambda_context)

        return call

    def test_an_aborted_execution_fails_its_run_and_files_and_frees_the_dataset(
        self, ledger, claimed, ended, bus, coordinator
    ):
        assert ended() == {"run_failed": True, "stopped": []}

        assert ledger.files.get(claimed).state is FileState.FAILED
        run = ledger.runs.get(RUN_ID)
        assert (run.state, run.error) == (RunState.FAILED, "ExecutionAborted")
        assert bus.sent[0][0] == "RunFailed"
        (call,) = coordinator.invoked
        assert (call["FunctionName"], call["InvocationType"]) == ("cartlake-test-run-coordinator", "Event")
        assert b'"action": "release"' in call["Payload"]

    @pytest.mark.parametrize(
        "error", [FunctionError("recorder", {"errorMessage": "down"}), TransientError("throttled")]
    )
    def test_a_run_is_closed_without_the_recorder_too(self, ledger, claimed, ended, monkeypatch, error):
        def recorder(_function, _request):
            raise error

        monkeypatch.setattr(closing, "invoke", recorder)

        assert ended()["run_failed"] is True
        assert ledger.runs.get(RUN_ID).state is RunState.FAILED

    @pytest.mark.parametrize("recorder", [lambda _function, _request: {"recorded": True}])
    def test_a_run_whose_rows_are_published_has_not_failed(self, claimed, ended, bus, coordinator, recorder):
        assert ended() == {"run_failed": False, "stopped": []}

        assert bus.sent == []
        (call,) = coordinator.invoked
        assert b'"then_start": "refresh"' in call["Payload"]

    def test_error_and_cause_of_the_execution_are_kept(self, ledger, claimed, ended):
        ended("TIMED_OUT", error="States.Timeout", cause="36000 seconds")

        assert (ledger.runs.get(RUN_ID).error, ledger.runs.get(RUN_ID).cause) == ("States.Timeout", "36000 seconds")

    def test_what_the_state_machine_did_itself_is_not_done_again(self, ledger, claimed, ended, bus):
        ledger.runs.fail(RUN_ID, "AuditFailed", "duplicates")

        assert ended("FAILED", error="Other") == {"run_failed": False, "stopped": []}

        assert ledger.runs.get(RUN_ID).error == "AuditFailed"
        assert bus.sent == []

    def test_an_execution_that_failed_after_its_run_had_succeeded_only_frees_the_dataset(
        self, ledger, claimed, ended, coordinator
    ):
        ledger.runs.loaded(RUN_ID, [claimed])
        ledger.runs.finish(RUN_ID, RowCounts(read=0, published=0, quarantined=0, duplicate=0), "")

        assert ended("FAILED") == {"run_failed": False, "stopped": []}

        assert ledger.files.get(claimed).state is FileState.LOADED
        assert len(coordinator.invoked) == 1

    def test_a_refresh_that_ended_badly_leaves_its_tables_stale_but_starts_no_other_by_itself(
        self, ledger, ended, bus, coordinator
    ):
        ledger.stale.mark(RUN_ID, "processed.transactions", WHOLE)
        ledger.locks.acquire(Workflow.REFRESH, REFRESH_RUN)
        ledger.runs.start(REFRESH_RUN)
        ledger.stale.claim(REFRESH_RUN)

        assert ended("TIMED_OUT", name=REFRESH_RUN) == {"run_failed": True, "stopped": []}

        assert ledger.runs.get(REFRESH_RUN).state is RunState.FAILED
        assert [mark.table for mark in ledger.stale.of_failed_refreshes()] == ["processed.transactions"]
        assert not ledger.has_pending(Workflow.REFRESH)
        assert bus.sent[0][1]["workflow"] == Workflow.REFRESH
        assert json.loads(coordinator.invoked[0]["Payload"]) == {
            "action": "release",
            "subject": Workflow.REFRESH,
            "run_id": REFRESH_RUN,
        }

    @pytest.mark.parametrize("state", ["RUNNING", "STARTING", "WAITING"])
    def test_the_job_run_of_an_execution_that_was_stopped_is_stopped(self, claimed, ended, jobs, coordinator, state):
        jobs.add("dataset-etl", "jr_other", "RUNNING", "transactions-20260131T090000-cccccc")
        jobs.add("dataset-etl", "jr_by_hand", "RUNNING", None)
        jobs.add("dataset-etl", "jr_ended", "FAILED")
        jobs.add("dataset-etl", "jr_1", state)

        assert ended() == {"run_failed": True, "stopped": ["jr_1"]}

        assert jobs.asked == [("dataset-etl", ["jr_1"])]
        assert len(coordinator.invoked) == 1

    def test_a_job_run_that_ends_meanwhile_is_no_failure(self, claimed, ended, jobs):
        jobs.add("table-refresh", "jr_1", "RUNNING")
        jobs.racing = {"jr_1"}

        assert ended("TIMED_OUT") == {"run_failed": True, "stopped": []}

    def test_an_execution_started_by_hand_under_another_name_is_refused_aloud(self, account, ended):
        with pytest.raises(TerminalError, match="by-hand"):
            ended(name="by-hand")

    def test_an_event_of_another_source_is_refused(self, account, lambda_context, eventbridge):
        with pytest.raises(ValidationError):
            handler.lambda_handler(eventbridge("aws.s3", "Object Created", {}), lambda_context)


OF_EMR = "Job failed, please check complete logs in configured logging destination. "


@pytest.mark.parametrize(
    ("state", "message", "error", "cause"),
    [
        ("FAILED", f"{OF_EMR}ValueError: no", "EmrJobFailed", "EMR Serverless job run 00f1 of etl is FAILED"),
        ("FAILED", f"{OF_EMR}ExitCode: 1. Last few exceptions: RefreshError: SlowDown", "EmrJobFailed", "SlowDown"),
        ("FAILED", "Worker could not be allocated as the application has exceeded", "EmrInfrastructureError", "Worker"),
        ("FAILED", f"{OF_EMR}Caused by: ExecutorLostFailure (executor 3)", "EmrInfrastructureError", "executor 3"),
        ("TIMEOUT", "", "EmrJobTimedOut", "longer than its timeout"),
        ("CANCELLED", "", "EmrJobCancelled", "was cancelled"),
        ("SUCCESS", "", "EmrJobEndedSilently", "without returning its task token"),
    ],
)
def test_each_end_of_a_job_on_emr_serverless_has_its_error(state, message, error, cause):
    failure = task_failure(JobRun("etl", "00f1", state, message, "token", EMR_SERVERLESS))

    assert failure.error == error
    assert cause in failure.cause


class FakeEmr:
    """EMR Serverless with job runs of one application; `racing` end before they can be cancelled."""

    def __init__(self):
        self.runs, self.racing, self.cancelled = {}, set(), []

    def add(self, job_run_id, name, state="RUNNING", details="", arguments=()):
        submit = {"entryPoint": "s3://a/main.py", "entryPointArguments": list(arguments)}
        self.runs[job_run_id] = {
            "name": name,
            "state": state,
            "stateDetails": details,
            "jobDriver": {"sparkSubmit": submit},
        }

    def get_job_run(self, *, applicationId, jobRunId):  # noqa: N803 -- AWS
        return {"jobRun": self.runs[jobRunId]}

    def get_paginator(self, operation):
        assert operation == "list_job_runs"
        return self

    def paginate(self, *, applicationId, states):  # noqa: N803 -- AWS
        """Pages of one run each."""
        return [{"jobRuns": [{"id": one, **run}]} for one, run in self.runs.items() if run["state"] in states]

    def cancel_job_run(self, *, applicationId, jobRunId):  # noqa: N803 -- AWS
        if jobRunId in self.racing:
            error = {"Error": {"Code": "ValidationException", "Message": "ended"}, "ResponseMetadata": {}}
            raise ClientError(error, "CancelJobRun")
        self.cancelled.append(jobRunId)


class TestEmrServerless:
    @pytest.fixture
    def emr(self, monkeypatch):
        fake = FakeEmr()
        monkeypatch.setattr(emr_serverless, "client", {"emr-serverless": fake}.__getitem__)
        return fake

    @pytest.fixture
    def ended(self, account, emr, monkeypatch, eventbridge, lambda_context):
        def call(states, job_run_id, state):
            monkeypatch.setattr(adapters, "client", {"stepfunctions": states}.__getitem__)
            detail = {"applicationId": "00f0", "jobRunId": job_run_id, "state": state, "previousState": "RUNNING"}
            event = eventbridge("aws.emr-serverless", "EMR Serverless Job Run State Change", detail)
            return handler.lambda_handler(event, lambda_context)

        return call

    def test_the_task_that_waits_for_a_run_fails_with_its_error(self, emr, ended):
        states = FakeStates()
        emr.add("00f1", f"etl {RUN_ID}", "FAILED", f"{OF_EMR}boom", ["--run_id", RUN_ID, "--task_token", "token"])

        assert ended(states, "00f1", "FAILED") == {"task_failed": True}

        (request,) = states.failed
        assert (request["taskToken"], request["error"]) == ("token", "EmrJobFailed")
        assert "of etl is FAILED" in request["cause"]

    def test_a_run_that_was_cancelled_for_its_timeout_has_timed_out(self, emr, ended):
        states = FakeStates()
        emr.add("00f1", f"etl {RUN_ID}", "CANCELLED", "exceeded its execution timeout", ["--task_token", "token"])

        ended(states, "00f1", "CANCELLED")

        assert states.failed[0]["error"] == "EmrJobTimedOut"

    def test_a_run_without_a_name_or_a_token_fails_nobody(self, emr, ended):
        emr.add("00f1", "", "FAILED", arguments=["by", "hand", "alone"])

        assert ended(FakeStates(), "00f1", "FAILED") == {"task_failed": False}

    def test_the_runs_of_an_execution_that_was_stopped_are_cancelled(self, account, emr, monkeypatch):
        monkeypatch.setenv("EMR_APPLICATION_ID", "00f0")
        monkeypatch.setenv("GLUE_JOBS", "")
        settings.cache_clear()
        emr.add("00f1", f"dataset-etl {RUN_ID}", "QUEUED")
        emr.add("00f2", f"dataset-etl {RUN_ID}", "FAILED")
        emr.add("00f3", "dataset-etl transactions-20260131T090000-cccccc")
        emr.add("00f4", f"table-refresh {RUN_ID}")
        emr.racing = {"00f4"}

        try:
            assert adapters.stop_job_runs(RUN_ID) == ["00f1"]
        finally:
            settings.cache_clear()
        assert emr.cancelled == ["00f1"]
