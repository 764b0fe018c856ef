"""Backfills: the raw files received on some days are loaded again by today's contract, in slices.

A backfill is requested only if every file still exists: one that reads only some of its files would remove the rows of
the others from the table.
"""

import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import head
from cartlake.ledger import Backfill, BackfillOpenError, FileRecord, FileState, RunState, Slice
from cartlake.times import stamp, utc_now
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations.coordinator import start_run

PARALLEL_LOOKS = 10
NAMED_FILES = 5


def files_between(lake: Lake, dataset: str, first: date, last: date) -> list[FileRecord]:
    """Return the loaded files received on these days, both included, in UTC.

    Raises NotFoundError when there is none, saying on which days there are.
    """
    files = lake.ledger.reloads.loaded_between(dataset, first, last)
    if not files:
        known = [file.received_at[:10] for file in lake.ledger.files.list(dataset, FileState.LOADED)]
        there = f"Loaded files were received from {known[0]} to {known[-1]}." if known else "No file is loaded."
        raise NotFoundError(f"No loaded file of {dataset} was received from {first} to {last}. {there}")
    return files


def check_files_exist(lake: Lake, files: Sequence[FileRecord]) -> None:
    """Raise CommandError that names files whose version does not exist any more."""
    if lost := missing_files(lake, files):
        names = ", ".join(f"{file.uri} (version {file.version_id})" for file in lost[:NAMED_FILES])
        raise CommandError(
            f"{len(lost)} of {len(files)} raw files were deleted, so nothing was started: {names}. "
            "Restore them, or choose days without them."
        )


def missing_files(lake: Lake, files: Sequence[FileRecord]) -> list[FileRecord]:
    """Return the files whose version is not in S3 any more. Raises ClientError when S3 denies access."""
    lake.client("s3")  # made before the threads start: boto3 cannot make a client in several threads at once

    def is_lost(file: FileRecord) -> bool:
        return head(S3Uri(file.bucket, file.key), file.version_id) is None

    with ThreadPoolExecutor(PARALLEL_LOOKS) as pool:
        return [file for file, lost in zip(files, pool.map(is_lost, files), strict=True) if lost]


def request_backfill(lake: Lake, dataset: str, first: date, last: date) -> Backfill:
    """Record a backfill, and let the run coordinator start it; returns the request.

    Raises CommandError while another one of the dataset is not done.
    """
    request = Backfill(
        request_id=secrets.token_hex(8), dataset=dataset, first=first, last=last, requested_at=stamp(utc_now())
    )
    try:
        lake.ledger.backfills.request(request)
    except BackfillOpenError as error:
        raise CommandError(str(error)) from error
    start_run(lake, dataset)
    return request


def last_backfill(lake: Lake, dataset: str) -> Backfill:
    """Return the last backfill of a dataset, done or not. Raises NotFoundError if there never was one."""
    backfill = lake.ledger.backfills.get(dataset)
    if backfill is None:
        raise NotFoundError(f"{dataset} was never backfilled. `lake backfill {dataset} --from DAY --to DAY` does it.")
    return backfill


def resume_backfill(lake: Lake, dataset: str) -> Backfill:
    """Go on with a backfill at the slice that failed; returns it. Published slices are not done again.

    Raises CommandError for one that is done or cancelled.
    """
    backfill = last_backfill(lake, dataset)
    if not backfill.is_open:
        raise CommandError(
            f"The backfill of {dataset}, files received {backfill}, is {backfill.state}: there is nothing to resume."
        )
    lake.ledger.backfills.resume(backfill, len(published_slices(lake, backfill)))
    start_run(lake, dataset)  # also for one that is ACTIVE: where nothing is at work, it goes on
    return last_backfill(lake, dataset)


def cancel_backfill(lake: Lake, dataset: str) -> Backfill:
    """Begin no further slice of a backfill; returns it. Raises CommandError for one that is done or cancelled."""
    backfill = last_backfill(lake, dataset)
    if not lake.ledger.backfills.cancel(backfill):
        raise CommandError(
            f"The backfill of {dataset}, files received {backfill}, is {last_backfill(lake, dataset).state} already."
        )
    return last_backfill(lake, dataset)


def published_slices(lake: Lake, backfill: Backfill) -> list[Slice]:
    """Return the slices whose runs have succeeded: the first ones, as each begins only after the one before."""
    begun = lake.ledger.backfills.slices(backfill)[: backfill.position]
    if begun and (run := lake.ledger.runs.get(str(begun[-1].run_id))) and run.state is not RunState.SUCCEEDED:
        return begun[:-1]
    return begun


def backfill_command(lake: Lake, dataset: str, runs: Iterable[str]) -> str | None:
    """Return the command that loads the files of these runs again; None where they loaded none."""
    days = sorted(file.received_at[:10] for run in set(runs) for file in lake.ledger.runs.files(run))
    return f"lake backfill {dataset} --from {days[0]} --to {days[-1]}" if days else None
