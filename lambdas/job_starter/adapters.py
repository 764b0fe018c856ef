"""Starting job runs on Glue and EMR Serverless, and the store that makes a repeated start harmless."""

from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code, kept_with
from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import copy_version, read_model
from cartlake.errors import TransientError
from lambdas.job_starter.emr_serverless import JobTemplate
from lambdas.job_starter.settings import settings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class GlueConcurrencyError(TransientError):
    """The job is at its limit of concurrent runs. The state machine waits longer after this error than after others."""


def default_arguments(job_name: str) -> dict[str, str]:
    """Return the arguments that the job has as it is deployed now."""
    with aws_errors():
        return dict(client("glue").get_job(JobName=job_name)["Job"].get("DefaultArguments", {}))


def copy(uri: str, target: str) -> None:
    """Copy a file of code. Raises TransientError if a deployment has just deleted it: the next try finds the new."""
    if not copy_version(S3Uri.parse(uri), None, S3Uri.parse(target)):
        raise TransientError(f"{uri} is gone: another version of the job is being deployed. Try again.")


def start_job_run(job_name: str, arguments: dict[str, str]) -> str:
    """Start a Glue job run and return its id. Raises GlueConcurrencyError when the job is at its limit."""
    try:
        with aws_errors():
            return str(client("glue").start_job_run(JobName=job_name, Arguments=arguments)["JobRunId"])
    except ClientError as error:
        if error_code(error) in {"ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"}:
            raise GlueConcurrencyError(f"Glue job {job_name} cannot start another run yet: {error}") from error
        raise


def job_template(uri: str) -> JobTemplate:
    """Return what a job is started with on EMR Serverless, as it is deployed now."""
    return read_model(uri, JobTemplate)


def start_emr_job_run(request: dict[str, Any]) -> str:
    """Start a job run on EMR Serverless and return its id. What the application has no room for waits in its queue."""
    with aws_errors():
        return str(client("emr-serverless").start_job_run(**request)["jobRunId"])


@kept_with("dynamodb")
def idempotency_store(dynamodb: "DynamoDBClient") -> DynamoDBPersistenceLayer:
    """Return the store in which Powertools keeps the answers of earlier calls."""
    return DynamoDBPersistenceLayer(table_name=settings().idempotency_table, boto3_client=dynamodb)


@cache
def idempotency_config() -> IdempotencyConfig:
    """Return the rule: one start per run, step and task token; a retry by the state machine has a new token."""
    return IdempotencyConfig(
        event_key_jmespath="[run_id, step, task_token]",
        raise_on_no_idempotency_key=True,
        expires_after_seconds=24 * 3600,
        hash_function="sha256",
    )
