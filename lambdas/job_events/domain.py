"""The error that a waiting task gets when its job run on Glue or EMR Serverless has ended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Runner:
    """What runs Spark: its name, and the error of each end of a job run by its state.

    `infrastructure_error` means that the runner, its network or its machines failed: the state machines start the job
    again.
    """

    name: str
    errors: Mapping[str, str]
    failed: str
    infrastructure_error: str


GLUE: Final = Runner(
    "Glue",
    {
        "FAILED": "GlueJobFailed",
        "ERROR": "GlueJobFailed",
        "TIMEOUT": "GlueJobTimedOut",
        "STOPPED": "GlueJobStopped",
        # A job's last step is to answer its task token. If the token still waits when the job has ended, it never did.
        "SUCCEEDED": "GlueJobEndedSilently",
    },
    "GlueJobFailed",
    "GlueInfrastructureError",
)
EMR_SERVERLESS: Final = Runner(
    "EMR Serverless",
    {
        "FAILED": "EmrJobFailed",
        "TIMEOUT": "EmrJobTimedOut",
        "CANCELLED": "EmrJobCancelled",
        "SUCCESS": "EmrJobEndedSilently",
    },
    "EmrJobFailed",
    "EmrInfrastructureError",
)
INFRASTRUCTURE_ERRORS: Final = frozenset(runner.infrastructure_error for runner in (GLUE, EMR_SERVERLESS))

MAX_CAUSE: Final = 32_000
"""Step Functions takes 32,768 characters."""

RETRYABLE_CATEGORIES: Final = frozenset(
    {
        "CONNECTION_ERROR",
        "GLUE_INTERNAL_SERVICE_ERROR",
        "GLUE_OPERATION_TIMEOUT_ERROR",
        "INTERNAL_SERVICE_ERROR",
        "LAUNCH_ERROR",
        "THROTTLING_ERROR",
    }
)
"""Glue's categories of errors that may be gone at the next start. It puts the category in front of the message. The
others are of script, data, rights or size: the same run would fail the same way."""

_CATEGORY: Final = re.compile(r"Error Category: (\w+)")
_EXCEPTION: Final = re.compile(
    r"^(?:Error Category: \w+; )?(?:Failed Line Number: \d+; )?"
    r"(?:Job failed, please check complete logs in configured logging destination\. )?"
    r"(?:ExitCode: \d+\. )?(?:Last few exceptions: )?"
    r"([A-Za-z_.]*(?:Error|Exception)): "
)
"""The exception a script ended with. Glue puts it behind the category and the line it may name, EMR Serverless behind
two sentences."""

_INFRASTRUCTURE: Final = re.compile(
    r"""
    \blaunch\ error\b
    | \binternal\ service\ (?:error|exception)\b | \bInternalService(?:Error|Exception)\b
    | \bresource\ unavailable\b | \binsufficient\ capacity\b | \bInsufficientInstanceCapacity\b
    | \bmax(?:imum)?\ concurrent\ (?:job\ runs|compute|capacity)\b
    | \bmaximum\ allowed\ capacity\b | \bWorker\ could\ not\ be\ allocated\b
    | \bnot\ have\ enough\ free\ (?:IP\ )?addresses\b
    | \b(?:lost\ node|(?:node|worker|slave|executor)\ (?:was\ |has\ been\ )?lost)\b | \bExecutorLostFailure\b
    | \bMetadataFetchFailedException\b | \bFetchFailedException\b | \bCheckpoint\ block\ \w+\ not\ found\b
    | \bThrottling(?:Exception|Error)?\b | \brate\ exceeded\b | \bSlowDown\b | \breduce\ your\ request\ rate\b
    | \bUnable\ to\ execute\ HTTP\ request\b | \bconnection\ (?:reset|refused|timed\ out)\b
    | \bServiceUnavailable\b | \bService\ Unavailable\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What Glue, EMR Serverless, Spark and the clients of AWS say when a machine, a network or a service was at fault."""

_OF_THE_DATA: Final = frozenset(
    {
        "BadFilesError",
        "BrokenRuleError",
        "MaintenanceError",
        "RefreshError",
        "RunOverError",
        "TerminalError",
    }
)
"""Our errors that no retry repairs. The job reports them itself; Glue's message is read when that failed."""

_MAY_PASS: Final = frozenset({"LostLeaseError", "TransientError"})
"""Our own errors that say themselves that trying again may help."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """The end of one job run; `task_token` is None for a run that was started by hand."""

    job_name: str
    job_run_id: str
    state: str
    error_message: str
    task_token: str | None
    runner: Runner = GLUE


_SILENT: Final = "The job ended without returning its task token: its script left before its last step."
_SAID: Final = {
    "SUCCEEDED": _SILENT,
    "SUCCESS": _SILENT,
    "TIMEOUT": "The job ran longer than its timeout.",
    "STOPPED": "The job was stopped.",
    "CANCELLED": "The job was cancelled.",
}
"""What a state means, where the runner gives no message."""


@dataclass(frozen=True, slots=True)
class TaskFailure:
    error: str
    cause: str


def task_failure(run: JobRun) -> TaskFailure | None:
    """Return the error for the waiting task, None if no task waits for this run.

    Whether the token was answered before is for the caller to find out.
    """
    if run.task_token is None or run.state not in run.runner.errors:
        return None
    message = run.error_message or _SAID.get(run.state, f"{run.runner.name} gave no reason; see the job's log.")
    cause = f"{run.runner.name} job run {run.job_run_id} of {run.job_name} is {run.state}: {message}"
    return TaskFailure(_error(run), cause[:MAX_CAUSE])


def _error(run: JobRun) -> str:
    error = run.runner.errors[run.state]
    failed = error == run.runner.failed
    return run.runner.infrastructure_error if failed and is_infrastructure(run.error_message) else error


def is_infrastructure(message: str) -> bool:
    """Tell from the error message whether the runner failed and not the job: then the same run may succeed.

    Our own errors are known by their class, whatever their text quotes. A message that says nothing, or nothing that
    is known, is the job's: it is not repeated on a guess.
    """
    raised = _EXCEPTION.match(message)
    name = raised[1].rpartition(".")[2] if raised else ""
    if name in _MAY_PASS:
        return True
    if name in _OF_THE_DATA:
        return False
    category = _CATEGORY.match(message)
    return bool(category and category[1] in RETRYABLE_CATEGORIES) or bool(_INFRASTRUCTURE.search(message))
