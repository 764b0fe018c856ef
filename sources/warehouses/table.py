"""A table of a warehouse as a source: what was modified in a window, by modification time and key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cartlake import contracts
from sources.errors import SchemaChangedError
from sources.model import Page, Row, SourceInfo, Window
from sources.warehouses.layout import Layout, layout_of, version_column
from sources.warehouses.statements import Position, Statements
from sources.warehouses.values import json_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sources.warehouses.sessions import Session

PAGE_ROWS: Final = 5_000
MAX_CURSOR_BYTES: Final = 1_500
"""A cursor is written beside a file, where S3 allows 2 KB."""


@dataclass(frozen=True, slots=True)
class WarehouseTable:
    """The table of a contract's rows. Columns are found by name or alias, and written by the contract's names."""

    dataset: str
    table: str
    overlap: timedelta
    session: Session
    page_rows: int = PAGE_ROWS

    @property
    def info(self) -> SourceInfo:
        """Return name, modification time and overlap."""
        return SourceInfo(self.dataset, version_column(contracts.load(self.dataset).table), self.overlap)

    def now(self) -> datetime:
        """Return the time by the warehouse's clock.

        Raises SchemaChangedError where the table lacks a column, or has a row that no page would have.
        """
        layout = self._layout()
        if self.session.run(self._statements.unplaced(layout)).rows:
            names = " or ".join((layout.modified.name, *layout.key_names))
            raise SchemaChangedError(
                f"{self.table} has rows without {names}, which no sync would find. Nothing was read. Fill the columns, "
                f"or name a view as the table of the source that leaves these rows out."
            )
        time: datetime = self.session.run(self._statements.clock()).rows[0][0]
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)

    def pages(self, window: Window, cursor: str | None) -> Iterator[Page]:
        """Yield the rows that were modified in a window; a cursor is the position of the last row that was read."""
        layout = self._layout()  # a sync that goes on after days may find other columns
        after = tuple(json.loads(cursor)) if cursor else None
        try:
            while True:
                statement, values = self._statements.page(layout, window, after, self.page_rows + 1)
                rows = tuple(_row(layout, values) for values in self.session.run(statement, values).rows)
                if len(rows) <= self.page_rows:
                    yield Page(rows, None)
                    return
                rows = self._whole(layout, rows)
                after = _position(layout, rows[-1])
                yield Page(rows, self._cursor(after))
        finally:
            self.session.close()

    @property
    def _statements(self) -> Statements:
        return Statements(self.session.warehouse, self.table)

    def _layout(self) -> Layout:
        there = self.session.run(self._statements.columns()).columns
        return layout_of(contracts.load(self.dataset).table, self.table, there)

    def _whole(self, layout: Layout, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return a page without its last rows that may compare equal to the first row behind it.

        Warehouses do not see to it that keys are unique, and some compare texts whatever their case. The page after a
        position has none of the rows that equal it.
        """
        behind = _rank(_position(layout, rows[-1]))
        whole = list(rows)
        while whole and _rank(_position(layout, whole[-1])) == behind:
            whole.pop()
        if not whole:
            raise SchemaChangedError(
                f"{self.table} has more than {self.page_rows:,} rows with the same {' and '.join(layout.key_names)} "
                f"and the same {layout.modified.name} ({', '.join(behind)}), so they cannot be read in pages. Nothing "
                f"was lost. Make the key of contracts/{self.dataset}.odcs.yaml one that tells rows apart."
            )
        return tuple(whole)

    def _cursor(self, position: Position) -> str:
        cursor = json.dumps(position)
        if len(cursor) > MAX_CURSOR_BYTES:
            raise SchemaChangedError(
                f"A key of {self.table} is longer than a sync can remember, {MAX_CURSOR_BYTES:,} characters: "
                f"{cursor[:100]}…. Make the key of contracts/{self.dataset}.odcs.yaml a shorter one."
            )
        return cursor


def _row(layout: Layout, values: Sequence[object]) -> Row:
    return {
        found.column.name: json_value(found.column, value) for found, value in zip(layout.columns, values, strict=True)
    }


def _position(layout: Layout, row: Row) -> Position:
    return (row[layout.modified.column.name], *layout.key_of(row))


def _rank(position: Position) -> Position:
    """Return a position that is the same for all that any warehouse takes as equal."""
    return tuple(part.casefold().rstrip() for part in position)
