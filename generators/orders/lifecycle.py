"""The status of an order line: placed, paid, shipped, delivered; cancelled before that, or refunded after it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from generators.randomness import Bools, Ints
from generators.times import DAY, HOUR

STATUSES: Final = ("placed", "paid", "shipped", "delivered", "cancelled", "refunded")
PLACED, PAID, SHIPPED, DELIVERED, CANCELLED, REFUNDED = range(6)

NEVER: Final = 1 << 40  # seconds: later than any order is observed

SHARE_CANCELLED: Final = 0.04
SHARE_CANCELLED_LATE: Final = 0.1  # of the unshipped lines that change
SHARE_REFUNDED: Final = 0.05


@dataclass(frozen=True)
class StatusTimes:
    """Seconds from order to each status, `NEVER` for what does not happen. A cancelled order stops there."""

    paid: Ints
    shipped: Ints
    delivered: Ints
    refunded: Ints
    cancelled: Ints


def draw_times(rng: np.random.Generator, slow_payment: Bools) -> StatusTimes:
    """When orders reach each status. Those paid by bank transfer (`slow_payment`) are paid after days, not minutes."""
    size = len(slow_payment)
    paid = np.where(slow_payment, rng.integers(DAY, 3 * DAY, size), rng.integers(20, 20 * 60, size))
    shipped = paid + rng.integers(4 * HOUR, 3 * DAY, size)
    delivered = shipped + rng.integers(DAY, 5 * DAY, size)
    refunded = np.where(rng.random(size) < SHARE_REFUNDED, delivered + rng.integers(2 * DAY, 14 * DAY, size), NEVER)
    # A cancelled order was never shipped; it may have been paid.
    cancelled = np.where(rng.random(size) < SHARE_CANCELLED, (shipped * rng.random(size)).astype(np.int64), NEVER)
    return StatusTimes(paid, shipped, delivered, refunded, cancelled)


def observe(rng: np.random.Generator, age: Ints, slow_payment: Bools) -> tuple[Ints, Ints]:
    """Status, and seconds from order to the last change of it, of lines that are `age` seconds old."""
    times = draw_times(rng, slow_payment)
    is_cancelled = times.cancelled <= age
    status = np.zeros(len(age), dtype=np.int64)
    changed = np.zeros(len(age), dtype=np.int64)
    steps = ((PAID, times.paid), (SHIPPED, times.shipped), (DELIVERED, times.delivered), (REFUNDED, times.refunded))
    for reached, at in steps:
        happened = (at <= age) & ~is_cancelled
        status[happened] = reached
        changed[happened] = at[happened]
    status[is_cancelled] = CANCELLED
    changed[is_cancelled] = times.cancelled[is_cancelled]
    return status, changed


def advance(rng: np.random.Generator, status: Ints) -> Ints:
    """The status that follows; some unshipped lines are cancelled instead. Cancelled and refunded lines do not move."""
    following = np.array([PAID, SHIPPED, DELIVERED, REFUNDED, CANCELLED, REFUNDED])[status]
    cancelled = (status <= PAID) & (rng.random(len(status)) < SHARE_CANCELLED_LATE)
    return np.where(cancelled, CANCELLED, following)
