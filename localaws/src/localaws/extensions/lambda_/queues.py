"""Batches of SQS that a function cannot take for want of concurrency, as on AWS.

The poller does not know how many invocations are free: it reads up to five batches, or `MaximumConcurrency`, whatever
a function reserves. A throttled batch is tried again until its messages become visible; then others may read them, and
they have been received once more. MiniStack reads no more than the function's reservation, and gives up at once.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any

from ministack.services import lambda_svc

from localaws.functions import concurrency
from localaws.hooks import wrap

_visible_from: ContextVar[float | None] = ContextVar("localaws_batch_visible_from", default=None)


def install() -> None:
    """Change how many batches are read, and what becomes of a throttled one."""

    @wrap(lambda_svc, "_sqs_esm_concurrency")
    def _(original: Any, mapping: dict[str, Any], function: dict[str, Any], config: Any, queue: Any = None) -> int:
        unreserved = {name: value for name, value in config.items() if name != "ReservedConcurrentExecutions"}
        return int(original(mapping, {**function, "concurrency": None}, unreserved, queue))

    @wrap(lambda_svc, "_run_sqs_batch")
    def _(original: Any, mapping: Any, function: Any, event: Any, batch: list[dict[str, Any]], *more: Any) -> None:
        reset = _visible_from.set(min(message["visible_at"] for message in batch))
        try:
            original(mapping, function, event, batch, *more)
        finally:
            _visible_from.reset(reset)

    @wrap(lambda_svc, "_execute_function")
    def _(original: Any, function: dict[str, Any], event: Any) -> Any:
        visible_from = _visible_from.get()
        if visible_from is None:
            return original(function, event)
        return until(visible_from, lambda: original(function, event))


def until(visible_from: float, invoke: Any) -> Any:
    """Invoke, again while it is throttled, until the messages are visible (in seconds since 1970)."""
    pauses = concurrency.pauses()
    while (result := invoke()).get("throttle") and time.time() + (pause := next(pauses)) < visible_from:
        time.sleep(pause)
    return result
