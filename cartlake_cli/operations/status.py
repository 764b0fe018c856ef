"""The current state of a lake: files by state, running runs, and messages that could not be handled."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cartlake import contracts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cartlake_cli.context import Lake


def status_of(lake: Lake) -> dict[str, Any]:
    """Return `environment`, `datasets` and `dead_letters`.

    `datasets` has one record per dataset of the contracts or of the ledger, sorted by name: `dataset`, the number of
    files in each state that has any, `pending` (validated files that wait for a run) and `running` (the id of the run
    that holds the dataset's lock, or None) and `next_run_at` (when the run begins that gathers files, or None).
    `dead_letters` is the number of messages in each dead-letter queue, which
    SQS counts approximately.
    """
    names = sorted({*contracts.names(), *lake.ledger.files.datasets()})
    queues = {"incoming": lake.outputs.incoming_dlq_url, "events": lake.outputs.events_dlq_url}
    return {
        "environment": lake.environment,
        "datasets": [_of_dataset(lake, name) for name in names],
        "dead_letters": {name: _message_count(lake, url) for name, url in queues.items()},
    }


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


def waits_until(lake: Lake, datasets: Iterable[str]) -> dict[str, str]:
    """Return until when the pending files of datasets are gathered for their next run; others are left out."""
    planned = {dataset: lake.ledger.next_runs.get(dataset) for dataset in datasets}
    return {dataset: run.starts_at for dataset, run in planned.items() if run}


def _message_count(lake: Lake, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = lake.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])
