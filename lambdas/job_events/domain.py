"""The error that a waiting task gets when its Glue job run has ended."""

from dataclasses import dataclass
from typing import Final

GLUE_ERRORS: Final = {
    "FAILED": "GlueJobFailed",
    "ERROR": "GlueJobFailed",
    "TIMEOUT": "GlueJobTimedOut",
    "STOPPED": "GlueJobStopped",
    # A job's last step is to answer its task token. If the token still waits when the job has ended, it never did.
    "SUCCEEDED": "GlueJobEndedSilently",
}
MAX_CAUSE: Final = 32_000
"""Step Functions takes 32,768 characters."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """The end of one Glue job run; `task_token` is None for a run that was started by hand."""

    job_name: str
    job_run_id: str
    state: str
    error_message: str
    task_token: str | None


@dataclass(frozen=True, slots=True)
class TaskFailure:
    error: str
    cause: str


def task_failure(run: JobRun) -> TaskFailure | None:
    """Return the error for the waiting task, None if no task waits for this run.

    Whether the token was answered before is for the caller to find out.
    """
    if run.task_token is None or run.state not in GLUE_ERRORS:
        return None
    message = run.error_message or {
        "SUCCEEDED": "The job ended without returning its task token: its script left before its last step.",
        "TIMEOUT": "The job ran longer than its timeout.",
        "STOPPED": "The job was stopped.",
    }.get(run.state, "Glue gave no reason; see the job's log.")
    cause = f"Glue job run {run.job_run_id} of {run.job_name} is {run.state}: {message}"
    return TaskFailure(GLUE_ERRORS[run.state], cause[:MAX_CAUSE])
