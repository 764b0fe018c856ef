"""Reads log files and CloudWatch log groups, line by line."""

from __future__ import annotations

import re
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cartlake.runs.ids import RUN_ID, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cartlake.ledger import Ledger
    from cartlake_cli.outputs import Outputs

FOLLOW_SECONDS = 1.0
_REFRESHES_LOOKED_AT: Final = 50
_FILE_ID: Final = re.compile("[0-9a-f]{32}")


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


def job_groups(client: Any, security_configuration: str) -> list[str]:
    """Return the log groups of all Glue jobs with a security configuration, two for each job's role."""
    pages = client.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"/aws-glue/jobs/{security_configuration}-role/"
    )
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def job_streams(client: Any, outputs: Outputs, job_run_id: str) -> tuple[list[str], str]:
    """Return where a job run logs: its log groups, and how the names of its streams begin.

    On Glue it need not be known which job's run it is. On EMR Serverless all job runs log to one group.
    """
    if outputs.emr_application_id is None:
        return job_groups(client, outputs.name_prefix), job_run_id
    group = f"/aws/emr-serverless/{outputs.name_prefix}-spark"
    return [group], f"applications/{outputs.emr_application_id}/jobs/{job_run_id}/"


def ids_of(name: str, ledger: Ledger) -> list[str]:
    """Return what to look for in all logs: the id of a file or run, and those of the runs that had it, in their order.

    The runs of a file are its loads and the refreshes that rebuilt tables from their rows; those of a load are the
    refreshes. Of the refreshes the newest 50 are looked at.
    """
    runs = (
        run_id
        for file in ([] if RUN_ID.fullmatch(name) else ledger.files.get_many([name]))
        for run_id in (*(load.run_id for load in file.loads), file.run_id)
    )
    loads = list(dict.fromkeys([name, *filter(None, runs)]))
    return [*loads, *_refreshes_of(set(loads), ledger)]


def _refreshes_of(run_ids: set[str], ledger: Ledger) -> list[str]:
    newest = [run.run_id for run in ledger.runs.list(Workflow.REFRESH, limit=_REFRESHES_LOOKED_AT)]
    return [one for one in sorted(newest) if run_ids & {mark.run_id for mark in ledger.stale.of_run(one)}]


def is_id(name: str) -> bool:
    """Return whether a name is the id of a run or of a file."""
    return bool(RUN_ID.fullmatch(name) or _FILE_ID.fullmatch(name))


def all_groups(client: Any, name_prefix: str) -> list[str]:
    """Return the log groups of all functions, state machines and jobs of a lake."""
    pages = client.get_paginator("describe_log_groups").paginate()
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    return [group for group in groups if re.search(rf"/{re.escape(name_prefix)}-", group)]


def cloudwatch_lines(
    client: Any,
    groups: Sequence[str],
    stream_prefix: str | None,
    lines: int,
    *,
    follow: bool,
    ids: Sequence[str] = (),
) -> Iterator[str]:
    """Yield the last lines of log groups in the order of their times; with `follow`, also later ones, without end.

    `stream_prefix` chooses streams by the beginning of their names; with `ids`, lines that hold one of them are
    yielded, after the name of their group. A group that does not exist yet has no lines.
    """
    seen: set[str] = set()
    texts: Sequence[str | None] = ids or [None]
    since = 0
    while True:
        found = (
            event for group in groups for text in texts for event in _events(client, group, stream_prefix, since, text)
        )
        events = sorted({event["eventId"]: event for event in found}.values(), key=lambda event: event["timestamp"])
        fresh = [event for event in events if event["eventId"] not in seen]
        for event in fresh if seen else fresh[-lines:]:
            place = f"{event['group'].rpartition('/')[2]} " if ids else ""
            yield f"{_time(event['timestamp'])} {place}{event['message'].rstrip()}"
        if not follow:
            return
        # Times are not unique, so events of the last time are read again and left out by their ids.
        seen.update(event["eventId"] for event in fresh)
        since = max([since, *(event["timestamp"] for event in fresh)])
        time.sleep(FOLLOW_SECONDS)


def _events(
    client: Any, group: str, stream_prefix: str | None, since: int, text: str | None
) -> Iterator[dict[str, Any]]:
    arguments: dict[str, Any] = {"logGroupName": group, "startTime": since}
    if stream_prefix:
        arguments["logStreamNamePrefix"] = stream_prefix
    if text:
        arguments["filterPattern"] = f'"{text}"'
    try:
        for page in client.get_paginator("filter_log_events").paginate(**arguments):
            yield from ({**event, "group": group} for event in page["events"])
    except client.exceptions.ResourceNotFoundException:
        return


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
