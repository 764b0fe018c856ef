"""The payloads with which AWS Lambda answers for a function that did not return a result."""

from __future__ import annotations

import json
import signal
from typing import Any

INIT_FAILED = "Worker init failed: "
"""The beginning of MiniStack's message when a function's module cannot be imported; the worker's report follows."""


def timed_out(request_id: str, seconds: float) -> dict[str, Any]:
    """Return the payload of an invocation, or a start, that took longer than the function's `Timeout` in seconds."""
    message = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return {"errorType": "Sandbox.Timedout", "errorMessage": message}


def out_of_memory(request_id: str) -> dict[str, Any]:
    """Return the payload of an invocation that used more memory than the function's `MemorySize`."""
    return _exit("Runtime.OutOfMemory", request_id, -signal.SIGKILL)


def exited(request_id: str, return_code: int | None) -> dict[str, Any]:
    """Return the payload of an invocation whose process ended; `return_code` is negative for a signal."""
    return _exit("Runtime.ExitError", request_id, return_code)


def not_started(report: str, request_id: str) -> dict[str, Any]:
    """Return the payload for a module that cannot be imported, from the worker's report in JSON."""
    found = json.loads(report)
    return {
        "errorMessage": found["message"],
        "errorType": found["type"],
        "requestId": request_id,
        "stackTrace": found["stack"],
    }


def raised(response: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Return the payload for an exception of the handler, from the worker's response."""
    return {
        "errorMessage": response["error"],
        "errorType": response["error_type"],
        "requestId": request_id,
        "stackTrace": response["stack_trace"],
    }


def _exit(error_type: str, request_id: str, return_code: int | None) -> dict[str, Any]:
    return {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {_reason(return_code)}"}


def _reason(return_code: int | None) -> str:
    if not return_code:
        return "Runtime exited without providing a reason"
    if return_code > 0:
        return f"Runtime exited with error: exit status {return_code}"
    return f"Runtime exited with error: signal: {(signal.strsignal(-return_code) or str(-return_code)).lower()}"
