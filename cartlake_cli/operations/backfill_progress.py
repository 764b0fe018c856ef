"""How far a backfill has come: its slices, waiting for it, and what it changed in all."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from cartlake.ledger import Backfill, BackfillState, RunRecord, RunState, Slice
from cartlake.runs.documents import SupersedeQuarantineReport, TransformReport
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.backfill import last_backfill, published_slices
from cartlake_cli.operations.follow import POLL_SECONDS, STALL_TIMEOUT_SECONDS, StallDetector, follow_refresh
from cartlake_cli.operations.recompute import report_of
from cartlake_cli.operations.run_documents import error_message, run_report

Say = Callable[[str], None]

COLUMNS = ("slice", "received", "files", "state", "run_id", "engine", "read", "published", "quarantined", "duplicate")
"""Of a list of slices, for people."""


def slices_of(lake: Lake, backfill: Backfill) -> list[dict[str, Any]]:
    """Return each slice with its state, its run, that run's engine and its counts, in the order they are done."""
    slices = lake.ledger.backfills.slices(backfill)
    runs = [lake.ledger.runs.get(part.run_id) if part.run_id else None for part in slices]
    return [_described(part, run) for part, run in zip(slices, runs, strict=True)]


def _described(part: Slice, run: RunRecord | None) -> dict[str, Any]:
    return {
        "slice": part.number,
        "received": f"{part}, again" if part.again else str(part),
        "files": part.files,
        "state": run.state if run else "WAITING",
        "run_id": part.run_id,
        "engine": run.engine.engine if run and run.engine else None,
        **(run.counts.model_dump() if run and run.counts else {}),
    }


def wait_for_backfill(lake: Lake, request: Backfill, status: Say, done: Say) -> list[RunRecord]:
    """Wait until all slices are published; returns their runs, in order.

    Calls `status` with what it waits for whenever that changes, and `done` once for each slice that is published since
    the `request` was read. Raises CommandError
    when a slice failed, when the backfill was cancelled, and when nothing changed for 15 minutes.
    """
    stall, shown, told = StallDetector(STALL_TIMEOUT_SECONDS, time.monotonic), "", request.position
    while True:
        backfill = _same(lake, request)
        published = published_slices(lake, backfill)
        for part in published[told:]:
            done(f"{_name(backfill, part)}: {_counts(_run_of(lake, part))}")
        told = max(told, len(published))
        if backfill.state is BackfillState.DONE:
            return [_run_of(lake, part) for part in published]
        _raise_if_over(lake, backfill, published)
        now = _waiting_for(lake, backfill, published)
        if now != shown:
            status(shown := now)
        if stall.is_stalled((now, backfill)):
            raise CommandError(f"{now} for 15 minutes. `lake logs` says why.")
        time.sleep(POLL_SECONDS)


def _same(lake: Lake, request: Backfill) -> Backfill:
    backfill = last_backfill(lake, request.dataset)
    if backfill.request_id != request.request_id:
        raise CommandError(f"This backfill of {request.dataset} is over, and another one was requested: {backfill}.")
    return backfill


def _raise_if_over(lake: Lake, backfill: Backfill, published: Sequence[Slice]) -> None:
    dataset = backfill.dataset
    if backfill.state is BackfillState.CANCELLED and len(published) == backfill.position:
        raise CommandError(
            f"The backfill of {dataset} was cancelled, or refused: `lake runs --dataset {dataset}` says which. "
            f"{_so_far(backfill, published)}"
        )
    if backfill.state is BackfillState.FAILED:
        failed = lake.ledger.backfills.get_slice(backfill, len(published) + 1)
        run = lake.ledger.runs.get(str(failed.run_id))
        error, cause = (run.error, run.cause) if run else (None, None)
        raise CommandError(
            f"{_name(backfill, failed)} failed: {error or 'its run ended unnoticed'}: {error_message(cause)} "
            f"{_so_far(backfill, published)} Its own days are as they were. `lake run show {failed.run_id}` says more. "
            f"When the cause is fixed: `lake backfill {dataset} --resume`; to give it up: `--cancel`."
        )


def _so_far(backfill: Backfill, published: Sequence[Slice]) -> str:
    if not published:
        return "No slice was published."
    days = f"{min(part.first for part in published)} to {max(part.last for part in published)}"
    return f"{len(published)} of {backfill.slices} slices are published, of files received {days}."


def _waiting_for(lake: Lake, backfill: Backfill, published: Sequence[Slice]) -> str:
    holder = lake.ledger.locks.get(backfill.dataset)
    if backfill.slices and backfill.position > len(published):
        part = lake.ledger.backfills.get_slice(backfill, backfill.position)
        return f"{_name(backfill, part)}: run {part.run_id} reads {part.files:,} files again"
    if holder:
        return f"Waiting for run {holder.run_id} of {backfill.dataset} to end"
    return f"Waiting for a run of {backfill.dataset} to begin"


def _name(backfill: Backfill, part: Slice) -> str:
    again = ", once more" if part.again else ""
    return f"Slice {part.number} of {backfill.slices}, files received {part}{again}"


def _run_of(lake: Lake, part: Slice) -> RunRecord:
    run = lake.ledger.runs.get(str(part.run_id))
    if run is None or run.state is not RunState.SUCCEEDED:
        raise CommandError(f"Run {part.run_id} of slice {part.number} is not on record as SUCCEEDED.")
    return run


def _counts(run: RunRecord) -> str:
    rows, engine = run.counts, run.engine.engine if run.engine else "an unknown"
    if rows is None:
        return f"run {run.run_id}"
    return (
        f"{rows.read:,} rows read, {rows.published:,} published, {rows.quarantined:,} quarantined, "
        f"{rows.duplicate:,} unchanged or older, on the {engine} engine"
    )


def backfill_outcome(lake: Lake, runs: Sequence[RunRecord]) -> dict[str, Any]:
    """Wait for the refresh after a backfill; returns what all slices changed in the table, quarantine, built tables.

    Rows of slices that were read a second time are counted once.
    """
    loads = [run_report(lake, run.run_id, "transform", TransformReport) for run in runs]
    quarantines = [run_report(lake, run.run_id, "supersede_quarantine", SupersedeQuarantineReport) for run in runs]
    first = [load.rows for load, run in zip(loads, runs, strict=True) if run.slice and not run.slice.again]
    again = [load.rows for load, run in zip(loads, runs, strict=True) if run.slice and run.slice.again]
    days = sorted({day for load in loads for day in load.touched_days})
    return {
        "slices": len(runs),
        "runs": [run.run_id for run in runs],
        "read": sum(rows.read for rows in first),
        "published": sum(load.rows.published for load in loads),
        "quarantined": sum(rows.quarantined for rows in first),
        # A row that is published the second time was older than another one the first time.
        "duplicate": sum(rows.duplicate for rows in first) - sum(rows.published for rows in again),
        "withdrawn": sum(load.withdrawn - load.returned for load in loads),
        "verdicts_superseded": sum(report.superseded for report in quarantines),
        "changed_days": days,
        "rebuilt": _rebuilt(lake, {run.run_id for run in runs}) if days else [],
    }


def _rebuilt(lake: Lake, runs: set[str]) -> list[str]:
    refreshes = follow_refresh(lake)
    took = [one for one in refreshes if any(mark.run_id in runs for mark in lake.ledger.stale.of_run(one.run_id))]
    # A refresh that found nothing built from these rows has no report.
    tables = [table for one in took if one.report_uri for table in report_of(lake, one.run_id).tables]
    return sorted({table.table for table in tables if table.outcome == "rebuilt"})
