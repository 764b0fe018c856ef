"""Compares the rows of the last day of a dataset with the days before: how many came, and how many were refused."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from cartlake.times import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cartlake.ledger import RunRecord

DAYS: Final = 28
"""Days before the last one that it is compared with."""

LEAST_DAYS: Final = 7
"""Fewer days with rows than these say nothing."""

LOW: Final = 0.5
HIGH: Final = 2.0
"""A day with less than half, or more than twice, of the median day's rows is unusual."""

RATE_FACTOR: Final = 2.0
RATE_MARGIN: Final = 0.02
"""A share of refused rows is unusual when it is over twice that of the median day, and two points above it."""


@dataclass(frozen=True, slots=True)
class Day:
    """Rows that runs of one UTC day read, and those they quarantined."""

    read: int = 0
    quarantined: int = 0

    @property
    def rate(self) -> float:
        """The share of refused rows, 0 to 1."""
        return self.quarantined / self.read if self.read else 0.0


@dataclass(frozen=True, slots=True)
class Trend:
    """The last whole day of a dataset beside the median of the days before that had rows."""

    dataset: str
    day: date
    last: Day
    usual_rows: float | None
    usual_rate: float | None

    @property
    def finding(self) -> str | None:
        """What is unusual, None if nothing is or too few days are known."""
        if self.usual_rows is None or self.usual_rate is None:
            return None
        if not LOW * self.usual_rows <= self.last.read <= HIGH * self.usual_rows:
            return f"{self.last.read:,} rows came on {self.day}; {self.usual_rows:,.0f} is usual"
        limit = max(RATE_FACTOR * self.usual_rate, self.usual_rate + RATE_MARGIN)
        if self.last.rate > limit:
            return f"{self.last.rate:.1%} of the rows of {self.day} were refused; {self.usual_rate:.1%} is usual"
        return None


def by_day(runs: Iterable[RunRecord]) -> dict[date, Day]:
    """Return the rows of each UTC day on which runs ended. Backfills read old files again, so they do not count."""
    days: defaultdict[date, Day] = defaultdict(Day)
    for run in runs:
        if run.counts is not None and run.ended_at and run.backfill is None:
            day, counts = parse(run.ended_at).date(), run.counts
            days[day] = Day(days[day].read + counts.read, days[day].quarantined + counts.quarantined)
    return dict(days)


def trend_of(dataset: str, days: Mapping[date, Day], today: date) -> Trend:
    """Compare yesterday with the days before it. A day without rows is compared as 0, but is no usual day."""
    last = today - timedelta(days=1)
    before = [days[day] for day in days if last - timedelta(days=DAYS) <= day < last and days[day].read]
    known = len(before) >= LEAST_DAYS
    return Trend(
        dataset,
        last,
        days.get(last, Day()),
        median(day.read for day in before) if known else None,
        median(day.rate for day in before) if known else None,
    )
