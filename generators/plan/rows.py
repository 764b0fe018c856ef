"""The plan of order lines alone, by number of rows: how they spread over days and chunks."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from generators.plan.seasonality import rows_per_day, window
from generators.shop.shop import MAX_CUSTOMERS
from generators.times import HOUR, midnight

CHUNK_ROWS: Final = 200_000  # about 60 MB of memory, and long enough for numpy to be fast
ROWS_PER_CUSTOMER: Final = 7
MIN_CUSTOMERS: Final = 200
CUSTOMERS_AT_START: Final = 0.7  # share of all customers who bought before the window; the others join during it

# The files show each line as it was half a day before the window ends; the late file has the changes after that.
UNOBSERVED_END: Final = 12 * HOUR


@dataclass(frozen=True)
class RowPlan:
    """Which rows to make. Together the fields decide every byte.

    Raises ValueError for fewer rows than days: a day's file always has a row.
    """

    rows: int
    days: int
    seed: int
    end_date: date

    def __post_init__(self) -> None:
        if self.days < 1 or self.rows < self.days or self.seed < 0:
            raise ValueError(
                f"rows={self.rows}, days={self.days}, seed={self.seed}: "
                "give at least one day, one row a day, and a seed of 0 or more"
            )

    @property
    def customers(self) -> int:
        return min(max(self.rows // ROWS_PER_CUSTOMER, MIN_CUSTOMERS), MAX_CUSTOMERS)

    @property
    def end(self) -> int:
        """The first second (Unix, UTC) after the window."""
        return midnight(self.end_date + timedelta(days=1))

    @property
    def observed(self) -> int:
        """The second (Unix, UTC) up to which the daily files show changes of their lines."""
        return self.end - UNOBSERVED_END


@dataclass(frozen=True)
class Slot:
    """Rows that are generated together: part `part` of `parts` of one day's file, from 1-based row `first_row` on.

    active: how many customers there are by that day. first_order: the first order number it may use.
    """

    day: date
    part: int
    parts: int
    first_row: int
    rows: int
    active: int
    first_order: int

    @property
    def place(self) -> tuple[int, int]:
        return self.day.toordinal(), self.part


def slots(plan: RowPlan) -> Iterator[Slot]:
    """The whole plan, day by day in order of time, at most `CHUNK_ROWS` at once."""
    days = window(plan.end_date, plan.days)
    first_order = first_order_number(plan)
    for position, (day, rows) in enumerate(zip(days, rows_per_day(plan.rows, days, plan.seed), strict=True), start=1):
        joined = CUSTOMERS_AT_START + (1 - CUSTOMERS_AT_START) * position / plan.days
        active = max(1, int(plan.customers * joined))
        parts = math.ceil(rows / CHUNK_ROWS)
        for part in range(parts):
            start, stop = rows * part // parts, rows * (part + 1) // parts
            # An order has at least one line, so a day needs no more order numbers than it has rows.
            yield Slot(day, part, parts, start + 1, stop - start, active, first_order + start)
        first_order += rows


def first_order_number(plan: RowPlan) -> int:
    """The first order number: plans that differ in any field start far apart, so that one lake can hold them all."""
    text = f"{plan.rows} {plan.days} {plan.seed} {plan.end_date}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:5], "big")
