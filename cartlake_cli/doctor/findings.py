"""The result of a check, and what becomes of a check that AWS does not let run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)

from cartlake.aws.clients import error_code
from cartlake.errors import CartlakeError

if TYPE_CHECKING:
    from collections.abc import Callable

DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "403",
        "UnauthorizedOperation",
    }
)
"""Codes of errors for calls that the caller is not allowed to make."""

EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken"}
)
"""Codes of errors for credentials that are not valid, or not any more."""

LOG_IN: Final = "Log in, for example with `aws sso login`, or set AWS_PROFILE."


class Status(StrEnum):
    """`UNKNOWN`: the check could not be made, so it says nothing about the account."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw, and what to do, which is empty where there is nothing to do."""

    check: str
    status: Status
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `run` returns the findings. `action` is the IAM action that it needs."""

    name: str
    action: str
    run: Callable[[], list[Finding]]


def ok(check: str, found: str) -> Finding:
    """Return the finding of a check that passed."""
    return Finding(check, Status.OK, found)


def result_of(check: Check) -> list[Finding]:
    """Return the findings of a check. An error of AWS, or an answer without what was asked for, makes it UNKNOWN."""
    try:
        return check.run()
    except (NoCredentialsError, PartialCredentialsError, TokenRetrievalError):
        return [Finding(check.name, Status.UNKNOWN, "there are no credentials", LOG_IN)]
    except ClientError as error:
        return [_of_error(check, error)]
    except (BotoCoreError, CartlakeError) as error:
        return [Finding(check.name, Status.UNKNOWN, _line(error), "Correct this, then check again.")]
    except (KeyError, IndexError, TypeError, ValueError):
        return [Finding(check.name, Status.UNKNOWN, "not checkable here: the answer does not say it")]


def _of_error(check: Check, error: ClientError) -> Finding:
    code = error_code(error)
    if code in DENIED:
        return Finding(
            check.name, Status.UNKNOWN, f"access denied ({code})", f"Allow yourself {check.action}, or ask whoever may."
        )
    if code in EXPIRED:
        return Finding(check.name, Status.UNKNOWN, f"the credentials are not valid ({code})", LOG_IN)
    message = str(error.response.get("Error", {}).get("Message", ""))
    why = message if message and "<" not in message else "the endpoint does not have this operation"
    return Finding(check.name, Status.UNKNOWN, f"not checkable here ({code}): {why}")


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
