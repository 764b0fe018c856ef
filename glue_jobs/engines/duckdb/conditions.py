"""Conditions of a run as PyIceberg's expressions: they leave out files by partitions and bounds, never rows."""

from __future__ import annotations

from datetime import UTC, datetime, time
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyiceberg.expressions import And, GreaterThanOrEqual, LessThan, Or
from pyiceberg.expressions.parser import parse

from glue_jobs.transforms.scopes import day_ranges, event_column

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from pyiceberg.expressions import BooleanExpression

    from cartlake.contracts import Table


def on_days(table: Table, days: Collection[date] | None) -> BooleanExpression | None:
    """Rows whose event time lies on one of the days, or in a gap that `day_ranges` fills; None stands for all rows."""
    if not days:
        return None
    column, kind = event_column(table)
    ranges = [_range(column, kind, first, after) for first, after in day_ranges(days)]
    return reduce(Or, ranges)


def _range(column: str, kind: str, first: date, after: date) -> BooleanExpression:
    return And(
        GreaterThanOrEqual(term=column, value=_value(first, kind)), LessThan(term=column, value=_value(after, kind))
    )


def _value(day: date, kind: str) -> Any:
    return day.isoformat() if kind == "date" else datetime.combine(day, time(), UTC).isoformat()


def on_sql(where: str | None) -> BooleanExpression | None:
    """A condition of comparisons, `in`, `is null` and `and`, as the jobs write them of their own tables."""
    return None if where is None else parse(where)
