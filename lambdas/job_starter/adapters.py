from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.errors import TransientError
from lambdas.job_starter.settings import settings

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient


class GlueConcurrencyError(TransientError):
    """As many runs of the job are at work as it may have. The state machine waits longer for this than for others."""


class GlueJobs:
    def __init__(self, glue: "GlueClient") -> None:
        self._glue = glue

    def start(self, job_name: str, arguments: dict[str, str]) -> str:
        """Start a job run and return its id. Raises GlueConcurrencyError when the job is at its limit."""
        try:
            with aws_errors():
                return self._glue.start_job_run(JobName=job_name, Arguments=arguments)["JobRunId"]
        except ClientError as error:
            if error_code(error) in {"ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"}:
                raise GlueConcurrencyError(f"Glue job {job_name} cannot start another run yet: {error}") from error
            raise


@cache
def glue_jobs() -> GlueJobs:
    return GlueJobs(client("glue"))


@cache
def idempotency_store() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(table_name=settings().idempotency_table, boto3_client=client("dynamodb"))


@cache
def idempotency_config() -> IdempotencyConfig:
    """One start per run, step and task token; a state machine that retries the step comes with a new token."""
    return IdempotencyConfig(
        event_key_jmespath="[run_id, step, task_token]",
        raise_on_no_idempotency_key=True,
        expires_after_seconds=24 * 3600,
        hash_function="sha256",
    )
