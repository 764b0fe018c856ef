"""The positions of the dirty rows of a chunk among its clean ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from generators.files.text import Record
from generators.randomness import Ints


@dataclass(frozen=True)
class DirtyRows:
    """Dirty rows of a chunk: each stands in place of the clean row at its position, or before it (`extra`).

    positions: zero-based in the clean rows, in ascending order, and for replacements unique.
    """

    positions: Ints
    records: Sequence[Record]
    extra: bool = False

    def total(self, rows: int) -> int:
        """Return how many rows a chunk of so many clean ones has with these."""
        return rows + len(self.records) if self.extra else rows

    def places(self) -> Ints:
        """The zero-based positions of the dirty rows among all rows of the chunk."""
        return self.positions + np.arange(len(self.positions)) if self.extra else self.positions

    def placed(self) -> Iterator[tuple[int, Record]]:
        """Each dirty row with its place."""
        return zip(self.places().tolist(), self.records, strict=True)

    def merged(self, rows: pa.Table, dirty: pa.Table) -> pa.Table:
        """All rows of the chunk in their order; `rows` are the clean ones, `dirty` these in the same columns."""
        if len(dirty) == 0:
            return rows
        order, last = np.arange(len(rows)), len(rows) + np.arange(len(dirty))
        if self.extra:
            order = np.insert(order, self.positions, last)
        else:
            order[self.positions] = last
        return pa.concat_tables([rows, dirty]).combine_chunks().take(pa.array(order))


NONE_DIRTY: Final = DirtyRows(np.array([], dtype=np.int64), ())
