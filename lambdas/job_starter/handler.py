"""Starts a Spark job, on Glue or EMR Serverless, with the task token it has to return.

Invoked twice for one token, it starts one job run.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError
from aws_lambda_powertools.utilities.typing import LambdaContext

from cartlake.aws.clients import kept_with
from cartlake.errors import TransientError
from cartlake.runs.folder import RunFolder
from lambdas.job_starter.adapters import (
    copy,
    default_arguments,
    idempotency_config,
    idempotency_store,
    job_template,
    start_emr_job_run,
    start_job_run,
)
from lambdas.job_starter.domain import JobRequest, job_arguments, own_code
from lambdas.job_starter.emr_serverless import code_copies, start_request, template_uri
from lambdas.job_starter.settings import settings
from lambdas.shared.entry import Answer, entry, logger

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

settings()  # a bad environment fails the cold start


def start(request: dict[str, Any]) -> Answer:
    work = JobRequest.model_validate(request)
    folder = settings().folder(work.run_id)
    if settings().spark_runner == "emr_serverless":
        return {"job_run_id": start_on_emr(work, folder)}
    arguments = job_arguments(work, folder) | copied_code(work.job_name, folder)
    return {"job_run_id": start_job_run(work.job_name, arguments)}


def start_on_emr(work: JobRequest, folder: RunFolder) -> str:
    """Start a job run on EMR Serverless with its own copy of the code, and return its id.

    Raises TransientError when a deployment deletes the code at this moment.
    """
    template = job_template(template_uri(folder.bucket, work.job_name))
    copies = code_copies(template, folder)
    for uri, target in copies.items():
        copy(uri, target)
    return start_emr_job_run(start_request(work, template, folder, copies))


def copied_code(job_name: str, folder: RunFolder) -> dict[str, str]:
    """Copy the code of a job into the run's folder, and return the arguments that have the job use the copies.

    Raises TransientError when a deployment deletes the code at this moment.
    """
    code = own_code(default_arguments(job_name), folder)
    for copies in code.values():
        for uri, target in copies.items():
            copy(uri, target)
    return {name: ",".join(copies.values()) for name, copies in code.items()}


@kept_with("dynamodb")
def start_once(_dynamodb: "DynamoDBClient") -> Callable[..., Answer]:
    """Return `start` made idempotent by run, step and task token."""
    idempotent: Callable[..., Answer] = idempotent_function(
        start,
        data_keyword_argument="request",
        persistence_store=idempotency_store(),
        config=idempotency_config(),
    )
    return idempotent


@entry(JobRequest)
def lambda_handler(request: JobRequest, context: LambdaContext) -> Answer:
    idempotency_config().register_lambda_context(context)  # so that a call that was killed does not stay "in progress"
    try:
        started = start_once()(request=request.model_dump())
    except IdempotencyAlreadyInProgressError as error:
        raise TransientError(f"The {request.step} job of {request.run_id} is being started by another call.") from error
    logger.info("job_started", job=request.job_name, run_id=request.run_id, step=request.step, **started)
    return started
