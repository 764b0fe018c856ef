"""Publishes the metrics of SQS, of Step Functions and of logs in the Embedded Metric Format, as AWS does.

MiniStack publishes those of Lambda only. Points older than an hour are deleted, to limit memory.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch, lambda_svc, sqs
from ministack.services import stepfunctions as sfn

from localaws.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("localaws.metrics")

SAMPLE_SECONDS = 10.0
KEEP_SECONDS = 3600.0
EXECUTION_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def queue_metrics(messages: list[dict[str, Any]], now: float) -> dict[str, tuple[float, str]]:
    """Return value and unit of each metric of one queue, by name. `now` is in epoch seconds."""
    hidden = [message for message in messages if message["visible_at"] > now]
    delayed = [message for message in hidden if not message["receive_count"]]
    sent = [message["sent_at"] for message in messages]
    return {
        "ApproximateNumberOfMessagesVisible": (len(messages) - len(hidden), "Count"),
        "ApproximateNumberOfMessagesNotVisible": (len(hidden) - len(delayed), "Count"),
        "ApproximateNumberOfMessagesDelayed": (len(delayed), "Count"),
        "ApproximateAgeOfOldestMessage": (now - min(sent) if sent else 0.0, "Seconds"),
    }


def embedded_metrics(log: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """Yield (namespace, name, value, unit, dimensions) of every metric in the Embedded Metric Format lines of a log.

    A line that is not in this format is ignored, as on AWS.
    """
    for line in log.splitlines():
        if '"_aws"' not in line:
            continue
        try:
            metrics = list(_metrics_of(json.loads(line)))
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
        yield from metrics


def _metrics_of(record: dict[str, Any]) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    for directive in record["_aws"]["CloudWatchMetrics"]:
        # Each set of dimensions is a metric of its own; without sets there is one without dimensions.
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(record[name]) for name in names if name in record}
            for metric in directive["Metrics"]:
                value = record.get(metric["Name"], [])
                for number in value if isinstance(value, list) else [value]:
                    yield directive["Namespace"], metric["Name"], float(number), metric.get("Unit", "None"), dimensions


def install() -> None:
    """Publish metrics of executions and logs when they occur, and of queues every ten seconds."""
    _publish_executions()
    _publish_embedded()
    threading.Thread(target=_run_forever, name="localaws-metrics", daemon=True).start()


def _publish_executions() -> None:
    @wrap(sfn, "_emit_execution_status_event")
    def _(original: Any, execution: dict[str, Any]) -> None:
        original(execution)
        dimensions = {"StateMachineArn": execution["stateMachineArn"]}
        cloudwatch.record_metric("AWS/States", EXECUTION_METRICS[execution["status"]], 1, "Count", dimensions)
        if execution.get("stopDate"):
            started, stopped = (datetime.fromisoformat(execution[name]) for name in ("startDate", "stopDate"))
            milliseconds = (stopped - started).total_seconds() * 1000
            cloudwatch.record_metric("AWS/States", "ExecutionTime", milliseconds, "Milliseconds", dimensions)


def _publish_embedded() -> None:
    @wrap(lambda_svc, "_emit_lambda_logs")
    def _(original: Any, func: Any, request_id: str, log_text: str, *args: Any, **kwargs: Any) -> None:
        original(func, request_id, log_text, *args, **kwargs)
        for namespace, name, value, unit, dimensions in embedded_metrics(log_text):
            cloudwatch.record_metric(namespace, name, value, unit, dimensions)


def sample_queues() -> None:
    """Publish the metrics of every queue of every account and region."""
    for (account, region, _url), queue in sqs._queues.all_items():
        dimensions = {"QueueName": queue["name"]}
        with request_scope(account, region):
            for name, (value, unit) in queue_metrics(list(queue["messages"]), time.time()).items():
                cloudwatch.record_metric("AWS/SQS", name, value, unit, dimensions)


def delete_old_points() -> None:
    """Delete metric points older than an hour."""
    oldest = time.time() - KEEP_SECONDS
    for points in cloudwatch._metrics.all_values():
        stale = next((index for index, point in enumerate(points) if point["Timestamp"] >= oldest), len(points))
        del points[:stale]


def _run_forever() -> None:
    while True:
        time.sleep(SAMPLE_SECONDS)
        try:
            sample_queues()
            delete_old_points()
        except Exception:
            logger.exception("the metrics of queues could not be published")
