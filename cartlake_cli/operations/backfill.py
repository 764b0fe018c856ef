"""Backfills: the raw files received on some days are loaded again by today's contract.

A backfill is requested only if every file still exists: one that reads only some of its files would remove the rows of
the others from the table.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import head
from cartlake.ledger import Backfill, FileRecord, FileState, RunRecord, RunState
from cartlake.runs.documents import SupersedeQuarantineReport, TransformReport
from cartlake.times import stamp, utc_now
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations.coordinator import start_run
from cartlake_cli.operations.follow import POLL_SECONDS, STALL_TIMEOUT_SECONDS, StallDetector, follow_refresh
from cartlake_cli.operations.recompute import report_of
from cartlake_cli.operations.run_documents import error_message, run_report

PARALLEL_LOOKS = 10
NAMED_FILES = 5


def files_between(lake: Lake, dataset: str, first: date, last: date) -> list[FileRecord]:
    """Return the loaded files received on these days, both included, in UTC.

    Raises NotFoundError when there is none, saying on which days there are.
    """
    files = lake.ledger.backfills.loaded_between(dataset, first, last)
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
    """Record a backfill as pending, and let the run coordinator start it; returns the request."""
    request = Backfill(
        request_id=secrets.token_hex(8), dataset=dataset, first=first, last=last, requested_at=stamp(utc_now())
    )
    lake.ledger.backfills.request(request)
    start_run(lake, dataset)
    return request


def backfill_command(lake: Lake, dataset: str, runs: Iterable[str]) -> str | None:
    """Return the command that loads the files of these runs again; None where they loaded none."""
    days = sorted(file.received_at[:10] for run in set(runs) for file in lake.ledger.runs.files(run))
    return f"lake backfill {dataset} --from {days[0]} --to {days[-1]}" if days else None


def wait_for_backfill(lake: Lake, request: Backfill, progress: Callable[[str], None]) -> RunRecord:
    """Wait until the backfill has its run and the run has ended; returns the run.

    Calls `progress` with a sentence whenever that sentence changes. Raises CommandError when the run failed, with
    its cause, and when nothing changed for 15 minutes.
    """
    stall, shown = StallDetector(STALL_TIMEOUT_SECONDS, time.monotonic), ""
    while True:
        run, holder = run_of_backfill(lake, request), lake.ledger.locks.get(request.dataset)
        if run is not None and run.state is not RunState.RUNNING:
            return _succeeded(run)
        now = _progress(request.dataset, run.run_id if run else None, holder.run_id if holder else None)
        if now != shown:
            progress(shown := now)
        if stall.is_stalled(now):
            raise CommandError(f"{now} for 15 minutes. `lake logs` says why.")
        time.sleep(POLL_SECONDS)


def run_of_backfill(lake: Lake, request: Backfill) -> RunRecord | None:
    """Return the run that claimed the backfill, None while it is pending."""
    runs = lake.ledger.runs.list(request.dataset, limit=50)
    return next((run for run in runs if run.backfill and run.backfill.request_id == request.request_id), None)


def _progress(dataset: str, run_id: str | None, holder: str | None) -> str:
    if run_id:
        return f"Run {run_id} reads the files of {dataset} again"
    return f"Waiting for run {holder} of {dataset} to end" if holder else f"Waiting for a run of {dataset} to begin"


def _succeeded(run: RunRecord) -> RunRecord:
    if run.state is not RunState.SUCCEEDED:
        raise CommandError(
            f"Backfill {run.run_id} failed, and and the table was not changed: {run.error}: {error_message(run.cause)} "
            f"`lake run show {run.run_id}` says more."
        )
    return run


def backfill_outcome(lake: Lake, run: RunRecord) -> dict[str, Any]:
    """Wait for the refresh after a backfill; returns what the run changed in the table, quarantine and built tables."""
    load = run_report(lake, run.run_id, "transform", TransformReport)
    quarantine = run_report(lake, run.run_id, "supersede_quarantine", SupersedeQuarantineReport)
    refreshes = follow_refresh(lake) if load.touched_days else []
    took = [one for one in refreshes if any(mark.run_id == run.run_id for mark in lake.ledger.stale.of_run(one.run_id))]
    # A refresh that found nothing built from these rows has no report.
    tables = [table for one in took if one.report_uri for table in report_of(lake, one.run_id).tables]
    return {
        "run_id": run.run_id,
        **load.rows.model_dump(),
        "withdrawn": load.withdrawn,
        "verdicts_superseded": quarantine.superseded,
        "changed_days": load.touched_days,
        "rebuilt": [table.table for table in tables if table.outcome == "rebuilt"],
    }
