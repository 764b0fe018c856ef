"""The quality of rows: how many break the row rules of a contract, and the table ops.quality_results that keeps it."""

from typing import Final

from cartlake.contracts import Table
from cartlake.engine import Column, DataFrame, F

QUALITY_SCHEMA: Final = (
    "run_id string, dataset string, table_name string, rule string, severity string, value double, "
    "measured_at timestamp"
)


def broken_counts(table: Table) -> list[Column]:
    """Return an aggregate for each row rule, named like it: the number of rows that break it."""
    return [F.count(F.when(F.expr(rule.broken), F.lit(1))).alias(rule.name) for rule in table.row_rules]


def broken_rows(rows: DataFrame, table: Table) -> DataFrame:
    """Return one row: how many rows there are, `_rows`, and how many break each row rule, named like the rule."""
    return rows.agg(F.count(F.lit(1)).alias("_rows"), *broken_counts(table))
