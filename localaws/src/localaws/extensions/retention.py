"""Deletes old logs, by their group's retention and a limit, and the histories of old executions.

MiniStack keeps them in memory and in every snapshot, which would slow down a server that runs for weeks.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from ministack.services import cloudwatch_logs
from ministack.services import stepfunctions as sfn

logger = logging.getLogger("localaws.retention")

DELETE_SECONDS = 60.0
EVENTS_PER_GROUP = 10_000
HISTORIES_KEPT = 100
DAY_MILLISECONDS = 86_400_000


def delete_old_logs(streams: dict[str, dict[str, Any]], oldest: float, limit: int) -> None:
    """Delete log streams whose last event is older than `oldest` (epoch milliseconds), then the oldest beyond `limit`.

    `limit` counts events of all streams. A stream that alone exceeds it loses its oldest events.
    """
    newest_first = sorted(streams, key=lambda name: streams[name].get("lastEventTimestamp") or 0, reverse=True)
    room = limit
    for name in newest_first:
        stream = streams[name]
        if room <= 0 or (stream.get("lastEventTimestamp") or oldest) < oldest:
            del streams[name]
            continue
        del stream["events"][: max(0, len(stream["events"]) - room)]
        room -= len(stream["events"])


def delete_old_histories(executions: list[dict[str, Any]], kept: int) -> None:
    """Delete the event history of all ended executions but the newest `kept`. Their descriptions are kept."""
    ended = [execution for execution in executions if execution.get("stopDate") and execution.get("events")]
    ended.sort(key=lambda execution: execution["stopDate"], reverse=True)
    for execution in ended[kept:]:
        execution["events"] = []


def delete_old() -> None:
    """Delete the old logs of every group and the histories of old executions."""
    now = time.time() * 1000
    for group in cloudwatch_logs._log_groups.all_values():
        days = group.get("retentionInDays")
        delete_old_logs(group["streams"], now - days * DAY_MILLISECONDS if days else 0, EVENTS_PER_GROUP)
    delete_old_histories(sfn._executions.all_values(), HISTORIES_KEPT)


def _run_forever() -> None:
    while True:
        time.sleep(DELETE_SECONDS)
        try:
            delete_old()
        except Exception:
            logger.exception("old logs and histories could not be deleted")


def install() -> None:
    """Delete old logs and histories every minute, in the background."""
    threading.Thread(target=_run_forever, name="localaws-retention", daemon=True).start()
