"""Counts of a run, taken from the rows read, the branch and the quarantine table.

No count is derived from the others, so that a row lost or doubled breaks read = published + quarantined + duplicate.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from cartlake.contracts import Table
from cartlake.runs.documents import RuleCount
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import Branch, Engine, Rows
from glue_jobs.transforms.file_rows import backfill, steps
from glue_jobs.transforms.file_rows.judging import rule_counts


def broken_rules(engine: Engine, judged: Rows, table: Table) -> list[RuleCount]:
    """Return how many rows break each row rule, zeros included, and each reason that is no rule of the contract."""
    broken = {row["rule"]: int(row["broken"]) for row in engine.collect(engine.apply(rule_counts, judged))}
    severities = {rule.name: rule.severity for rule in table.row_rules}
    for reason in sorted(broken):
        severities.setdefault(reason, "error")
    return [
        RuleCount(rule=name, severity=severity, broken=broken.get(name, 0)) for name, severity in severities.items()
    ]


def published_rows(run: Run, branch: Branch, days: Collection[date]) -> Counter[date]:
    """Return how many rows of the branch carry this run's id, by day."""
    ours = rows_of_run(run, branch, days)
    by_day = run.engine.collect(run.engine.apply(steps.rows_by_day, ours, table=run.table))
    return Counter({row["day"]: row["rows"] for row in by_day})


def rows_of_run(run: Run, branch: Branch, days: Collection[date]) -> Rows:
    """Return the rows of the branch that carry this run's id, of these days."""
    return run.engine.where(run.engine.read_branch(branch, run.table, days), f"_run_id = '{run.run_id}'")


def outdated_rows(run: Run, branch: Branch, kept: Rows, days: Collection[date]) -> int:
    """Return how many of the kept rows lost to a stored row: of the same key, not older, and of another run."""
    stored = _of_other_runs(run, branch, days)
    return run.engine.count(run.engine.apply(steps.outdated_rows, kept, stored, table=run.table))


def known_rows(run: Run, branch: Branch, kept: Rows) -> int:
    """Return how many of the kept rows have a key that the branch holds by another run.

    In a backfill those are rows that are the same as before, or that lost to a row of another file.
    """
    stored = _of_other_runs(run, branch)
    return run.engine.count(run.engine.apply(steps.known_keys, kept, stored, table=run.table))


def withdrawn_rows(run: Run, branch: Branch, gone: Rows) -> int:
    """Return how many of the keys in `gone` have no row on the branch any more."""
    stored = run.engine.read_branch(branch, run.table)
    return run.engine.count(run.engine.apply(steps.missing_keys, gone, stored, table=run.table))


@dataclass(frozen=True, slots=True)
class SliceCounts:
    """What the slices of a backfill must know of each other, by TransformReport's names; zeros if there is one."""

    returned: int = 0
    lowered: int = 0
    outranked: int = 0


def slice_counts(run: Run, kept: Rows, stored: Rows) -> SliceCounts:
    """Count before the rows are replaced. `stored` are the rows of the branch, with their origin."""
    part, engine, table = run.manifest.part, run.engine, run.table
    if part is None or part.slices == 1:
        return SliceCounts()
    before = engine.read_version(run.target, int(part.before)) if part.before else None
    counted = {
        "lowered": engine.apply(backfill.lowered_keys, kept, stored, table=table),
        "outranked": engine.apply(backfill.outranked_keys, kept, stored, table=table) if part.unread else None,
        "returned": engine.apply(backfill.returned_keys, kept, stored, before, table=table)
        if before is not None
        else None,
    }
    return SliceCounts(**{name: engine.count(rows) for name, rows in counted.items() if rows is not None})


def _of_other_runs(run: Run, branch: Branch, days: Collection[date] | None = None) -> Rows:
    return run.engine.where(run.engine.read_branch(branch, run.table, days), f"_run_id <> '{run.run_id}'")
