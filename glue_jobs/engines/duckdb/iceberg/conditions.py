"""Conditions of a run as PyIceberg's expressions: they leave out files by partitions and bounds, never rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyiceberg.expressions import AlwaysFalse, AlwaysTrue, And, GreaterThanOrEqual, LessThan, Or
from pyiceberg.expressions.parser import parse

from cartlake.refresh.day_ranges import ALWAYS, ONE_DAY
from glue_jobs.transforms.scopes import event_column, ranges_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pyiceberg.expressions import BooleanExpression

    from cartlake.contracts import Table
    from cartlake.refresh.day_ranges import DayRange


def on_days(table: Table, days: Collection[date] | None) -> BooleanExpression | None:
    """Rows whose event time lies on one of the days, or in a gap that `day_ranges` fills; None stands for all rows."""
    return None if days is None else in_ranges(table, ranges_of(days))


def in_ranges(table: Table, ranges: Sequence[DayRange]) -> BooleanExpression | None:
    """Rows whose event time lies in one of the ranges; None stands for all rows."""
    if ALWAYS in ranges:
        return None
    column, kind = event_column(table)
    nothing: BooleanExpression = AlwaysFalse()
    return reduce(Or, [_in_range(column, kind, one) for one in ranges], nothing)


def _in_range(column: str, kind: str, one: DayRange) -> BooleanExpression:
    found: list[BooleanExpression] = []
    if one.first is not None:
        found.append(GreaterThanOrEqual(term=column, value=_value(one.first, kind)))
    if one.last is not None and one.last < date.max:
        found.append(LessThan(term=column, value=_value(one.last + ONE_DAY, kind)))
    everything: BooleanExpression = AlwaysTrue()
    return reduce(And, found, everything)


def _value(day: date, kind: str) -> Any:
    return day.isoformat() if kind == "date" else datetime.combine(day, time(), UTC).isoformat()


def on_sql(where: str | None) -> BooleanExpression | None:
    """A condition of comparisons, `in`, `is null` and `and`, as the jobs write them of their own tables."""
    return None if where is None else parse(where)
