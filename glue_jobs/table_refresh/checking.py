"""Judge what the rules of a contract measured on built rows; compare rebuilt rows with stored ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cartlake.contracts import Table
from cartlake.engine import DataFrame
from cartlake.errors import TerminalError
from cartlake.runs.documents import Difference
from cartlake.runs.ids import subject_of
from glue_jobs.engines.base import Rows
from glue_jobs.engines.refresh import Measured, RefreshEngine
from glue_jobs.shared.quality import QUALITY_SCHEMA


class BrokenRuleError(TerminalError):
    """Rows that were built break a rule of their contract, so they were not written. The table is unchanged."""


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
            f"fix the transform or the tables it reads, then run `{_again(table)}`."
        )


def _again(table: Table) -> str:
    forecast = table.build is not None and table.build.workflow == "forecast"
    return "lake forecast" if forecast else f"lake recompute {table.physical_name}"


def record_quality(
    engine: RefreshEngine, table: str, run_id: str, measured: Mapping[str, list[Measured]], at: datetime
) -> None:
    """Write what the rules of each table measured in a run to the table of quality results."""
    values = [
        (run_id, subject_of(run_id), name, one.rule, one.severity, one.value, at)
        for name, found in sorted(measured.items())
        for one in found
    ]
    engine.replace_rows(table, f"run_id = '{run_id}'", engine.frame(values, QUALITY_SCHEMA))


def differences(engine: RefreshEngine, stored: Rows, rebuilt: Rows, table: Table) -> list[Difference]:
    """Return which rows only one of both has, comparing all columns but those the lake adds; empty when none."""
    columns = tuple(column.name for column in table.file_columns)
    sides = (("stored", stored, rebuilt), ("rebuilt", rebuilt, stored))
    found = []
    for side, rows, others in sides:
        only = engine.apply(rows_without, rows, others, columns=columns)
        examples = engine.collect(engine.apply(first_row, only, order=table.primary_key))
        if examples:
            shown = {name: None if value is None else str(value) for name, value in examples[0].items()}
            found.append(Difference(only_in=side, rows=engine.count(only), example=shown))
    return found


def rows_without(rows: DataFrame, others: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Return those rows that are not among the others, each as often as it is missing there; only these columns."""
    return rows.select(*columns).exceptAll(others.select(*columns))


def first_row(rows: DataFrame, order: Sequence[str]) -> DataFrame:
    """Return the first of the rows in this order; none when there is none."""
    return rows.orderBy(*order).limit(1)
