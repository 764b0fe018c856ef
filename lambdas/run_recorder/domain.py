"""The record of a run that has ended: which files counted, what was published, and how tables were maintained."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from cartlake.ledger import FileRecord, FileState, RunRecord
from cartlake.maintenance.documents import MaintainedTable, MaintenanceRecord, MaintenanceReport
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import Scope
from cartlake.runs.documents import EngineChoice, TransformReport
from cartlake.runs.reconciliation import ReconciliationError
from cartlake.times import parse

TOO_LARGE: Final = frozenset(
    {
        "EngineLimitError",
        "Lambda.Unknown",
        "MemoryError",
        "Runtime.ExitError",
        "Runtime.OutOfMemory",
        "Sandbox.Timedout",
        "States.Timeout",
    }
)
"""Errors of a light step for want of memory, disk or time, as Step Functions names them: a larger batch would fail too.
The others that fall back are of Lambda itself, whatever the size. `Lambda.Unknown` is what older runtimes say of a
function that ran out of time or memory."""

_MAX_WHY: Final = 500


def is_too_large(error: str) -> bool:
    """Whether the light engine gave a batch up for its size, and not because Lambda could not run the function."""
    return error in TOO_LARGE


def why_given_up(error: str, cause: str) -> str:
    """Return in a line why the light engine gave a step up: the error, and Lambda's message without its stack."""
    try:
        told = json.loads(cause)
    except ValueError:
        told = None
    message = str(told["errorMessage"]) if isinstance(told, dict) and "errorMessage" in told else cause
    return f"{error}: {message}"[:_MAX_WHY]


def spark_instead(chosen: EngineChoice | None, why: str) -> EngineChoice:
    """Return the choice after a fallback, with the reason of the first choice; a second fallback changes nothing."""
    if chosen is not None and chosen.engine == "spark":
        return chosen
    first = f" (light was chosen for {chosen.reason})" if chosen else ""
    return EngineChoice(engine="spark", reason=f"fell back from the light engine, {why}{first}")


def claimed_ids(files: Sequence[FileRecord], run_id: str, *, backfill: bool = False) -> set[str]:
    """Return the files that count in this run: claimed by it, or recorded as loaded by an earlier attempt of this step.

    In a backfill all of them: they belong to the runs that loaded them, until it has succeeded.
    """
    if backfill:
        return {file.file_id for file in files}
    return {
        file.file_id for file in files if file.run_id == run_id and file.state in {FileState.CLAIMED, FileState.LOADED}
    }


def check_published(report: TransformReport, published_snapshot_id: str | None) -> None:
    """Check that what was published is what was audited. Raises ReconciliationError."""
    if report.snapshot_id != published_snapshot_id:
        raise ReconciliationError(
            f"Run {report.run_id} was audited at snapshot {report.snapshot_id} of {report.table},"
            f" but {published_snapshot_id} was published."
        )


def published_days(report: TransformReport) -> Scope:
    """Return the days whose rows a run changed: what is built from them is stale."""
    return Scope(days=of_days(date.fromisoformat(day) for day in report.touched_days))


def maintenance_records(report: MaintenanceReport, known: Mapping[str, MaintenanceRecord]) -> list[MaintenanceRecord]:
    """Return the record of every table. What is known of orphan files and of repeated keys is kept until the next."""
    return [_maintenance_record(report, one, known.get(one.table)) for one in report.tables]


def _maintenance_record(
    report: MaintenanceReport, one: MaintainedTable, last: MaintenanceRecord | None
) -> MaintenanceRecord:
    ended_at = parse(report.ended_at)
    known = last.model_dump(include={"orphans_removed_at", "keys_checked_at", "repeated_keys"}) if last else {}
    if one.removed_orphans:
        known["orphans_removed_at"] = ended_at
    if one.repeated_keys is not None:
        known |= {"keys_checked_at": ended_at, "repeated_keys": one.repeated_keys}
    return MaintenanceRecord(table=one.table, run_id=report.run_id, at=ended_at, outcome=one.outcome, **known)


def repeated_keys(report: MaintenanceReport) -> int:
    """Return how many keys stand more than once in the tables that were searched for them."""
    return sum(one.repeated_keys or 0 for one in report.tables)


def files_joined(report: MaintenanceReport) -> int:
    """Return by how many data files the tables of the report have become smaller."""
    return sum(one.before.data_files - one.after.data_files for one in report.tables if one.before and one.after)


def time_and_cost(run: RunRecord) -> dict[str, float | None]:
    """Return the metrics of how long a run took, in seconds, and what its engine cost, in USD; None if unknown."""
    ended = parse(run.ended_at) if run.ended_at else None
    return {
        "RunSeconds": (ended - parse(run.started_at)).total_seconds() if ended else None,
        "RunCost": run.cost_usd,
    }
