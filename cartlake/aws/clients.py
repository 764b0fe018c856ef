"""Doors to AWS: cached boto3 clients, and AWS errors sorted into transient and terminal.

Nothing here knows where AWS is. boto3 reads the region, the credentials and `AWS_ENDPOINT_URL` from its environment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotoConnectionError

from cartlake.errors import TransientError

_CONFIG: Final = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=60)

SERVER_ERROR: Final = 500
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

BROKEN_CONNECTIONS: Final = (BotoConnectionError, HTTPClientError, IncompleteReadError)


@cache
def client(service: str) -> Any:
    """Return the one client of a service in this process, with standard retries. Tests call `client.cache_clear()`."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]


def region() -> str:
    """Name the region boto3 resolved for this process."""
    return str(client("s3").meta.region_name)


def error_code(error: ClientError) -> str:
    """Return the AWS code of an error, e.g. `NoSuchKey`; for a HEAD, which has no body, the HTTP status as text."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_transient(error: Exception) -> bool:
    """Tell whether the same AWS call may succeed later: throttled, not connected, or the service failed."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= SERVER_ERROR or error_code(error) in THROTTLES
    return isinstance(error, BROKEN_CONNECTIONS)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn AWS errors that may pass into `TransientError`, whose one name a state machine can retry; keep the rest."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if is_transient(error):
            raise TransientError(f"AWS could not answer, try again: {error}") from error
        raise
