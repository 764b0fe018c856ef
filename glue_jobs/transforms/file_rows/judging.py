"""Judge conformed rows: add to each the names of the rules of the contract it breaks.

A judged row has the columns of the table, and

- `_broken`, `_warned`: the names of broken rules joined by `|`, empty when there are none. Text, not arrays: these
  columns are made for every row and needed for a hundredth of them;
- `_raw`, `_corrupt_record`: what was read, null unless a rule is broken;
- `_deletes`, where the contract says which rows delete their key: whether the row does.

Judged rows must be persisted before anything is derived from them: Spark's optimizer would copy the expression of all
rules into every place that reads `_broken`, again and again, and planning would not end.
"""

from collections.abc import Iterable

from cartlake.contracts import Column as ContractColumn
from cartlake.contracts import Reference, RowRule, Table
from cartlake.engine import Column, DataFrame, F
from cartlake.poison import PATTERN
from glue_jobs.transforms.file_rows.conforming import PARSED
from glue_jobs.transforms.file_rows.nested import UNCASTABLE, for_engine, uncastable_sql

MALFORMED = "malformed_row"
ELEMENT = r"\[[0-9]+\]"
"""Matches the place of an element in a reason."""
_SEPARATOR = "|"
_DELETES = "_deletes"


def judge(conformed: DataFrame, table: Table) -> DataFrame:
    """Check every row against every row rule in one pass, and name the rules it breaks.

    A row that deletes its key is checked for its key and its version alone: its condition holds.
    """
    if table.deleted_when:
        conformed = conformed.withColumn(_DELETES, F.expr(table.is_delete))
    errors = [rule for rule in table.row_rules if rule.severity == "error"]
    warnings = [rule for rule in table.row_rules if rule.severity == "warning"]
    uncastable = [
        _unless_deleted([column.name], reason, table)
        for column in table.file_columns
        if column.type != "string"
        for reason in _uncastable(column)
    ]
    orphans = [_unless_deleted([one.column], _orphan(one), table) for one in quarantining(table)]
    reasons = [*uncastable, *_breaches(errors, table), *_versionless(table), *orphans]
    # Most rows have no reason, and `coalesce` finds that out without building text. Not one long `and`: Spark generates
    # a single method of it, too large for the JVM to compile, but a method for every few arguments of `coalesce`.
    broken = (
        F.when(F.col("_corrupt_record").isNotNull(), _why_malformed())
        .when(F.coalesce(*reasons).isNull(), F.lit(""))
        .otherwise(F.concat_ws(_SEPARATOR, *reasons))
    )
    # A second step, so that the engine computes `_broken` once.
    warned = F.concat_ws(_SEPARATOR, *_breaches(warnings, table)) if warnings else F.lit("")
    judged = conformed.select("*", broken.alias("_broken"), warned.alias("_warned"))
    is_broken = F.col("_broken") != F.lit("")
    raw = F.struct(*(F.col(f"_raw_{column.name}").alias(column.name) for column in table.file_columns))
    deletes = [F.col(_DELETES)] if table.deleted_when else []
    return judged.select(
        *(F.col(column.name) for column in table.columns),
        *deletes,
        F.col("_broken"),
        F.col("_warned"),
        F.when(is_broken, raw).alias("_raw"),
        F.when(is_broken, F.col("_corrupt_record")).alias("_corrupt_record"),
    )


def accepted(judged: DataFrame, table: Table) -> DataFrame:
    """Return the rows that break no rule, with the columns of the table."""
    return judged.where(F.col("_broken") == F.lit("")).select(*(F.col(column.name) for column in table.columns))


def rule_counts(judged: DataFrame) -> DataFrame:
    """Return one row per broken rule or other reason: `rule`, its name, and `broken`, how many rows break it.

    Reasons about elements of lists are counted as one rule: `items[].price_in_range`.
    """
    breaches = judged.where((F.col("_broken") != F.lit("")) | (F.col("_warned") != F.lit("")))
    reasons = F.concat_ws(_SEPARATOR, F.col("_broken"), F.col("_warned"))
    names = F.split(F.regexp_replace(reasons, ELEMENT, "[]"), "[|]")
    return (
        breaches.select(F.explode(F.array_distinct(names)).alias("rule"))
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


def _why_malformed() -> Column:
    """Return why a text is no row: what the reader of a stream found, or that it is malformed."""
    # What matches nothing is empty in both engines.
    reason = F.regexp_extract(F.col("_corrupt_record"), PATTERN, 1)
    return F.when(reason != F.lit(""), reason).otherwise(F.lit(MALFORMED))


def _orphan(reference: Reference) -> Column:
    is_orphan = F.col(reference.column).isNotNull() & F.col(has_parent(reference)).isNull()
    return F.when(is_orphan, F.lit(reference.reason))


def _uncastable(column: ContractColumn) -> list[Column]:
    had_a_value = F.expr(f"nullif(_raw_{column.name}, '') is not null")
    whole = F.when(had_a_value & F.col(column.name).isNull(), F.lit(f"{UNCASTABLE}{column.name}"))
    if not column.is_nested:
        return [whole]
    return [whole, *(F.expr(sql) for sql in uncastable_sql(column, f"{PARSED}{column.name}"))]


def _breaches(rules: Iterable[RowRule], table: Table) -> list[Column]:
    return [_unless_deleted(rule.columns, _breach(rule), table) for rule in rules]


def _breach(rule: RowRule) -> Column:
    return F.expr(for_engine(rule.reasons)) if rule.reasons else F.when(F.expr(rule.broken), F.lit(rule.name))


def _versionless(table: Table) -> list[Column]:
    """Return the reason of deletes without a version, where no rule says it: they would delete nothing."""
    name = f"{table.version_column}_required"
    if not table.deleted_when or name in {rule.name for rule in table.row_rules}:
        return []
    return [F.when(F.col(_DELETES) & F.col(str(table.version_column)).isNull(), F.lit(name))]


def _unless_deleted(columns: Iterable[str], reason: Column, table: Table) -> Column:
    """Return the reason, null for deletes where it is about more than their key and their version."""
    if not table.deleted_when or {*table.primary_key, table.version_column}.issuperset(columns):
        return reason
    return F.when(~F.col(_DELETES), reason)
