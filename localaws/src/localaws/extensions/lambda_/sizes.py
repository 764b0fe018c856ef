"""Refuses what is too large for AWS Lambda: payloads of requests, results, environment variables."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from localaws.functions import sizes
from localaws.hooks import wrap


def install() -> None:
    """Check sizes before MiniStack carries out an invocation or a change, and of what a function returns."""

    @wrap(lambda_svc, "_invoke")
    async def _(original: Any, name: str, event: Any, headers: dict[str, str], *args: Any) -> Any:
        asynchronous = headers.get("x-amz-invocation-type") == "Event"
        fault = sizes.request_fault(_size_bytes(headers, event), asynchronous=asynchronous)
        if fault:
            return error_response_json("RequestEntityTooLargeException", fault, 413)
        status, answered, body = await original(name, event, headers, *args)
        too_large = sizes.response_fault(len(body))
        if too_large:
            return status, answered | {"X-Amz-Function-Error": "Unhandled"}, json.dumps(too_large).encode()
        return status, answered, body

    def checking_variables(original: Any, *args: Any) -> Any:
        fault = sizes.variables_fault(args[-1].get("Environment"))
        return error_response_json("InvalidParameterValueException", fault, 400) if fault else original(*args)

    wrap(lambda_svc, "_create_function")(checking_variables)
    wrap(lambda_svc, "_update_config")(checking_variables)


def _size_bytes(headers: dict[str, str], event: Any) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() else len(json.dumps(event))
