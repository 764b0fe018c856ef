"""AWS Lambda's limits of the sizes of requests, responses and environment variables."""

from __future__ import annotations

import json
from typing import Any

REQUEST_BYTES = 6 * 1024 * 1024
RESPONSE_BYTES = REQUEST_BYTES + 100
EVENT_BYTES = 1024 * 1024
VARIABLES_BYTES = 4096


def request_fault(size_bytes: int, *, asynchronous: bool) -> str | None:
    """Return AWS's message for an invocation with a payload of so many bytes; None when it is small enough."""
    if asynchronous and size_bytes > EVENT_BYTES:
        return f"{size_bytes} byte payload is too large for the Event invocation type (limit {EVENT_BYTES} bytes)"
    if size_bytes > REQUEST_BYTES:
        return f"Request must be smaller than {REQUEST_BYTES} bytes for the InvokeFunction operation"
    return None


def response_fault(size_bytes: int) -> dict[str, Any] | None:
    """Return the payload instead of a result of so many bytes; None when it is small enough."""
    if size_bytes <= RESPONSE_BYTES:
        return None
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
    return {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}


def variables_fault(environment: dict[str, Any] | None) -> str | None:
    """Return AWS's message for variables of more than 4 KB, measured as JSON; None when they are smaller."""
    text = json.dumps((environment or {}).get("Variables") or {}, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) <= VARIABLES_BYTES:
        return None
    return (
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        f"exceeded the 4KB limit. String measured: {text}"
    )
