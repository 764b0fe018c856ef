"""Cuts what grows without end: logs beyond their group's retention or a limit, histories of old executions.

All that MiniStack keeps is in memory and in every snapshot, which would slow down a server that runs for weeks.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from ministack.services import cloudwatch_logs
from ministack.services import stepfunctions as sfn

logger = logging.getLogger("localaws.retention")

CUT_SECONDS = 60.0
EVENTS_PER_GROUP = 10_000
HISTORIES_KEPT = 100
DAY_MILLISECONDS = 86_400_000


def cut_streams(streams: dict[str, dict[str, Any]], oldest: float, limit: int) -> None:
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


def cut_histories(executions: list[dict[str, Any]], kept: int) -> None:
    """Empty the event history of all ended executions but the newest. Their description stays."""
    ended = [execution for execution in executions if execution.get("stopDate") and execution.get("events")]
    ended.sort(key=lambda execution: execution["stopDate"], reverse=True)
    for execution in ended[kept:]:
        execution["events"] = []


def cut_all() -> None:
    """Cut every log group and the histories of all executions."""
    now = time.time() * 1000
    for group in cloudwatch_logs._log_groups.all_values():
        days = group.get("retentionInDays")
        cut_streams(group["streams"], now - days * DAY_MILLISECONDS if days else 0, EVENTS_PER_GROUP)
    cut_histories(sfn._executions.all_values(), HISTORIES_KEPT)


def _run_for_ever() -> None:
    while True:
        time.sleep(CUT_SECONDS)
        try:
            cut_all()
        except Exception:
            logger.exception("retention failed")


def install() -> None:
    """Cut in the background."""
    threading.Thread(target=_run_for_ever, name="localaws-retention", daemon=True).start()
