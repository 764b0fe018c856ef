"""The record of a run that has ended: which files counted, and where its rows came from and went."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from cartlake.ledger import FileRecord, FileState, RunRecord
from cartlake.maintenance.documents import MaintainedTable, MaintenanceRecord, MaintenanceReport
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import Scope
from cartlake.runs.documents import EngineChoice, RefreshReport, TransformReport
from cartlake.runs.ids import Workflow
from cartlake.runs.reconciliation import ReconciliationError
from cartlake.times import parse

RUN_NAMESPACE: Final = uuid.UUID("9b3d9a52-6c0e-5f0e-8f57-3a6f0a5d2f11")
"""OpenLineage identifies a run by a UUID: it is derived from the run id, so that a run always has the same one."""


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


@dataclass(frozen=True, slots=True)
class LineageDataset:
    """A dataset by OpenLineage's naming: an S3 object, or a table of the Glue catalog."""

    namespace: str
    name: str
    rows: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class LineageRun:
    """One run in OpenLineage's terms: a START and a COMPLETE or, with `error`, a FAIL. Times are ISO 8601."""

    run_uuid: str
    job_namespace: str
    job_name: str
    started_at: str
    ended_at: str
    inputs: tuple[LineageDataset, ...]
    outputs: tuple[LineageDataset, ...]
    error: str | None = None


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


def lineage(run: RunRecord, files: Sequence[FileRecord], report: TransformReport | None, catalog: str) -> LineageRun:
    """Return where a run's rows came from and went. `catalog` is the ARN of the Glue catalog, the tables' namespace."""
    read = {file.file_id: file.rows_read for file in report.files} if report else {}
    inputs = tuple(LineageDataset(f"s3://{file.bucket}", file.key, read.get(file.file_id), file.size) for file in files)
    published = report.rows.published if report and not run.error else None
    outputs = [_table(catalog, report.table, published)] if report else []
    return _lineage_run(run, f"{Workflow.INGEST}.{run.dataset}", inputs, outputs)


def refresh_lineage(
    run: RunRecord, report: RefreshReport | None, upstreams: Mapping[str, Sequence[str]], catalog: str
) -> LineageRun:
    """Return which tables a refresh rebuilt, and from which. `upstreams` holds those of every table it looked at."""
    rebuilt = [table for table in report.tables if table.outcome == "rebuilt"] if report else []
    read = dict.fromkeys(name for table in rebuilt for name in upstreams.get(table.table, ()))
    outputs = [_table(catalog, table.table, table.rows) for table in rebuilt]
    return _lineage_run(run, Workflow.REFRESH, [_table(catalog, name, None) for name in read], outputs)


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


def _lineage_run(
    run: RunRecord, job: str, inputs: Sequence[LineageDataset], outputs: Sequence[LineageDataset]
) -> LineageRun:
    return LineageRun(
        run_uuid=str(uuid.uuid5(RUN_NAMESPACE, run.run_id)),
        job_namespace="cartlake",
        job_name=job,
        started_at=run.started_at,
        ended_at=run.ended_at or run.started_at,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        error=f"{run.error}: {run.cause}" if run.error else None,
    )


def _table(catalog: str, name: str, rows: int | None) -> LineageDataset:
    database, table = name.split(".")[-2:]
    return LineageDataset(catalog, f"table/{database}/{table}", rows)
