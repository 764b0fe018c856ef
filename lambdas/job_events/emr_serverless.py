"""Job runs on EMR Serverless, as `job_events` reads and cancels them."""

from typing import Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from lambdas.job_events.domain import EMR_SERVERLESS, JobRun

UNDER_WAY: Final = ("SUBMITTED", "QUEUED", "PENDING", "SCHEDULED", "RUNNING")
"""States of a job run that can be cancelled."""


def ended_emr_job_run(application_id: str, job_run_id: str, state: str) -> JobRun:
    """Return the run, with what the event lacks: its job, its error, and the task token it was started with.

    A run that was cancelled because it took too long has the state TIMEOUT.
    """
    with aws_errors():
        run = client("emr-serverless").get_job_run(applicationId=application_id, jobRunId=job_run_id)["jobRun"]
    details = run.get("stateDetails", "")
    timed_out = state == "CANCELLED" and "timeout" in details.lower()
    job_name = str(run.get("name", "")).split(" ")[0] or job_run_id
    return JobRun(
        job_name, job_run_id, "TIMEOUT" if timed_out else state, details, _argument(run, "--task_token"), EMR_SERVERLESS
    )


def _argument(run: dict[str, Any], name: str) -> str | None:
    words = run["jobDriver"].get("sparkSubmit", {}).get("entryPointArguments", [])
    return dict(zip(words[::2], words[1::2], strict=False)).get(name)


def cancel_emr_job_runs(application_id: str, run_id: str) -> list[str]:
    """Cancel the job runs of a run that are under way. Returns their ids. One that ends meanwhile is left out."""
    emr = client("emr-serverless")
    pages = emr.get_paginator("list_job_runs").paginate(applicationId=application_id, states=list(UNDER_WAY))
    with aws_errors():
        listed = [run for page in pages for run in page["jobRuns"]]
    own = [run["id"] for run in listed if str(run.get("name", "")).split(" ")[-1] == run_id]
    return [job_run_id for job_run_id in own if _cancelled(emr, application_id, job_run_id)]


def _cancelled(emr: Any, application_id: str, job_run_id: str) -> bool:
    try:
        with aws_errors():
            emr.cancel_job_run(applicationId=application_id, jobRunId=job_run_id)
    except ClientError as error:
        if error_code(error) == "ValidationException":  # it has ended
            return False
        raise
    return True
