"""Sums over the rows that must be in the table at the end, added up while the rows are generated."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from generators.manifests.models import CurrencyTotals, DayTotals, ExpectedTable
from generators.orders.lifecycle import CANCELLED, REFUNDED, STATUSES
from generators.orders.lines import OrderLines
from generators.randomness import Ints
from generators.shop.markets import CURRENCIES

SECONDS_PER_DAY: Final = 86_400
CELLS: Final = (len(CURRENCIES), len(STATUSES))


def empty_cells() -> Ints:
    return np.zeros((3, *CELLS), dtype=np.int64)


@dataclass
class TableTotals:
    """[rows, units, line_total in cents] by currency and status, for each day (days since 1970)."""

    days: dict[int, Ints] = field(default_factory=dict)

    def add(self, lines: OrderLines, sign: int = 1) -> None:
        """Count these lines in; `sign` -1 takes them out again, as an update does with the version it replaces."""
        day = lines.ordered_at // SECONDS_PER_DAY
        for number in np.unique(day):
            of_day = lines.take(np.flatnonzero(day == number))
            cells = self.days.setdefault(int(number), empty_cells())
            cells += sign * sums(of_day)

    def expected(self) -> ExpectedTable:
        whole = sum(self.days.values(), start=empty_cells())
        by_status = whole[0].sum(axis=0)
        by_currency = whole.sum(axis=2)
        return ExpectedTable(
            rows=int(whole[0].sum()),
            by_status={status: int(count) for status, count in zip(STATUSES, by_status, strict=True) if count},
            by_currency={
                currency: CurrencyTotals(rows=int(rows), units=int(units), line_total=decimal_text(int(cents)))
                for currency, (rows, units, cents) in zip(CURRENCIES, by_currency.T, strict=True)
                if rows
            },
            by_day_and_currency=tuple(self._day_totals()),
        )

    def _day_totals(self) -> Iterator[DayTotals]:
        for day, cells in sorted(self.days.items()):
            for currency, of_currency in zip(CURRENCIES, cells.transpose(1, 0, 2), strict=True):
                rows, units, cents = (int(total) for total in of_currency.sum(axis=1))
                cancelled_rows, cancelled_units, cancelled_cents = (int(total) for total in of_currency[:, CANCELLED])
                if rows:
                    yield DayTotals(
                        day=datetime.fromtimestamp(day * SECONDS_PER_DAY, UTC).date().isoformat(),
                        currency=currency,
                        rows=rows,
                        units=units,
                        line_total=decimal_text(cents),
                        cancelled_rows=cancelled_rows,
                        cancelled_units=cancelled_units,
                        cancelled_line_total=decimal_text(cancelled_cents),
                        refunded_rows=int(of_currency[0, REFUNDED]),
                    )


def sums(lines: OrderLines) -> Ints:
    """[3, currency, status]: rows, units and cents. Floats are exact here: no sum of a chunk comes near 2**53."""
    cell = lines.currency * len(STATUSES) + lines.status
    measures = (np.ones(len(lines)), lines.quantity, lines.total)
    size = len(CURRENCIES) * len(STATUSES)
    return np.stack([np.bincount(cell, measure, size) for measure in measures]).astype(np.int64).reshape(3, *CELLS)


def decimal_text(cents: int) -> str:
    """Cents that are not negative as `12.34`."""
    return f"{cents // 100}.{cents % 100:02d}"
