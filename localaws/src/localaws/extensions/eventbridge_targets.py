"""EventBridge invokes Lambda asynchronously, as on AWS: with retries, then the function's failure destination or DLQ.

MiniStack invokes it once, and loses an event whose function fails. It also keeps every event in memory.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from ministack.services import eventbridge, lambda_svc

from localaws.hooks import wrap

logger = logging.getLogger("localaws.eventbridge")

EVENTS_KEPT = 1000


def install() -> None:
    """Send events to Lambda through its asynchronous queue, and limit the event log to 1,000 events.

    Raises AttributeError when this version of MiniStack has no such function.
    """

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            logger.warning("EventBridge target %s does not exist: event dropped", name)
            return
        record = lambda_svc._execution_record_for_config(function, config)
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    if not hasattr(eventbridge, "_dispatch_to_lambda"):
        raise AttributeError("MiniStack's EventBridge no longer has _dispatch_to_lambda")
    eventbridge._dispatch_to_lambda = dispatch_to_lambda

    @wrap(eventbridge, "_events_log_list")
    def _(original: Any) -> list[Any]:
        events: list[Any] = original()
        del events[:-EVENTS_KEPT]
        return events
