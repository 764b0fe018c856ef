"""Rows that belong in the files of later days, kept on disk until then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from generators.randomness import Ints

Rows = npt.NDArray[np.void]
"""Rows with named fields."""


def pack(kind: np.dtype[Any], columns: Mapping[str, npt.NDArray[Any]]) -> Rows:
    """Return the columns as rows of the type `kind`."""
    rows = np.empty(len(next(iter(columns.values()))), dtype=kind)
    for name, values in columns.items():
        rows[name] = values
    return rows


@dataclass(frozen=True)
class Spool:
    """Rows on disk by purpose and day (days since 1970). Rows of days after `last` are in no file, so not kept."""

    directory: Path
    last: int

    def put(self, purpose: str, days: Ints, rows: Rows) -> None:
        """Keep rows, each for the day at its position in `days`."""
        if len(rows) == 0:
            return
        order = np.argsort(days, kind="stable")
        unique, starts = np.unique(days[order], return_index=True)
        for day, of_day in zip(unique.tolist(), np.split(order, starts[1:]), strict=True):
            if day <= self.last:
                with self._path(purpose, day).open("ab") as file:
                    rows[of_day].tofile(file)

    def take(self, purpose: str, day: int, kind: np.dtype[Any], most: int) -> Iterator[Rows]:
        """Yield the rows of a day in the order they were put, at most `most` at once, and delete them."""
        path = self._path(purpose, day)
        if not path.exists():
            return
        with path.open("rb") as file:
            while len(rows := np.fromfile(file, kind, most)):
                yield rows
        path.unlink()

    def _path(self, purpose: str, day: int) -> Path:
        return self.directory / f"{purpose}-{day}"
