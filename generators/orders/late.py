"""The late file: newer versions of some lines, older versions of others, and repeated rows."""

from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final

import numpy as np

from generators.orders.lifecycle import PLACED, advance
from generators.orders.lines import OrderLines
from generators.plan.rows import RowPlan, Slot
from generators.randomness import Ints, stream

SHARE_UPDATED: Final = 0.01  # of the rows of the daily files
SHARE_STALE: Final = 0.003
SHARE_REPEATED: Final = 0.1  # of the updates


@dataclass(frozen=True)
class LateFile:
    """`lines` in file order. Each of `updates` has its old version at the same position of `replaced`; keys are
    disjoint between `updates` and the stale rows, and unique within each.
    """

    lines: OrderLines
    updates: OrderLines
    replaced: OrderLines
    stale: int
    exact_duplicates: int


@dataclass
class LatePicker:
    """Picks lines for the late file while the daily files are written, so that only those are kept in memory."""

    plan: RowPlan
    _for_update: list[OrderLines] = field(default_factory=list)
    _for_stale: list[OrderLines] = field(default_factory=list)

    def consider(self, slot: Slot, lines: OrderLines, dirty: Ints) -> None:
        """Pick among the clean lines of a chunk; `dirty` holds the zero-based positions of the others."""
        rng = stream(self.plan.seed, "late_pick", *slot.place)
        clean = np.ones(len(lines), dtype=bool)
        clean[dirty] = False
        # Changed last before the half day that the late file is about, and not in a final status.
        can_move = clean & (lines.updated_at <= self.plan.observed) & (advance(rng, lines.status) != lines.status)
        updated = some(rng, np.flatnonzero(can_move), ceil(len(lines) * SHARE_UPDATED))
        clean[updated] = False
        # An older version exists only of what has changed since it was placed.
        has_past = clean & (lines.updated_at > lines.ordered_at)
        stale = some(rng, np.flatnonzero(has_past), ceil(len(lines) * SHARE_STALE))
        self._for_update.append(lines.take(updated))
        self._for_stale.append(lines.take(stale))

    def late_file(self) -> LateFile:
        """The rows of the late file. Raises ValueError when no line is old enough to have a newer version."""
        replaced = OrderLines.concat(self._for_update)
        if len(replaced) == 0:
            raise ValueError("no line is old enough for a late file: generate more rows or days, or leave it out")
        rng = stream(self.plan.seed, "late_file")
        updates = self._newer(rng, replaced)
        stale = as_placed(OrderLines.concat(self._for_stale))
        repeats = some(rng, np.arange(len(updates)), ceil(len(updates) * SHARE_REPEATED))
        lines = OrderLines.concat([updates, stale, updates.take(repeats)])
        shuffled = lines.take(rng.permutation(len(lines)))
        return LateFile(shuffled, updates, replaced, stale=len(stale), exact_duplicates=len(repeats))

    def _newer(self, rng: np.random.Generator, old: OrderLines) -> OrderLines:
        """The next version of each line: a later status, changed between the last observation and the window's end."""
        changed = rng.integers(self.plan.observed + 1, self.plan.end, len(old))
        return replace(old, status=advance(rng, old.status), updated_at=changed)


def as_placed(lines: OrderLines) -> OrderLines:
    """The first version of each line."""
    return replace(lines, status=np.full(len(lines), PLACED), updated_at=lines.ordered_at)


def some(rng: np.random.Generator, positions: Ints, limit: int) -> Ints:
    """At most `limit` of the positions, in ascending order."""
    return np.sort(rng.choice(positions, min(limit, len(positions)), replace=False))
