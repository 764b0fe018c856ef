"""Failures of Lambda itself, which a test orders: those that happen on AWS and never on one machine by themselves."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from localaws.errors import TerminalError

if TYPE_CHECKING:
    from pathlib import Path

ERRORS = ("ServiceException", "AWSLambdaException", "SdkClientException", "ClientExecutionTimeoutException")
"""As Step Functions names them after `Lambda.`; the API answers `ServiceException` for each."""
THROTTLED = "TooManyRequestsException"


class UnknownFaultError(TerminalError):
    """Lambda has no such error."""


def order(folder: Path, function: str, error: str, times: int) -> None:
    """Have the next `times` invocations of a function fail with the error. Raises UnknownFaultError."""
    if error not in ERRORS:
        raise UnknownFaultError(f"Lambda has no error {error!r}; there are {', '.join(ERRORS)}")
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{function}.tmp"
    unfinished.write_text(json.dumps({"error": error, "times": times}), encoding="utf-8")
    unfinished.replace(folder / f"{function}.json")


def take(folder: Path, function: str) -> str | None:
    """Return the error of this invocation of a function, and count it; None when there is none."""
    ordered = folder / f"{function}.json"
    try:
        found = json.loads(ordered.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if found["times"] > 1:
        order(folder, function, found["error"], found["times"] - 1)
    else:
        with contextlib.suppress(FileNotFoundError):
            ordered.unlink()
    return str(found["error"])


def response(error: str) -> dict[str, Any]:
    """Return MiniStack's result of an invocation that Lambda could not carry out, in the form of a throttled one."""
    body = {"__type": error, "Type": "Service", "message": "The service encountered an internal error."}
    return {"throttle": True, "error": True, "body": body, "log": ""}


def state_failure(cause: str) -> tuple[str, str] | None:
    """Return Step Functions' error and cause for an invocation that was throttled, or that Lambda could not carry out.

    `cause` is MiniStack's. Returns None for the function's own errors.
    """
    try:
        payload = json.loads(cause)
    except ValueError:
        return None
    code = payload.get("__type") if isinstance(payload, dict) else None
    if code not in (THROTTLED, *ERRORS):
        return None
    status = 429 if code == THROTTLED else 500
    return f"Lambda.{code}", f"{payload['message']} (Service: Lambda, Status Code: {status})"
