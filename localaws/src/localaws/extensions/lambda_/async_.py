"""Limits how many asynchronous invocations of one function run at a time; the others wait for a warm worker.

AWS starts as many environments as there are events. So does MiniStack, but here all cold starts share a few cores:
a hundred events would start a hundred interpreters. An event that is throttled waits, too.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextvars import ContextVar
from threading import BoundedSemaphore
from typing import Any

from ministack.services import lambda_svc

from localaws.extensions.lambda_.concurrency import execute_event
from localaws.hooks import wrap

AT_ONCE = max(2, os.cpu_count() or 1)


def install() -> None:
    """Limit how many events of its queue a function handles at once; synchronous invocations never wait."""
    slots: defaultdict[str, BoundedSemaphore] = defaultdict(lambda: BoundedSemaphore(AT_ONCE))
    is_asynchronous = ContextVar("is_asynchronous", default=False)

    @wrap(lambda_svc, "invoke_async_with_retry")
    def _(original: Any, function: dict[str, Any], event: Any) -> None:
        token = is_asynchronous.set(True)  # the thread that invokes it starts with a copy of this context
        try:
            original(function, event)
        finally:
            is_asynchronous.reset(token)

    @wrap(lambda_svc, "_execute_function")
    def _(original: Any, function: dict[str, Any], event: Any) -> Any:
        if not is_asynchronous.get():
            return original(function, event)
        config = function.get("config") or function
        with slots[str(config.get("FunctionArn"))]:
            return execute_event(original, function, event)
