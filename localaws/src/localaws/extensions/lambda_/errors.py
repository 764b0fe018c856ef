"""Lambda errors as on AWS: `errorType` is the exception's class, so that Retry and Catch in a state machine match it.

MiniStack answers `Runtime.HandlerError` for every exception.
"""

from __future__ import annotations

import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localaws.hooks import wrap

HANDLER_FAILED = '"error": str(e), "trace": traceback.format_exc()'
# Without the first frame, which is MiniStack's worker.
HANDLER_FAILED_AS_ON_AWS = (
    '"error": str(e), "error_type": type(e).__name__, '
    '"stack_trace": traceback.format_tb(e.__traceback__)[1:], "trace": traceback.format_exc()'
)


def install() -> None:
    """Have the Python worker report the exception's class, and return it as the `errorType` of the invocation.

    Raises AttributeError when this version of MiniStack has another worker.
    """
    if HANDLER_FAILED not in lambda_runtime._PYTHON_WORKER_SCRIPT:
        raise AttributeError("MiniStack's Python worker reports errors in a way that this extension cannot change")
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(
        HANDLER_FAILED, HANDLER_FAILED_AS_ON_AWS
    )
    last_response = threading.local()

    @wrap(lambda_runtime.Worker, "invoke")
    def _(original: Any, *args: Any, **kwargs: Any) -> Any:
        last_response.value = original(*args, **kwargs)
        return last_response.value

    @wrap(lambda_svc, "_execute_function_warm")
    def _(original: Any, func: Any, event: Any, request_id: str) -> Any:
        last_response.value = None
        result = original(func, event, request_id)
        response = last_response.value or {}
        if result.get("error") and "error_type" in response:
            result["body"] |= {
                "errorType": response["error_type"],
                "requestId": request_id,
                "stackTrace": response["stack_trace"],
            }
        return result
