import json
from functools import cache
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.ledger import Ledger
from lambdas.job_events.domain import JobRun, TaskFailure
from lambdas.job_events.settings import settings
from lambdas.shared.events import EventBus

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_stepfunctions import SFNClient

TOKEN_SPENT: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class GlueJobs:
    def __init__(self, glue: "GlueClient") -> None:
        self._glue = glue

    def ended(self, job_name: str, job_run_id: str, state: str) -> JobRun:
        """Look up what the event does not tell: the error, and the token the run was started with."""
        with aws_errors():
            run = self._glue.get_job_run(JobName=job_name, RunId=job_run_id)["JobRun"]
        return JobRun(
            job_name, job_run_id, state, run.get("ErrorMessage", ""), run.get("Arguments", {}).get("--task_token")
        )


class Tasks:
    def __init__(self, states: "SFNClient") -> None:
        self._states = states

    def fail(self, token: str, failure: TaskFailure) -> bool:
        """Fail the task that waits for the token. False if none does any more: it got its answer, or gave up."""
        try:
            with aws_errors():
                self._states.send_task_failure(taskToken=token, error=failure.error, cause=failure.cause)
        except ClientError as error:
            if error_code(error) in TOKEN_SPENT:
                return False
            raise
        return True


class Router:
    """The function file_router, which alone starts executions."""

    def __init__(self, function: str, lambdas: "LambdaClient") -> None:
        self._function = function
        self._lambdas = lambdas

    def release(self, dataset: str, run_id: str) -> None:
        """Have the dataset freed and the next run started. Asynchronous: Lambda retries, then keeps the event."""
        payload = {"action": "release", "dataset": dataset, "run_id": run_id}
        with aws_errors():
            self._lambdas.invoke(
                FunctionName=self._function, InvocationType="Event", Payload=json.dumps(payload).encode()
            )


@cache
def ledger() -> Ledger:
    return Ledger(settings().ledger_table, client("dynamodb"))


@cache
def event_bus() -> EventBus:
    return EventBus(settings().event_bus, client("events"))


@cache
def glue_jobs() -> GlueJobs:
    return GlueJobs(client("glue"))


@cache
def tasks() -> Tasks:
    return Tasks(client("stepfunctions"))


@cache
def router() -> Router:
    return Router(settings().file_router_function, client("lambda"))
