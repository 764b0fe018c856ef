"""Records of CSV files become rows: empty cells are filled from the row above, numbered columns become rows.

Both engines apply these functions to the records of a file, in the order of the file. A record that is malformed is
none of them: it fills nothing, and it has no number.

Cells are texts, None for an empty one. A stage gets the header of the cells, in the contract's names, and returns the
header and the cells of its rows. https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cartlake.contracts.custom_properties.record_mapping import split_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cartlake.contracts import Table
    from cartlake.contracts.custom_properties.record_mapping import FillDown, Unpivot

Cell: TypeAlias = "str | None"
Cells: TypeAlias = "Sequence[Cell]"


@dataclass(frozen=True)
class RecordRows:
    """How the records of a contract's CSV files become rows."""

    fill_down: FillDown | None = None
    unpivot: Unpivot | None = None

    @property
    def in_order(self) -> bool:
        """Return whether a row depends on the records above it, so that the records of a file must stay in order."""
        return self.fill_down is not None

    def header(self, header: Sequence[str]) -> list[str]:
        """Return the columns of the rows of a file with this header."""
        filled = filled_header(header, self.fill_down)
        return filled if self.unpivot is None else unpivoted_header(filled, self.unpivot)

    def of_file(self, header: Sequence[str]) -> Callable[[Cells], list[Cells]]:
        """Return a function that turns each record of one file, from the first to the last, into its rows."""
        fill = filler(header, self.fill_down)
        if self.unpivot is None:
            return lambda cells: [fill(cells)]
        rows = unpivoter(filled_header(header, self.fill_down), self.unpivot)
        return lambda cells: rows(fill(cells))


def record_rows_of(table: Table) -> RecordRows | None:
    """Return how records of CSV files become rows of a table; None where each record is a row as it is."""
    if table.fill_down is None and table.unpivot is None:
        return None
    return RecordRows(table.fill_down, table.unpivot)


def filled_header(header: Sequence[str], fill: FillDown | None) -> list[str]:
    """Return the columns that `filler` returns the cells of: the position comes last."""
    return [*header, *([fill.position] if fill and fill.position else [])]


def filler(header: Sequence[str], fill: FillDown | None) -> Callable[[Cells], Cells]:
    """Return a function that fills the empty cells of the records of one file, given in order.

    Rows below each other with the same value in `within` are a group. In it an empty cell has the value of the row
    above, filled or not. A row without that value is no part of a group, and the next one begins another.
    """
    if fill is None:
        return lambda cells: cells
    if fill.within not in header:
        return lambda cells: [*cells, *([None] if fill.position else [])]
    within, places = header.index(fill.within), [header.index(name) for name in fill.columns if name in header]
    return _Filler(within, places, numbers=fill.position is not None).fill


class _Filler:
    def __init__(self, within: int, places: Sequence[int], *, numbers: bool) -> None:
        self._within, self._places, self._numbers = within, places, numbers
        self._group: Cell = None
        self._above: dict[int, Cell] = {}
        self._row = 0

    def fill(self, cells: Cells) -> list[Cell]:
        filled, group = list(cells), cells[self._within]
        if group is None or group != self._group:
            self._group, self._above, self._row = group, {}, 0
        for place in self._places:
            filled[place] = self._above[place] = filled[place] or self._above.get(place)
        self._row += 1
        if self._numbers:
            filled.append(None if group is None else str(self._row))
        return filled


def unpivoted_header(header: Sequence[str], unpivot: Unpivot) -> list[str]:
    """Return the columns that `unpivoter` returns the cells of: those that become rows and the position come last."""
    kept = [name for name in header if unpivot.column(name) == name]
    return [*kept, *unpivot.columns, *([unpivot.position] if unpivot.position else [])]


def unpivoter(header: Sequence[str], unpivot: Unpivot) -> Callable[[Cells], list[Cells]]:
    """Return a function that returns the rows of a record: one for each number of which a cell is not empty, in order.

    A record whose numbered cells are all empty is one row without their values and without a number, so that no record
    is lost.
    """
    kept = [place for place, name in enumerate(header) if unpivot.column(name) == name]
    places: dict[int, dict[str, int]] = {}
    for place, name in enumerate(header):
        if (found := split_number(name)) and found[0] in unpivot.columns:
            places.setdefault(found[1], {})[found[0]] = place
    groups = [(str(n), [places[n].get(name) for name in unpivot.columns]) for n in sorted(places)]
    numbers = unpivot.position is not None

    def rows(cells: Cells) -> list[Cells]:
        shared = [cells[place] for place in kept]
        found: list[Cells] = []
        for number, group in groups:
            values = [None if place is None else cells[place] for place in group]
            if any(values):
                found.append([*shared, *values, *([number] if numbers else [])])
        return found or [[*shared, *(None for _ in unpivot.columns), *([None] if numbers else [])]]

    return rows
