"""The current state of a lake: files by state, running runs, files that are not on record, and unhandled messages."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cartlake import contracts
from cartlake.raw_listing import compared
from cartlake.times import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cartlake_cli.context import Lake

MOST_LOOKED_AT: Final = 10_000
"""Ten calls of S3 and a hundred of DynamoDB: a second or two on AWS."""

UNDER_WAY: Final = timedelta(minutes=1)
"""How long an event may be under way before its file counts as lost."""


def status_of(lake: Lake, *, compare: bool = True) -> dict[str, Any]:
    """Return `environment`, `datasets`, `not_in_ledger` and `dead_letters`.

    `datasets` has one record per dataset of the contracts or of the ledger, sorted by name: `dataset`, the number of
    files in each state that has any, `pending` (validated files that wait for a run) and `running` (the id of the run
    that holds the dataset's lock, or None) and `next_run_at` (when the run begins that gathers files, or None).
    `not_in_ledger` is the answer of the function of that name, None without `compare`.
    `dead_letters` is the number of messages in each dead-letter queue, which
    SQS counts approximately.
    """
    names = sorted({*contracts.names(), *lake.ledger.files.datasets()})
    queues = {"incoming": lake.outputs.incoming_dlq_url, "events": lake.outputs.events_dlq_url}
    return {
        "environment": lake.environment,
        "datasets": [_of_dataset(lake, name) for name in names],
        "not_in_ledger": not_in_ledger(lake) if compare else None,
        "dead_letters": {name: _message_count(lake, url) for name, url in queues.items()},
    }


def not_in_ledger(lake: Lake) -> dict[str, Any]:
    """Return `files`, how many files of the raw bucket have no record, `looked_at`, and whether that is `complete`.

    At most MOST_LOOKED_AT object versions are compared; `lake sweep --dry-run` compares all. Those of the last minute
    are left out: their events are under way.
    """
    lake.connect()
    now, files, looked_at = utc_now(), 0, 0
    for part in compared(lake.ledger, lake.outputs.buckets["raw"]):
        files += sum(now - one.written_at >= UNDER_WAY for one in part.unrecorded)
        looked_at += part.versions
        if looked_at >= MOST_LOOKED_AT:
            return {"files": files, "looked_at": looked_at, "complete": False}
    return {"files": files, "looked_at": looked_at, "complete": True}


def _of_dataset(lake: Lake, dataset: str) -> dict[str, Any]:
    ledger = lake.ledger
    lock, planned = ledger.locks.get(dataset), ledger.next_runs.get(dataset)
    return {
        "dataset": dataset,
        **Counter(file.state.value for file in ledger.files.list(dataset)),
        "pending": len(ledger.files.pending(dataset)),
        "running": lock.run_id if lock else None,
        "next_run_at": planned.starts_at if planned else None,
    }


def waits_until(lake: Lake, subjects: Iterable[str]) -> dict[str, str]:
    """Return until when work of datasets, or of the refresh, is gathered for their next run; others are left out."""
    planned = {subject: lake.ledger.next_runs.get(subject) for subject in subjects}
    return {subject: run.starts_at for subject, run in planned.items() if run}


def _message_count(lake: Lake, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = lake.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])
