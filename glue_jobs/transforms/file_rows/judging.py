"""Judge conformed rows: add to each the names of the rules of the contract it breaks.

A judged row has the columns of the table, and

- `_broken`, `_warned`: the names of broken rules joined by `|`, empty when there are none. Text, not arrays: these
  columns are made for every row and needed for a hundredth of them;
- `_raw`, `_corrupt_record`: what was read, null unless a rule is broken.

Judged rows must be persisted before anything is derived from them: Spark's optimizer would copy the expression of all
rules into every place that reads `_broken`, again and again, and planning would not end.
"""

from collections.abc import Iterable

from cartlake.contracts import Column as ContractColumn
from cartlake.contracts import Reference, RowRule, Table
from cartlake.engine import Column, DataFrame, F

MALFORMED = "malformed_row"
_SEPARATOR = "|"


def judge(conformed: DataFrame, table: Table) -> DataFrame:
    """Check every row against every row rule in one pass, and name the rules it breaks."""
    errors = [rule for rule in table.row_rules if rule.severity == "error"]
    warnings = [rule for rule in table.row_rules if rule.severity == "warning"]
    uncastable = [_uncastable(c) for c in table.file_columns if c.type != "string"]
    reasons = [*uncastable, *_breaches(errors), *map(_orphan, quarantining(table))]
    # Most rows have no reason, and `coalesce` finds that out without building text. Not one long `and`: Spark generates
    # a single method of it, too large for the JVM to compile, but a method for every few arguments of `coalesce`.
    broken = (
        F.when(F.col("_corrupt_record").isNotNull(), F.lit(MALFORMED))
        .when(F.coalesce(*reasons).isNull(), F.lit(""))
        .otherwise(F.concat_ws(_SEPARATOR, *reasons))
    )
    # A second step, so that the engine computes `_broken` once.
    warned = F.concat_ws(_SEPARATOR, *_breaches(warnings)) if warnings else F.lit("")
    judged = conformed.select("*", broken.alias("_broken"), warned.alias("_warned"))
    is_broken = F.col("_broken") != F.lit("")
    raw = F.struct(*(F.col(f"_raw_{column.name}").alias(column.name) for column in table.file_columns))
    return judged.select(
        *(F.col(column.name) for column in table.columns),
        F.col("_broken"),
        F.col("_warned"),
        F.when(is_broken, raw).alias("_raw"),
        F.when(is_broken, F.col("_corrupt_record")).alias("_corrupt_record"),
    )


def accepted(judged: DataFrame, table: Table) -> DataFrame:
    """Return the rows that break no rule, with the columns of the table."""
    return judged.where(F.col("_broken") == F.lit("")).select(*(F.col(column.name) for column in table.columns))


def rule_counts(judged: DataFrame) -> DataFrame:
    """Return one row per broken rule or other reason: `rule`, its name, and `broken`, how many rows break it."""
    breaches = judged.where((F.col("_broken") != F.lit("")) | (F.col("_warned") != F.lit("")))
    names = F.split(F.concat_ws(_SEPARATOR, F.col("_broken"), F.col("_warned")), "[|]")
    return (
        breaches.select(F.explode(names).alias("rule"))
        .where(F.col("rule") != F.lit(""))
        .groupBy("rule")
        .agg(F.count(F.lit(1)).alias("broken"))
    )


def quarantining(table: Table) -> list[Reference]:
    """Return the references whose rows are refused when there is no parent."""
    return [reference for reference in table.references if reference.orphans == "quarantine"]


def has_parent(reference: Reference) -> str:
    """Return the name of the column that is true where a row's parent is known, else null."""
    return f"_has_parent_{reference.column}"


def _orphan(reference: Reference) -> Column:
    is_orphan = F.col(reference.column).isNotNull() & F.col(has_parent(reference)).isNull()
    return F.when(is_orphan, F.lit(reference.reason))


def _uncastable(column: ContractColumn) -> Column:
    had_a_value = F.expr(f"nullif(_raw_{column.name}, '') is not null")
    return F.when(had_a_value & F.col(column.name).isNull(), F.lit(f"uncastable:{column.name}"))


def _breaches(rules: Iterable[RowRule]) -> list[Column]:
    return [F.when(F.expr(rule.broken), F.lit(rule.name)) for rule in rules]
