"""Lets tests have Lambda itself fail, as it rarely does on AWS: `localaws.testing.server.LocalAws.fail_invocations`."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from localaws.functions import faults
from localaws.hooks import wrap
from localaws.paths import Paths
from localaws.settings import load


def install() -> None:
    """Fail the invocations that a test ordered, and answer 500 for them. Orders end with the server."""
    folder = Paths(load().home).lambda_faults
    for left in folder.glob("*"):
        left.unlink()

    @wrap(lambda_svc, "_execute_function_dispatch")
    def _(original: Any, func: Any, config: dict[str, Any], *args: Any) -> Any:
        error = faults.take(folder, str(config.get("FunctionName")))
        return original(func, config, *args) if error is None else faults.response(error)

    @wrap(lambda_svc, "_invoke")
    async def _(original: Any, *args: Any) -> Any:
        status, headers, body = await original(*args)
        if status == 429 and json.loads(body).get("__type") in faults.ERRORS:  # noqa: PLR2004 -- HTTP
            return error_response_json("ServiceException", json.loads(body)["message"], 500, {"Type": "Service"})
        return status, headers, body
