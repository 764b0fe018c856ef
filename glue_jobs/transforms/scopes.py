"""Rows of some days, or of some keys: conditions and frames for either engine. Nothing here reads or writes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import reduce
from itertools import pairwise
from typing import Final

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F
from cartlake.errors import TerminalError
from cartlake.refresh.day_ranges import ALWAYS, ONE_DAY, DayRange

_MOST_RANGES: Final = 50  # a longer condition costs more to plan than the files it leaves out


def on_days_sql(column: str, kind: str, ranges: Iterable[DayRange]) -> str:
    """Return SQL that is true for values of a date or timestamp column within the ranges: literals, to prune files."""
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
    """Return name and type of the column with a row's event time. Raises TerminalError for a table without one."""
    if table.event_time is None:
        raise TerminalError(
            f"{table.physical_name} has no cartlake.eventTime, so the days of its rows are not known. "
            "Name the column in its contract."
        )
    return table.event_time, table.column(table.event_time).type


def in_ranges_sql(table: Table, ranges: Sequence[DayRange]) -> str:
    """Return SQL that is true for rows of the table whose event time lies in the ranges."""
    return "true" if ALWAYS in ranges else f"({on_days_sql(*event_column(table), ranges)})"


def distinct_keys(*sources: DataFrame, columns: Sequence[str], key: str) -> DataFrame:
    """Return the distinct values of one column of each source, which `columns` names, in one column called `key`."""
    frames = [rows.select(F.col(column).alias(key)) for rows, column in zip(sources, columns, strict=True)]
    return reduce(_union, frames).where(F.col(key).isNotNull()).distinct()


def with_keys(rows: DataFrame, keys: DataFrame, column: str, key: str) -> DataFrame:
    """Return the rows whose `column` has one of the keys in column `key` of the other frame."""
    return rows.join(keys.select(F.col(key).alias(column)), on=column, how="left_semi")


def _union(one: DataFrame, other: DataFrame) -> DataFrame:
    return one.unionByName(other)


def day_ranges(days: Collection[date]) -> list[tuple[date, date]]:
    """Join days into ranges [first day, day after the last), at most 50: the narrowest gaps are filled first.

    >>> day_ranges([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 9)])
    [(datetime.date(2026, 1, 1), datetime.date(2026, 1, 3)), (datetime.date(2026, 1, 9), datetime.date(2026, 1, 10))]
    """
    ordered = sorted(set(days))
    gaps = sorted((later - earlier for earlier, later in pairwise(ordered)), reverse=True)
    widest_filled = gaps[_MOST_RANGES - 1] if len(gaps) >= _MOST_RANGES else timedelta(days=1)
    ranges: list[tuple[date, date]] = []
    for day in ordered:
        after = day + timedelta(days=1)
        if ranges and after - ranges[-1][1] <= widest_filled:
            ranges[-1] = (ranges[-1][0], after)
        else:
            ranges.append((day, after))
    return ranges


def in_days_sql(table: Table, days: Collection[date], side: str = "") -> str:
    """Return SQL that is true for rows of those days, or of the gaps `day_ranges` fills: literals, to prune files.

    `side` is the alias of the table with its dot, if it has one. Raises TerminalError for a table without event time.
    """
    column, kind = event_column(table)
    return f"({on_days_sql(f'{side}{column}', kind, ranges_of(days))})"


def ranges_of(days: Collection[date]) -> list[DayRange]:
    """Return the ranges of `day_ranges`, each with its last day."""
    return [DayRange(first=first, last=after - ONE_DAY) for first, after in day_ranges(days)]


def of_days_sql(table: Table, days: Collection[date]) -> str:
    """SQL that is true for rows whose event time lies on one of the days, and on no other. Days are in UTC."""
    column, _ = event_column(table)
    if not days:
        return "false"
    return f"cast({column} as date) in ({', '.join(f'date {day.isoformat()!r}' for day in sorted(days))})"
