"""Reads log files and CloudWatch log groups, line by line."""

from __future__ import annotations

import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

JOB_GROUPS = ("/aws-glue/jobs/output", "/aws-glue/jobs/error")
FOLLOW_SECONDS = 1.0


def file_lines(path: Path, lines: int, *, follow: bool) -> Iterator[str]:
    """Yield the last lines of a file; with `follow`, also those written later, without end."""
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from (line.rstrip("\n") for line in deque(file, maxlen=lines))
        while follow:
            line = file.readline()
            if line:
                yield line.rstrip("\n")
            else:
                time.sleep(FOLLOW_SECONDS)


def group_of(name: str, functions: Mapping[str, str]) -> str:
    """Return the log group of a name: a group's own name, a function's name in the code or on AWS."""
    if name.startswith("/"):
        return name
    return f"/aws/lambda/{functions.get(name.replace('-', '_'), name)}"


def cloudwatch_lines(
    client: Any, groups: Sequence[str], stream_prefix: str | None, lines: int, *, follow: bool
) -> Iterator[str]:
    """Yield the last lines of log groups in the order of their times; with `follow`, also later ones, without end.

    `stream_prefix` chooses streams by the beginning of their names. A group that does not exist yet has no lines.
    """
    seen: set[str] = set()
    since = 0
    while True:
        events = sorted(
            (event for group in groups for event in _events(client, group, stream_prefix, since)),
            key=lambda event: event["timestamp"],
        )
        fresh = [event for event in events if event["eventId"] not in seen]
        for event in fresh if seen else fresh[-lines:]:
            yield f"{_time(event['timestamp'])} {event['message'].rstrip()}"
        if not follow:
            return
        # Times are not unique, so events of the last time are read again and left out by their ids.
        seen.update(event["eventId"] for event in fresh)
        since = max([since, *(event["timestamp"] for event in fresh)])
        time.sleep(FOLLOW_SECONDS)


def _events(client: Any, group: str, stream_prefix: str | None, since: int) -> Iterator[dict[str, Any]]:
    arguments: dict[str, Any] = {"logGroupName": group, "startTime": since}
    if stream_prefix:
        arguments["logStreamNamePrefix"] = stream_prefix
    try:
        for page in client.get_paginator("filter_log_events").paginate(**arguments):
            yield from page["events"]
    except client.exceptions.ResourceNotFoundException:
        return


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
