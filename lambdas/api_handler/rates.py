"""How much a caller may ask for in a minute: API Gateway limits all callers together, this limits each of them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cartlake.aws.clients import client
from lambdas.api_handler.problems import Problem
from lambdas.api_handler.settings import settings
from lambdas.shared.entry import logger

KEPT_SECONDS: Final = 3600
"""How long a count stays in the table after its minute."""

QUICK: Final = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)
"""A count is not worth a caller's wait: API Gateway gives up a request after 30 seconds."""

_MINUTE: Final = 60


def count_request(caller: str, *, starts_query: bool) -> None:
    """Count a request of a caller in its minute (UTC).

    Raises Problem, 429, where the caller has sent more requests or started more queries in it than the settings allow.
    A refused request counts too. Where the table does not answer within a second, a request is allowed, uncounted.
    """
    now = datetime.now(UTC)
    minute, second = divmod(int(now.timestamp()), _MINUTE)
    try:
        requests, queries = _add(f"{caller} {minute}", int(starts_query), (minute + 1) * _MINUTE + KEPT_SECONDS)
    except (BotoCoreError, ClientError) as error:
        logger.warning("uncounted", error=type(error).__name__)
        return
    _check(requests, settings().requests_per_minute, "requests", _MINUTE - second)
    if starts_query:
        _check(queries, settings().queries_per_minute, "started queries", _MINUTE - second)


def _check(found: int, most: int, what: str, wait: int) -> None:
    if found > most:
        detail = f"A caller may send {most} {what} a minute; wait as Retry-After says."
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many", detail, headers={"Retry-After": str(wait)})


def _add(key: str, queries: int, expires: int) -> tuple[int, int]:
    """Return the requests and the started queries of a caller in a minute, with those that are added."""
    answer = client("dynamodb", QUICK).update_item(
        TableName=settings().callers_table,
        Key={"id": {"S": key}},
        UpdateExpression="SET expires = :expires ADD requests :one, queries :queries",
        ExpressionAttributeValues={
            ":expires": {"N": str(expires)},
            ":one": {"N": "1"},
            ":queries": {"N": str(queries)},
        },
        ReturnValues="ALL_NEW",
    )
    found = answer["Attributes"]
    return int(found["requests"]["N"]), int(found["queries"]["N"])
