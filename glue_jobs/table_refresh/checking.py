"""Measure a contract's rules on built rows before they are written; compare rebuilt rows with stored ones."""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from cartlake.contracts import Table, measurements
from cartlake.errors import TerminalError
from cartlake.runs.documents import Difference


class BrokenRuleError(TerminalError):
    """Rows that were built break a rule of their contract, so they were not written. The table is unchanged."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One rule and the number it measured: rows that break a row rule, or what a table rule measures."""

    rule: str
    severity: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many rows there are, and the sum of their hashes: equal for equal rows, in whatever order."""

    rows: int
    hashes: int


def fingerprint(rows: DataFrame, table: Table) -> Fingerprint:
    """Return the fingerprint of rows of the table, without the columns the lake adds."""
    return _fingerprint_of(rows.agg(*_fingerprint_columns(table)).collect()[0])


def _fingerprint_of(taken: Row) -> Fingerprint:
    return Fingerprint(int(taken["_rows"]), int(taken["_hashes"] or 0))


def _fingerprint_columns(table: Table) -> list[Column]:
    hashed = F.xxhash64(*(column.name for column in table.file_columns)).cast("decimal(38,0)")
    return [F.count(F.lit(1)).alias("_rows"), F.sum(hashed).alias("_hashes")]


def measure(rows: DataFrame, table: Table, now: datetime) -> tuple[Fingerprint, list[Measured]]:
    """Return the rows' fingerprint, and what every rule of the contract measures on them. Persist `rows` before."""
    broken = [F.count(F.when(F.expr(rule.broken), 1)).alias(rule.name) for rule in table.row_rules]
    counts = rows.agg(*_fingerprint_columns(table), *broken).collect()[0]
    found = [Measured(rule.name, rule.severity, float(counts[rule.name])) for rule in table.row_rules]
    taken = _fingerprint_of(counts)
    if not taken.rows:
        return taken, found
    view = f"cartlake_checked_{table.bare_name}"
    rows.createOrReplaceTempView(view)
    values: dict[str, float | None] = {}
    for measurement in measurements(table.table_rules, view, now=now):
        values |= rows.sparkSession.sql(measurement.sql).collect()[0].asDict()
    rows.sparkSession.catalog.dropTempView(view)
    return taken, [*found, *(Measured(r.name, r.severity, values[r.name]) for r in table.table_rules)]


def judge(table: Table, measured: list[Measured]) -> None:
    """Raises BrokenRuleError naming every broken rule of severity `error`, with the numbers."""
    numbers = {one.rule: one.value for one in measured}
    faults = [
        f"{numbers[rule.name]:g} rows break {rule.name} ({rule.expression})"
        for rule in table.row_rules
        if rule.severity == "error" and numbers.get(rule.name)
    ]
    faults += [
        f"{rule.name} measured {numbers[rule.name]}, and {rule.expected}"
        for rule in table.table_rules
        if rule.severity == "error" and rule.name in numbers and not rule.judge(numbers[rule.name])
    ]
    if faults:
        raise BrokenRuleError(
            f"{table.physical_name} was not written: {'; '.join(faults)}. Its rows are unchanged; "
            f"fix the transform or the tables it reads, then run `lake recompute {table.physical_name}`."
        )


def differences(stored: DataFrame, rebuilt: DataFrame, table: Table) -> list[Difference]:
    """Return which rows only one of both has, comparing all columns but those the lake adds; empty when none."""
    names = [column.name for column in table.file_columns]
    one, other = stored.select(*names), rebuilt.select(*names)
    sides = {"stored": one.exceptAll(other), "rebuilt": other.exceptAll(one)}
    found = []
    for side, rows in sides.items():
        examples = rows.orderBy(*table.primary_key).limit(1).collect()
        if examples:
            shown = {name: None if value is None else str(value) for name, value in examples[0].asDict().items()}
            found.append(Difference(only_in=side, rows=rows.count(), example=shown))
    return found
