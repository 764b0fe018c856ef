"""The versions of the order lines of a world: every version of every line, and the day of the file it is in.

The file of a day holds the lines placed on it, as they stand when it ends, and one version of each older line that
changed on it. A few versions are in files days later, after newer ones; a few lines are sent again in their first
version.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from generators.orders.lifecycle import CANCELLED, DELIVERED, NEVER, PAID, PLACED, REFUNDED, SHIPPED, StatusTimes
from generators.orders.lines import OrderLines, priced
from generators.randomness import Bools, Ints
from generators.shop.markets import MARKET_TAX
from generators.times import DAY, HOUR

STEPS: Final = np.array([PLACED, PAID, CANCELLED, SHIPPED, DELIVERED, DELIVERED, REFUNDED])
"""The status after each step. The second DELIVERED is a correction: quantity or price were wrong."""

DELIVERED_STEP: Final = 4
CORRECTED: Final = 5
SHARE_CORRECTED: Final = 0.004  # of the lines
SHARE_RETURNED: Final = 0.75  # of the lines of an order from which something comes back
SHARE_DELAYED: Final = 0.004  # of the versions that are not the first
SHARE_REPEATED: Final = 0.003  # of the lines
NOT_SENT: Final = np.iinfo(np.int64).max

SMALL: Final = {"line", "status", "channel", "payment", "market", "currency", "mailed"}
LINE: Final[np.dtype[Any]] = np.dtype(
    [(field.name, "i1" if field.name in SMALL else "i8") for field in fields(OrderLines)]
)


def unpack(rows: np.ndarray[Any, Any]) -> OrderLines:
    """The lines of rows of the type `LINE`."""
    columns = {name: rows[name].astype(np.int64) for name in LINE.names or ()}
    return OrderLines(**columns | {"mailed": columns["mailed"].astype(bool)})


@dataclass(frozen=True)
class Versions:
    """Versions of the lines of a chunk: which line, which step of `STEPS`, and the day (since 1970) of the file."""

    line: Ints
    step: Ints
    day: Ints


@dataclass(frozen=True)
class Timeline:
    """The lines of a chunk with all their versions.

    lines: as placed. corrected: the same with what corrections changed. at: [n, steps] Unix seconds, or `NEVER`.

    sent: [n, steps] the day (since 1970) of the file with that version, or `NOT_SENT` for none.
    """

    lines: OrderLines
    corrected: OrderLines
    at: Ints
    sent: Ints
    repeats: Versions

    def versions(self) -> Versions:
        """All versions that are in files, of whatever day."""
        line, step = np.nonzero(self.sent != NOT_SENT)
        return Versions(line, step, self.sent[line, step])

    def rows(self, versions: Versions) -> OrderLines:
        """The rows of these versions."""
        lines = self.lines.take(versions.line)
        late = np.flatnonzero(versions.step >= CORRECTED)
        if len(late):
            right = self.corrected.take(versions.line[late])
            for name in ("quantity", "unit_price", "discount", "tax", "total"):
                getattr(lines, name)[late] = getattr(right, name)
        return replace(lines, status=STEPS[versions.step], updated_at=self.at[versions.line, versions.step])

    def final(self, last: int) -> Versions:
        """The newest version of each line that stands in a file by day `last`; lines without one are left out."""
        arrived = self.sent <= last
        newest = arrived.shape[1] - 1 - np.argmax(arrived[:, ::-1], axis=1)
        line = np.flatnonzero(arrived.any(axis=1))
        return Versions(line, newest[line], self.sent[line, newest[line]])


def make_timeline(
    rng: np.random.Generator, lines: OrderLines, of_order: Ints, times: StatusTimes, percent_off: Ints
) -> Timeline:
    """The timeline of lines; `times` and `percent_off` are of the orders, what is returned is drawn for each line."""
    at = moments(rng, lines, of_order, times)
    days = at // DAY
    last_of_day = np.empty(at.shape, dtype=bool)
    following = np.full(len(lines), -1)
    for step in reversed(range(len(STEPS))):
        happens = at[:, step] < NEVER
        last_of_day[:, step] = happens & (days[:, step] != following)
        following = np.where(happens, days[:, step], following)
    delay = np.where(rng.random(at.shape) < SHARE_DELAYED, rng.integers(1, 4, at.shape), 0)
    sent = np.where(last_of_day, np.where(days == days[:, :1], days, days + delay), NOT_SENT)
    repeated = np.flatnonzero(rng.random(len(lines)) < SHARE_REPEATED)
    again = days[repeated, 0] + rng.integers(1, 6, len(repeated))
    repeats = Versions(repeated, np.zeros(len(repeated), dtype=np.int64), again)
    wrong = at[:, CORRECTED] < NEVER
    return Timeline(lines, corrected_lines(rng, lines, wrong, percent_off[of_order]), at, sent, repeats)


def moments(rng: np.random.Generator, lines: OrderLines, of_order: Ints, times: StatusTimes) -> Ints:
    """[n, steps] when each step is taken, in Unix seconds; `NEVER` or later for what does not happen."""
    never = np.full(len(lines), NEVER)
    returned = rng.random(len(lines)) < SHARE_RETURNED
    corrected = rng.random(len(lines)) < SHARE_CORRECTED
    delivered = times.delivered[of_order]
    since = [
        np.zeros(len(lines), dtype=np.int64),
        times.paid[of_order],
        times.cancelled[of_order],
        times.shipped[of_order],
        delivered,
        np.where(corrected, delivered + rng.integers(HOUR, DAY, len(lines)), never),
        np.where(returned, times.refunded[of_order], never),
    ]
    steps = np.stack(since, axis=1)
    # A cancelled order stops there.
    stopped = steps > times.cancelled[of_order][:, None]
    return np.where(stopped | (steps >= NEVER), NEVER, steps + lines.ordered_at[:, None])


def corrected_lines(rng: np.random.Generator, lines: OrderLines, wrong: Bools, percent_off: Ints) -> OrderLines:
    """The lines as corrections leave them: where `wrong`, with another quantity or a price a tenth lower."""
    by_price = rng.random(len(lines)) < 0.5  # noqa: PLR2004 - half of them
    other_quantity = np.where(lines.quantity > 1, lines.quantity - 1, 2)
    quantity = np.where(wrong & ~by_price, other_quantity, lines.quantity)
    unit_price = np.where(wrong & by_price, np.maximum(lines.unit_price * 9 // 10, 1), lines.unit_price)
    discount, tax, total = priced(quantity, unit_price, percent_off, MARKET_TAX[lines.market])
    return replace(lines, quantity=quantity, unit_price=unit_price, discount=discount, tax=tax, total=total)
