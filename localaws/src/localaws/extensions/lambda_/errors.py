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
# The first frame is MiniStack's own worker, which AWS does not show.
HANDLER_FAILED_AS_ON_AWS = (
    '"error": str(e), "error_type": type(e).__name__, '
    '"stack_trace": traceback.format_tb(e.__traceback__)[1:], "trace": traceback.format_exc()'
)


def install() -> None:
    """Let the Python worker report the exception's class, and put it into the answer of the invocation."""
    if HANDLER_FAILED not in lambda_runtime._PYTHON_WORKER_SCRIPT:
        raise AttributeError("MiniStack's Python worker reports errors in another way than this extension knows")
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(
        HANDLER_FAILED, HANDLER_FAILED_AS_ON_AWS
    )
    last_answer = threading.local()

    @wrap(lambda_runtime.Worker, "invoke")
    def _(original: Any, *args: Any, **kwargs: Any) -> Any:
        last_answer.value = original(*args, **kwargs)
        return last_answer.value

    @wrap(lambda_svc, "_execute_function_warm")
    def _(original: Any, func: Any, event: Any, request_id: str) -> Any:
        last_answer.value = None
        result = original(func, event, request_id)
        answer = last_answer.value or {}
        if result.get("error") and "error_type" in answer:
            result["body"] |= {
                "errorType": answer["error_type"],
                "requestId": request_id,
                "stackTrace": answer["stack_trace"],
            }
        return result
