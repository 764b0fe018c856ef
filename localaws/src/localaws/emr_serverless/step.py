"""The tasks of Step Functions `arn:aws:states:::emr-serverless:<operation>`, and `startJobRun.sync`, which waits.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html: members begin with capitals; a task
token (`.waitForTaskToken`) is not supported there, so not here.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from localaws.emr_serverless.state import ENDED
from localaws.errors import TerminalError

Http = Callable[[str, str, bytes], tuple[int, dict[str, str], bytes]]

POLL_SECONDS: Final = 0.2
ROUTES: Final = {
    "createApplication": ("POST", "/applications"),
    "deleteApplication": ("DELETE", "/applications/{applicationId}"),
    "startApplication": ("POST", "/applications/{applicationId}/start"),
    "stopApplication": ("POST", "/applications/{applicationId}/stop"),
    "startJobRun": ("POST", "/applications/{applicationId}/jobruns"),
    "cancelJobRun": ("DELETE", "/applications/{applicationId}/jobruns/{jobRunId}"),
}
MAPS: Final = frozenset({"tags", "properties", "logTypes"})
"""Members whose keys are the user's own."""

ERROR_PREFIX: Final = "EmrServerless"


class StepError(TerminalError):
    """The task fails with this error and cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(cause)
        self.error = error
        self.cause = cause


@dataclass(frozen=True)
class Api:
    """How a task calls the service, and whether its execution still runs."""

    call: Http
    is_running: Callable[[], bool]


def carried_out(resource: str, data: dict[str, Any], api: Api) -> Any:
    """Return the result of a task. Raises StepError for an error of the service, and for a run that failed."""
    action, _, pattern = resource.rpartition(":")[2].partition(".")
    if action not in ROUTES or pattern not in {"", "sync"} or (pattern and action != "startJobRun"):
        raise StepError("States.Runtime", f"{resource} is not supported by the local EMR Serverless")
    request = {"clientToken": str(uuid.uuid4()), **_renamed(data, _lower)}
    method, path = ROUTES[action]
    answer = _called(api, method, path.format_map(request), request)
    return _renamed(_ended(api, answer), _upper) if pattern else _renamed(answer, _upper)


def _ended(api: Api, started: dict[str, Any]) -> dict[str, Any]:
    """Wait until a job run has ended and return it. A stopped execution cancels it. Raises StepError if it failed."""
    path = f"/applications/{started['applicationId']}/jobruns/{started['jobRunId']}"
    while True:
        run: dict[str, Any] = _called(api, "GET", path, {})["jobRun"]
        if run["state"] == "SUCCESS":
            return run
        if run["state"] in ENDED:
            raise StepError("States.TaskFailed", json.dumps(_renamed(run, _upper)))
        if not api.is_running():
            _called(api, "DELETE", path, {})
            raise StepError("States.TaskFailed", "the execution has ended")
        time.sleep(POLL_SECONDS)


def _called(api: Api, method: str, path: str, request: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(request).encode() if method == "POST" else b""
    status, headers, answer = api.call(method, path, body)
    document: dict[str, Any] = json.loads(answer or b"{}")
    if status >= 300:  # noqa: PLR2004 -- HTTP
        code = headers.get("x-amzn-errortype") or document.get("__type", "EmrServerlessException")
        raise StepError(f"{ERROR_PREFIX}.{code}", str(document.get("message", "")))
    return document


def _renamed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        change(name): member if _lower(name) in MAPS else _renamed(member, change) for name, member in value.items()
    }


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]
