"""Job runs, waiting tasks and the run coordinator, as `job_events` calls them."""

import json
from typing import Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from lambdas.job_events.domain import JobRun, TaskFailure
from lambdas.job_events.emr_serverless import cancel_emr_job_runs
from lambdas.job_events.settings import settings
from lambdas.shared.closing import release_request

CLOSED_TOKENS: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
"""Error codes for a task that no longer waits: it was answered, or the execution went on without it."""


UNDER_WAY: Final = frozenset({"RUNNING", "STARTING", "WAITING"})
"""States of a Glue job run that can be stopped."""

MOST_LISTED: Final = 200
"""As many as GetJobRuns lists at once. A job has fewer runs at the same time, and they are its newest."""


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


def stop_job_runs(run_id: str) -> list[str]:
    """Stop the job runs of a run that are under way. Returns their ids. One that ends meanwhile is left out."""
    application_id = settings().emr_application_id
    return _stopped_on_glue(run_id) + (cancel_emr_job_runs(application_id, run_id) if application_id else [])


def _stopped_on_glue(run_id: str) -> list[str]:
    stopped = []
    for job in filter(None, settings().glue_jobs.split(",")):
        if found := _under_way(job, run_id):
            with aws_errors():
                answer = client("glue").batch_stop_job_run(JobName=job, JobRunIds=found)
            stopped += [each["JobRunId"] for each in answer["SuccessfulSubmissions"]]
    return stopped


def _under_way(job_name: str, run_id: str) -> list[str]:
    """Return the ids of the job runs of a run that have not ended. The newest are listed first, so few are read."""
    with aws_errors():
        listed = client("glue").get_job_runs(JobName=job_name, MaxResults=MOST_LISTED)["JobRuns"]
    return [
        each["Id"]
        for each in listed
        if each["JobRunState"] in UNDER_WAY and each.get("Arguments", {}).get("--run_id") == run_id
    ]


def release(subject: str, run_id: str) -> None:
    """Have the run coordinator free the lock of a run, and start the next run. Asynchronous: Lambda itself retries."""
    payload = json.dumps(release_request(subject, run_id)).encode()
    with aws_errors():
        client("lambda").invoke(
            FunctionName=settings().run_coordinator_function, InvocationType="Event", Payload=payload
        )
