"""Counts of a run, taken from the rows read, the branch and the quarantine table.

No count is derived from the others, so that a row lost or doubled breaks read = published + quarantined + duplicate.
"""

from collections import Counter
from collections.abc import Collection
from datetime import date

from cartlake.contracts import Table
from cartlake.runs.documents import RuleCount
from glue_jobs.engines.base import Branch, Engine, Rows
from glue_jobs.transforms.file_rows import steps
from glue_jobs.transforms.file_rows.judging import rule_counts


def broken_rules(engine: Engine, judged: Rows, table: Table) -> list[RuleCount]:
    """Return how many rows break each row rule, zeros included, and each reason that is no rule of the contract."""
    broken = {row["rule"]: int(row["broken"]) for row in engine.collect(engine.apply(rule_counts, judged))}
    severities = {rule.name: rule.severity for rule in table.row_rules}
    for reason in broken:
        severities.setdefault(reason, "error")
    return [
        RuleCount(rule=name, severity=severity, broken=broken.get(name, 0)) for name, severity in severities.items()
    ]


def published_rows(engine: Engine, branch: Branch, table: Table, run_id: str, days: Collection[date]) -> Counter[date]:
    """Return how many rows of the branch carry this run's id, by day."""
    ours = engine.where(engine.read_branch(branch, table, days), f"_run_id = '{run_id}'")
    return Counter(
        {row["day"]: row["rows"] for row in engine.collect(engine.apply(steps.rows_by_day, ours, table=table))}
    )


def outdated_rows(engine: Engine, branch: Branch, kept: Rows, table: Table, run_id: str, days: Collection[date]) -> int:
    """Return how many of the kept rows lost to a stored row: of the same key, not older, and of another run."""
    stored = engine.where(engine.read_branch(branch, table, days), f"_run_id <> '{run_id}'")
    return engine.count(engine.apply(steps.outdated_rows, kept, stored, table=table))


def known_rows(engine: Engine, branch: Branch, kept: Rows, table: Table, run_id: str) -> int:
    """Return how many of the kept rows have a key that the branch holds by another run.

    In a backfill those are rows that are the same as before, or that lost to a row of another file.
    """
    stored = engine.where(engine.read_branch(branch, table), f"_run_id <> '{run_id}'")
    return engine.count(engine.apply(steps.known_keys, kept, stored, table=table))


def withdrawn_rows(engine: Engine, branch: Branch, gone: Rows, table: Table) -> int:
    """Return how many of the keys in `gone` have no row on the branch any more."""
    return engine.count(engine.apply(steps.missing_keys, gone, engine.read_branch(branch, table), table=table))
