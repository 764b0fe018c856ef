"""Load a run's files onto an audit branch of their table, step by step, on any engine.

Readers of the table do not see the branch until the state machine has audited the report and published it. A run may be
repeated: it starts from a new branch, and replaces what it quarantined and measured before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cartlake.runs.documents import FileCount, Measurement, RowCounts, RuleCount, TransformReport
from cartlake.runs.ids import audit_branch
from cartlake.times import stamp, utc_now
from glue_jobs.dataset_etl import copying, storing
from glue_jobs.dataset_etl.bad_files import naming_bad_files
from glue_jobs.dataset_etl.counts import broken_rules
from glue_jobs.dataset_etl.deleting import deleted_all
from glue_jobs.dataset_etl.erased import hide_erased
from glue_jobs.dataset_etl.quarantine import quarantine_rows
from glue_jobs.dataset_etl.run import Run
from glue_jobs.dataset_etl.storing import Stored, deduplicate
from glue_jobs.engines.base import BatchCounts, Branch, Rows
from glue_jobs.shared.files import check_unchanged
from glue_jobs.shared.quality import QUALITY_SCHEMA
from glue_jobs.transforms.file_rows.judging import accepted
from glue_jobs.transforms.file_rows.steps import RECEPTION_SCHEMA, judged_rows, with_reception


@dataclass(frozen=True, slots=True)
class Counted:
    """All that was counted and measured in a run."""

    batch: BatchCounts
    rules: list[RuleCount]
    quarantined: int
    stored: Stored
    measured: list[Measurement]
    emptied: bool


def load_files(run: Run) -> TransformReport:
    """Load the files of a run onto its branch, quarantine the rows that are refused, and return what was counted.

    Raises BadFilesError naming the files that were changed since they were claimed, or cannot be read, and a full copy
    that would delete too much.
    """
    engine, table, files, timed = run.engine, run.table, run.manifest.files, run.phases.timed
    with timed("read"), naming_bad_files(run):
        check_unchanged(files)
        raw = engine.read_files(files, run.contract)
        raw = engine.with_values(raw, {"_run_id": run.run_id, "_ingested_at": run.started_at})
        if table.later_file_wins:
            raw = engine.apply(with_reception, raw, engine.frame(receptions(run), RECEPTION_SCHEMA))
        judged = engine.keep(engine.apply(judged_rows, raw, *run.parents(), table=table))
        judged = hide_erased(run, judged)
        batch = engine.count_batch(judged, table)
        check_unchanged(files)
        copying.check_copy(run, judged)
        rules = broken_rules(engine, judged, table)
    with timed("quarantine"):
        quarantined = quarantine_rows(run, judged, batch)
    with timed("branch"):
        branch = engine.fresh_branch(run.target, audit_branch(run.run_id))
    stored = store(run, judged, batch, branch)
    engine.release()
    with timed("tidy"):
        engine.tidy(branch, table, batch.days | stored.old_days)
    with timed("audit"):
        days = batch.days | stored.old_days
        emptied = deleted_all(run, batch, branch, days)
        measured = [] if emptied else engine.measure(branch, table, days, run.started_at)
        record_quality(run, rules, measured)
    return report(run, branch, Counted(batch, rules, quarantined, stored, measured, emptied))


def store(run: Run, judged: Rows, batch: BatchCounts, branch: Branch) -> Stored:
    """Write the accepted rows to the branch."""
    rows = run.engine.apply(accepted, judged, table=run.table)
    if run.table.full_copy:
        return copying.store_newest(run, judged, rows, batch, branch)
    with run.phases.timed("deduplicate"):
        kept = deduplicate(run, rows, batch.accepted)
    return (storing.replace if run.manifest.backfill else storing.append_and_merge)(run, kept, batch, branch)


def receptions(run: Run) -> list[tuple[object, ...]]:
    """Return of each file its `_source_file` and when it was received, as text in UTC."""
    now = stamp(run.started_at)
    return [(file.source_file, file.received_at or now) for file in run.manifest.files]


def record_quality(run: Run, rules: Sequence[RuleCount], measured: Sequence[Measurement]) -> None:
    """Replace the run's rows in ops.quality_results: one for each row rule and each table rule."""
    severities = {rule.name: rule.severity for rule in run.table.table_rules}
    values: list[tuple[str, str, float | None]] = [(rule.rule, rule.severity, float(rule.broken)) for rule in rules]
    values += [(one.rule, severities[one.rule], one.value) for one in measured]
    name = _physical_name(run)
    rows = [(run.run_id, run.dataset, name, *value, run.started_at) for value in values]
    where = f"run_id = '{run.run_id}' and table_name = '{name}'"
    run.engine.replace_rows(run.quality, where, run.engine.frame(rows, QUALITY_SCHEMA))


def report(run: Run, branch: Branch, counted: Counted) -> TransformReport:
    """Return the report of the run, with the head of its branch: null when the run wrote nothing."""
    batch, stored = counted.batch, counted.stored
    head = run.engine.head(run.target, branch.name)
    wrote = head not in (None, branch.base) and bool(batch.days | stored.old_days)
    return TransformReport(
        run_id=run.run_id,
        dataset=run.dataset,
        table=_physical_name(run),
        branch=branch.name,
        snapshot_id=str(head) if wrote else None,
        base_snapshot_id=None if branch.base is None else str(branch.base),
        rows=RowCounts(
            read=batch.rows_by_file.total(),
            published=stored.published.total() + stored.deletes.remembered,
            quarantined=counted.quarantined,
            duplicate=stored.duplicate,
        ),
        files=[FileCount(file_id=f.file_id, rows_read=batch.rows_by_file[f.source_file]) for f in run.manifest.files],
        row_rules=counted.rules,
        measurements=counted.measured,
        touched_days=stored.touched_days,
        emptied=counted.emptied,
        deletes=stored.deletes.remembered,
        deleted=stored.deletes.rows,
        spared=stored.deletes.spared,
        withdrawn=stored.withdrawn,
        returned=stored.slice.returned,
        lowered=stored.slice.lowered,
        outranked=stored.slice.outranked,
        size=run.engine.added_bytes(branch) if wrote else 0,
        started_at=stamp(run.started_at),
        ended_at=stamp(utc_now()),
        phases=run.phases.seconds,
    )


def _physical_name(run: Run) -> str:
    """The target without its catalog."""
    return run.target.partition(".")[2]
