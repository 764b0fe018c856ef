"""Glue job runs, waiting tasks and the run coordinator, as `job_events` calls them."""

import json
from typing import Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from lambdas.job_events.domain import JobRun, TaskFailure
from lambdas.job_events.settings import settings

CLOSED_TOKENS: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
"""Error codes for a task that no longer waits: it was answered, or the execution went on without it."""


def ended_job_run(job_name: str, job_run_id: str, state: str) -> JobRun:
    """Return the run, with what the event lacks: the error, and the task token the run was started with."""
    with aws_errors():
        run = client("glue").get_job_run(JobName=job_name, RunId=job_run_id)["JobRun"]
    return JobRun(
        job_name, job_run_id, state, run.get("ErrorMessage", ""), run.get("Arguments", {}).get("--task_token")
    )


def fail_task(token: str, failure: TaskFailure) -> bool:
    """Fail the task that waits for the token. Returns False if no task waits for it any more."""
    try:
        with aws_errors():
            client("stepfunctions").send_task_failure(taskToken=token, error=failure.error, cause=failure.cause)
    except ClientError as error:
        if error_code(error) in CLOSED_TOKENS:
            return False
        raise
    return True


def release(subject: str, run_id: str) -> None:
    """Have the run coordinator free the lock of a run, and start the next run. Asynchronous: Lambda itself retries."""
    payload = json.dumps({"action": "release", "subject": subject, "run_id": run_id}).encode()
    with aws_errors():
        client("lambda").invoke(
            FunctionName=settings().run_coordinator_function, InvocationType="Event", Payload=payload
        )
