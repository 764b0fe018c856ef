"""Row counts of a run, each measured where the rows are: in the files read, on the branch, in the quarantine table.

No count is derived from the others, so that read = published + quarantined + duplicate can fail.
"""

from collections import Counter
from collections.abc import Collection
from datetime import date

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F
from cartlake.runs.documents import RuleCount
from glue_jobs.transforms.file_rows.judging import rule_counts
from glue_jobs.transforms.file_rows.versions import STORED, beside_stored, newer, order_of_versions
from glue_jobs.transforms.scopes import in_days_sql


def broken_rules(judged: DataFrame, table: Table) -> list[RuleCount]:
    """Return how many rows break each row rule, zeros included, and each reason that is no rule of the contract."""
    broken = {row["rule"]: int(row["broken"]) for row in rule_counts(judged).collect()}
    severities = {rule.name: rule.severity for rule in table.row_rules}
    for reason in broken:
        severities.setdefault(reason, "error")
    return [
        RuleCount(rule=name, severity=severity, broken=broken.get(name, 0)) for name, severity in severities.items()
    ]


def published_rows(branch: DataFrame, table: Table, run_id: str, days: Collection[date]) -> Counter[date]:
    """Return how many rows of the branch carry this run's id, by day."""
    ours = branch.where(F.expr(in_days_sql(table, days))).where(F.col("_run_id") == F.lit(run_id))
    by_day = ours.groupBy(F.to_date(F.col(str(table.event_time))).alias("day"))
    return Counter({row["day"]: row["rows"] for row in by_day.agg(F.count(F.lit(1)).alias("rows")).collect()})


def outdated_rows(branch: DataFrame, kept: DataFrame, table: Table, run_id: str, days: Collection[date]) -> int:
    """Return how many of the kept rows lost to a stored row: of the same key, not older, and of another run."""
    names = [*table.primary_key, *order_of_versions(table)]
    stored = _of_other_runs(branch.where(F.expr(in_days_sql(table, days))), run_id).select(*names)
    is_newer = newer(table, row="", than=STORED)
    return beside_stored(kept.select(*names), stored, table, how="inner").where(F.expr(f"not {is_newer}")).count()


def known_rows(branch: DataFrame, kept: DataFrame, table: Table, run_id: str) -> int:
    """Return how many of the kept rows have a key that the branch holds by another run.

    In a backfill those are rows that are the same as before, or that lost to a row of another file.
    """
    keys = list(table.primary_key)
    return kept.select(*keys).join(_of_other_runs(branch, run_id).select(*keys), on=keys, how="inner").count()


def withdrawn_rows(branch: DataFrame, gone: DataFrame, table: Table) -> int:
    """Return how many of the keys in `gone` have no row on the branch any more."""
    keys = list(table.primary_key)
    return gone.join(branch.select(*keys), on=keys, how="left_anti").count()


def _of_other_runs(rows: DataFrame, run_id: str) -> DataFrame:
    return rows.where(F.col("_run_id") != F.lit(run_id))
