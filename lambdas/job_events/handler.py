"""Fails the waiting task of a job run that ended without reporting, and closes runs whose execution just ended."""

from typing import Annotated, Any, TypeAlias

from aws_lambda_powertools.utilities.parser.models import EventBridgeModel
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Discriminator, RootModel, Tag

from cartlake.runs.ids import subject_of
from lambdas.job_events.adapters import ended_job_run, fail_task, release, stop_job_runs
from lambdas.job_events.domain import INFRASTRUCTURE_ERRORS, JobRun, task_failure
from lambdas.job_events.emr_serverless import ended_emr_job_run
from lambdas.job_events.settings import settings
from lambdas.shared.closing import close_run
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class JobRunDetail(BaseModel):
    jobName: str  # noqa: N815 - names of AWS
    jobRunId: str  # noqa: N815
    state: str


class JobRunEnded(EventBridgeModel):
    detail: JobRunDetail


class EmrJobRunDetail(BaseModel):
    applicationId: str  # noqa: N815
    jobRunId: str  # noqa: N815
    state: str


class EmrJobRunEnded(EventBridgeModel):
    detail: EmrJobRunDetail


class ExecutionDetail(BaseModel):
    name: str
    status: str
    error: str | None = None
    cause: str | None = None


class ExecutionEnded(EventBridgeModel):
    detail: ExecutionDetail


def _form(event: Any) -> str:
    return str(event.get("source")) if isinstance(event, dict) else ""


AnyRequest: TypeAlias = Annotated[
    Annotated[JobRunEnded, Tag("aws.glue")]
    | Annotated[EmrJobRunEnded, Tag("aws.emr-serverless")]
    | Annotated[ExecutionEnded, Tag("aws.states")],
    Discriminator(_form),
]


class Request(RootModel[AnyRequest]):
    pass


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    match request.root:
        case JobRunEnded(detail=run):
            return job_run_ended(ended_job_run(run.jobName, run.jobRunId, run.state))
        case EmrJobRunEnded(detail=run):
            return job_run_ended(ended_emr_job_run(run.applicationId, run.jobRunId, run.state))
        case ExecutionEnded(detail=execution):
            return execution_ended(execution)


def job_run_ended(run: JobRun) -> Answer:
    """Fail the task that still waits for this job run, if one does."""
    failure = task_failure(run)
    failed = failure is not None and run.task_token is not None and fail_task(run.task_token, failure)
    if failure is not None and failed and failure.error not in INFRASTRUCTURE_ERRORS:  # those are started again
        count(run.job_name, JobsFailed=1)
    logger.info("job_run_ended", job=run.job_name, job_run_id=run.job_run_id, state=run.state, task_failed=failed)
    return {"task_failed": failed}


def execution_ended(detail: ExecutionDetail) -> Answer:
    """Clean up after an execution that could not do it itself: aborted, timed out, or failed in its last steps."""
    run_id, subject = detail.name, subject_of(detail.name)
    error = detail.error or f"Execution{detail.status.replace('_', ' ').title().replace(' ', '')}"
    cause = detail.cause or f"The execution of run {run_id} ended as {detail.status} and gave no cause."
    failed = close_run(run_id, error, cause)
    stopped = stop_job_runs(run_id)
    release(subject, run_id)
    logger.info("execution_ended", run_id=run_id, status=detail.status, run_failed=failed, stopped=stopped)
    return {"run_failed": failed, "stopped": stopped}
