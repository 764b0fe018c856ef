"""Rows of some days, or of some keys: conditions and frames for either engine. Nothing here reads or writes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import reduce

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F
from cartlake.errors import TerminalError
from cartlake.refresh.day_ranges import ALWAYS, ONE_DAY, DayRange
from cartlake.refresh.graph import KeySource

Read = Callable[[str], DataFrame]
"""Gives the rows of a table by its physical name."""


def on_days_sql(column: str, kind: str, ranges: Iterable[DayRange]) -> str:
    """SQL that is true for values of a date or timestamp column within the ranges: by literals, to prune files."""
    return " or ".join(f"({_in_range(column, kind, one)})" for one in ranges) or "false"


def _in_range(column: str, kind: str, one: DayRange) -> str:
    conditions = []
    if one.first is not None:
        conditions.append(f"{column} >= {_literal(one.first.isoformat(), kind)}")
    if one.last is not None and one.last < date.max:  # after it the calendar ends
        conditions.append(f"{column} < {_literal((one.last + ONE_DAY).isoformat(), kind)}")
    return " and ".join(conditions) or "true"


def _literal(day: str, kind: str) -> str:
    return f"date '{day}'" if kind == "date" else f"timestamp '{day} 00:00:00'"


def event_column(table: Table) -> tuple[str, str]:
    """Name and type of the column that says when a row happened. Raises TerminalError for a table without one."""
    if table.event_time is None:
        raise TerminalError(f"{table.physical_name} has no cartlake.eventTime, so nobody knows the days of its rows.")
    return table.event_time, table.column(table.event_time).type


def rows_on(rows: DataFrame, table: Table, ranges: Sequence[DayRange]) -> DataFrame:
    """The rows of the table whose event time lies in the ranges."""
    if ALWAYS in ranges:
        return rows
    return rows.where(F.expr(on_days_sql(*event_column(table), ranges)))


def keys_of(sources: Iterable[KeySource], key: str, tables: Mapping[str, Table], read: Read) -> DataFrame:
    """The distinct keys that the sources name, in one column called `key`."""
    frames = [
        rows_on(read(source.table), tables[source.table], source.days).select(F.col(source.key).alias(key))
        for source in sources
    ]
    return reduce(_union, frames).where(F.col(key).isNotNull()).distinct()


def _union(one: DataFrame, other: DataFrame) -> DataFrame:
    return one.unionByName(other)
