"""Throttling as on AWS: its error, its limits of reservations, and events that wait instead of being lost.

MiniStack limits how many invocations run at once. It counts a throttled event as a failed attempt of the
function; AWS tries again for up to six hours.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from localaws.functions import concurrency
from localaws.hooks import wrap
from localaws.settings import load

LONGEST_WAIT_SECONDS = 6 * 3600


def install() -> None:
    """Answer and retry throttled invocations as AWS does, and refuse reservations beyond the account's limit."""
    limit = load().lambda_concurrency

    @wrap(lambda_svc, "_throttle_response")
    def _(original: Any, reason_code: str, msg: str, *args: Any) -> Any:
        response = original(reason_code, msg, *args)
        response["body"] |= {"message": "Rate Exceeded.", "Type": "User"}
        return response

    @wrap(lambda_svc, "_put_function_concurrency")
    def _(original: Any, name: str, data: dict[str, Any]) -> Any:
        fault = _reservation_fault(limit, name, int(data.get("ReservedConcurrentExecutions", 0))) if limit else None
        return error_response_json("InvalidParameterValueException", fault, 400) if fault else original(name, data)


def _reservation_fault(limit: int, name: str, value: int) -> str | None:
    others = (function.get("concurrency") or 0 for key, function in lambda_svc._functions.items() if key != name)
    return concurrency.reservation_fault(limit, value + sum(others))


def execute_event(original: Any, function: dict[str, Any], event: Any) -> Any:
    """Invoke a function for an event; while it is throttled, wait and try again until the event is too old."""
    settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
    until = time.monotonic() + int(settings.get("MaximumEventAgeInSeconds", LONGEST_WAIT_SECONDS))
    for pause in concurrency.pauses():
        result = original(function, event)
        if not result.get("throttle") or time.monotonic() + pause > until:
            return result
        time.sleep(pause)
    return None
