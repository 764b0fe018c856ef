"""AWS clients and error classes: one boto3 client per service, and which errors are worth a retry.

boto3 reads the region, the credentials and `AWS_ENDPOINT_URL` from the environment, so the same code works with AWS and
with the embedded AWS.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache, wraps
from typing import Any, Final, TypeVar

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotoConnectionError

from cartlake.errors import TransientError

_CONFIG: Final = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=60)

SERVER_ERROR: Final = 500
# Codes that AWS returns with a 4xx status, although the same call may succeed later.
THROTTLES: Final = frozenset(
    {
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)

Made = TypeVar("Made")

BROKEN_CONNECTIONS: Final = (BotoConnectionError, HTTPClientError, IncompleteReadError)


@cache
def client(service: str, config: Config = _CONFIG) -> Any:
    """Return the one client of a service and a configuration in this process; without one, with standard retries.

    Tests call `client.cache_clear()`.
    """
    return boto3.client(service, config=config)  # type: ignore[call-overload]


def patient_client(service: str) -> Any:
    """Return a new client of a service that waits for its answer as long as a Lambda may run, and never asks twice."""
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=910)
    return boto3.client(service, config=once)  # type: ignore[call-overload]


def kept_with(service: str) -> Callable[[Callable[[Any], Made]], Callable[[], Made]]:
    """Return a decorator for a factory that takes the boto3 client of a service; the result takes no argument.

    The factory is called once for each client that `client(service)` returns, so a test that clears the clients also
    gets new results.
    """

    def decorate(make: Callable[[Any], Made]) -> Callable[[], Made]:
        # Keyed by the client, so one result per client; the size of one drops the result of a cleared client.
        made = lru_cache(maxsize=1)(make)

        @wraps(make)
        def get() -> Made:
            return made(client(service))

        return get

    return decorate


def region() -> str:
    """Return the region boto3 resolved for this process, e.g. `eu-central-1`."""
    return str(client("s3").meta.region_name)


def error_code(error: ClientError) -> str:
    """Return the AWS code of an error, e.g. `NoSuchKey`; for a HEAD, which has no body, the HTTP status as text."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_transient(error: Exception) -> bool:
    """Tell whether the same AWS call may succeed later: throttled, not connected, or the service failed."""
    if isinstance(error, S3UploadFailedError):  # what `upload_file` makes of any error
        return isinstance(error.__context__, Exception) and is_transient(error.__context__)
    if isinstance(error, ClientError):
        # Every 5xx of AWS may be retried; of the 4xx only those that are throttles in disguise.
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= SERVER_ERROR or error_code(error) in THROTTLES
    return isinstance(error, BROKEN_CONNECTIONS)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Raise TransientError for AWS errors that may pass, so that a state machine retries one name; keep the rest."""
    try:
        yield
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        if is_transient(error):
            raise TransientError(f"AWS did not carry out the call; try again: {error}") from error
        raise
