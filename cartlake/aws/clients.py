"""AWS clients and error classes: one boto3 client a service, and errors sorted into transient and terminal.

Nothing here knows where AWS is. boto3 reads the region, the credentials and `AWS_ENDPOINT_URL` from its environment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache, wraps
from typing import Any, Final, TypeVar

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

Made = TypeVar("Made")

BROKEN_CONNECTIONS: Final = (BotoConnectionError, HTTPClientError, IncompleteReadError)


@cache
def client(service: str) -> Any:
    """Return the one client of a service in this process, with standard retries. Tests call `client.cache_clear()`."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]


def kept_with(service: str) -> Callable[[Callable[[Any], Made]], Callable[[], Made]]:
    """Make a factory that takes the boto3 client of a service into one that takes nothing.

    It is called once for each client that `client(service)` returns, so a test that clears the clients also gets new
    results.
    """

    def decorate(make: Callable[[Any], Made]) -> Callable[[], Made]:
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
