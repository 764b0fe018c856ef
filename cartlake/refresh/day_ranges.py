"""Sets of days as ranges, open or closed, and their alignment to weeks, months and years. All days are UTC."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

Unit = Literal["days", "weeks", "months", "years"]

ONE_DAY: Final = timedelta(days=1)


class DayRange(BaseModel):
    """Days from `first` to `last`, both included; None is open: no first, or no last day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date | None
    last: date | None

    def __str__(self) -> str:
        if self.first == self.last and self.first is not None:
            return str(self.first)
        return f"{self.first or 'the beginning'} to {self.last or 'the end'}"


ALWAYS: Final = DayRange(first=None, last=None)


def of_days(days: Iterable[date]) -> tuple[DayRange, ...]:
    """Return the fewest ranges that hold these days and no others."""
    return joined(DayRange(first=day, last=day) for day in days)


def joined(ranges: Iterable[DayRange]) -> tuple[DayRange, ...]:
    """Return the same days in the fewest ranges, in order.

    >>> new_year = date(2026, 1, 1)
    >>> str(joined([DayRange(first=date(2026, 1, 2), last=None), DayRange(first=new_year, last=new_year)])[0])
    '2026-01-01 to the end'
    """
    result: list[DayRange] = []
    for one in sorted(ranges, key=lambda r: r.first or date.min):
        before = result[-1] if result else None
        if before is not None and _touches(before, one):
            result[-1] = DayRange(first=before.first, last=_later(before.last, one.last))
        else:
            result.append(one)
    return tuple(result)


def widened(ranges: Iterable[DayRange], before: int, after: int) -> tuple[DayRange, ...]:
    """Return the ranges, each extended by `before` days at its start and `after` days at its end."""
    return joined(
        DayRange(
            first=None if r.first is None else _moved(r.first, -before),
            last=None if r.last is None else _moved(r.last, after),
        )
        for r in ranges
    )


def aligned(ranges: Iterable[DayRange], unit: Unit) -> tuple[DayRange, ...]:
    """Return the ranges extended to whole units: weeks from Monday (ISO 8601), calendar months, calendar years."""
    return joined(
        DayRange(
            first=None if r.first is None else start_of(r.first, unit),
            last=None if r.last is None else _last_of(r.last, unit),
        )
        for r in ranges
    )


def start_of(day: date, unit: Unit) -> date:
    """Return the first day of the unit that `day` is in."""
    match unit:
        case "days":
            return day
        case "weeks":
            return day - day.weekday() * ONE_DAY
        case "months":
            return day.replace(day=1)
        case "years":
            return day.replace(month=1, day=1)


def _last_of(day: date, unit: Unit) -> date:
    first = start_of(day, unit)
    if unit in ("days", "weeks"):
        return _moved(first, 0 if unit == "days" else 6)
    # Any day of the next month or year will do: its start less a day is the last day of this one.
    after = _moved(first, 31 if unit == "months" else 366)
    return date.max if after == date.max else start_of(after, unit) - ONE_DAY


def _moved(day: date, days: int) -> date:
    """Return the day so many days later, but no day before the year 1 or after the year 9999: Python has none."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _touches(earlier: DayRange, later: DayRange) -> bool:
    # Ranges that follow each other without a day between are joined too.
    return earlier.last is None or later.first is None or later.first <= _moved(earlier.last, 1)


def _later(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else max(one, other)
