"""The statements that a table is read by: its columns, its clock, and pages by modification time and key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sources.errors import RefusedRequestError
from sources.warehouses.model import Kind
from sources.warehouses.values import iso

if TYPE_CHECKING:
    from sources.model import Window
    from sources.warehouses.layout import Layout
    from sources.warehouses.model import Warehouse

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,126}(\.[A-Za-z_][A-Za-z0-9_$]{0,126}){0,2}")
MICROSECOND: Final = timedelta(microseconds=1)

Position = tuple[str, ...]
"""Where a row is: its modification time as ISO 8601, and its key."""

Statement = tuple[str, list[str]]
"""SQL, and the values for its markers."""


def checked_table(source: str, table: str) -> str:
    """Return the name of a table. Raises RefusedRequestError for one that would have to be quoted."""
    if NAME.fullmatch(table) is None:
        raise RefusedRequestError(
            f"{table!r} is not a name of a table: at most three parts with dots between, each of letters, digits, _ "
            f"and $, such as SHOP.PUBLIC.ORDERS. Change sources.{source}.table of the module lake; a table with "
            f"another name can be read by a view."
        )
    return table


def quoted(name: str) -> str:
    """Return a column's name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Statements:
    """Writes statements for a table of a warehouse. Names are checked or quoted, values are bound."""

    warehouse: Warehouse
    table: str

    def columns(self) -> str:
        """Return the statement that has the columns and no rows."""
        return f"SELECT * FROM {self.table} LIMIT 0"  # noqa: S608 - the name is checked

    def clock(self) -> str:
        """Return the statement that asks the warehouse for the time."""
        return f"SELECT {self.warehouse.clock}"

    def unplaced(self, layout: Layout) -> str:
        """Return the statement that finds a row without a modification time or a key, which no page would have."""
        missing = " OR ".join(f"{quoted(name)} IS NULL" for name in (layout.modified.name, *layout.key_names))
        return f"SELECT 1 FROM {self.table} WHERE {missing} LIMIT 1"  # noqa: S608

    def page(self, layout: Layout, window: Window, after: Position | None, rows: int) -> Statement:
        """Return the statement of the next rows of a window behind a position, by modification time and key.

        Times are compared as microseconds, because that is what a driver gives of finer ones: a position that was cut
        off would stand before its own row.
        """
        modified, kind = quoted(layout.modified.name), layout.modified.kind
        conditions, values = [f"{modified} < {self._value(kind)}"], [iso(window.until + MICROSECOND)]
        if after is not None:
            conditions += [f"{modified} >= {self._value(kind)}"]
            values += [after[0]]
            later, bound = self._later(layout, after)
            conditions, values = [*conditions, later], [*values, *bound]
        elif window.since is not None:
            conditions, values = [*conditions, f"{modified} >= {self._value(kind)}"], [*values, iso(window.since)]
        selected = ", ".join(map(quoted, layout.names))
        order = ", ".join([self.warehouse.micros(modified), *map(quoted, layout.key_names)])
        where = " AND ".join(conditions)
        return f"SELECT {selected} FROM {self.table} WHERE {where} ORDER BY {order} LIMIT {rows}", values  # noqa: S608

    def _later(self, layout: Layout, after: Position) -> Statement:
        """Return the condition of rows behind a position: a later time, or the same one and a later key."""
        values = [iso(datetime.fromisoformat(after[0]) + MICROSECOND)]
        alternatives = [f"{quoted(layout.modified.name)} >= {self._value(layout.modified.kind)}"]
        for number in range(len(layout.keys)):
            same = [f"{quoted(key.name)} = {self._value(key.kind)}" for key in layout.keys[:number]]
            key = layout.keys[number]
            alternatives.append(f"({' AND '.join([*same, f'{quoted(key.name)} > {self._value(key.kind)}'])})")
            values += after[1 : number + 2]
        return f"({' OR '.join(alternatives)})", values

    def _value(self, kind: Kind) -> str:
        marker = self.warehouse.marker
        return marker if kind == Kind.TEXT else f"CAST({marker} AS {self.warehouse.types[kind]})"
