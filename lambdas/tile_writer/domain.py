"""Tiles: the definition of each, and the document that the page reads."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from cartlake.contracts import Table
from cartlake.errors import TerminalError
from cartlake.times import stamp

MAX_ROWS: Final = 60_000
"""Of one tile: about 400 kB compressed, as much as a page may load."""

UNITS: Final = frozenset({"date", "time", "text", "count", "cents", "usd", "flag"})
"""What a column holds: `cents` are whole cents of the reporting currency, `count` whole numbers, `usd` US dollars."""

_HEADER: Final = re.compile(r"^-- (?:(?P<key>[A-Z][a-z]+): )(?P<value>.+)\.$", re.MULTILINE)


class TileError(TerminalError):
    """A tile cannot be made as it is declared. The message names it, and what to change."""


@dataclass(frozen=True, slots=True)
class Tile:
    """The definition of a tile. `columns` are names and units, `query` the named query that says more, if any."""

    name: str
    title: str
    about: str
    tables: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    definition: str
    query: str | None
    sql: str


@dataclass(frozen=True, slots=True)
class Source:
    """A version of a table that tiles are made of: `written_at` is when rows of it changed last.

    `upstreams` are the tables it is built from. What no contract describes has no contract version.
    """

    table: str
    contract_version: str | None = None
    snapshot_id: str | None = None
    written_at: datetime | None = None
    promised_hours: float | None = None
    upstreams: tuple[str, ...] = ()
    rows: int | None = None

    def document(self) -> dict[str, Any]:
        """Return it as the page reads it; ids are texts, because JavaScript's numbers cannot hold them."""
        return {
            "table": self.table,
            "contract_version": self.contract_version,
            "snapshot_id": self.snapshot_id,
            "written_at": stamp(self.written_at) if self.written_at else None,
            "promised_hours": self.promised_hours,
            "upstreams": list(self.upstreams),
        }


def parse_tile(name: str, text: str) -> Tile:
    """Return the definition in a file of SQL. Raises TileError that names what its header lacks."""
    found = [(match["key"], match["value"]) for match in _HEADER.finditer(text)]
    header = dict(found)
    missing = [key for key in ("Tables", "Definition", "Columns") if key not in header]
    if missing or not found:
        raise TileError(f"tiles/{name}.sql: the header lacks {', '.join(missing)}; see docs/dashboard.md.")
    title, about = found[0]
    return Tile(
        name=name,
        title=title,
        about=about,
        tables=tuple(header["Tables"].split(", ")),
        columns=tuple(_column(name, column) for column in header["Columns"].split(", ")),
        definition=header["Definition"],
        query=header.get("Query"),
        sql="\n".join(line for line in text.splitlines() if not line.startswith("--")).strip(),
    )


def _column(tile: str, text: str) -> tuple[str, str]:
    name, _, unit = text.partition(" ")
    if unit not in UNITS:
        raise TileError(
            f"tiles/{tile}.sql: column {name} has the unit {unit!r}; use one of {', '.join(sorted(UNITS))}."
        )
    return name, unit


def shown_columns(table: Table) -> list[str]:
    """Return the columns of a table that tiles may read: those that no contract classifies as about people."""
    return [column.name for column in table.columns if column.classification in {None, "public"} and not column.pii]


def columns_of_rows(tile: Tile, names: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, list[Any]]:
    """Return the values of each column, as JSON has them.

    Raises TileError where names or values are not those the header declares, and for too many rows.
    """
    declared = [name for name, _ in tile.columns]
    if list(names) != declared:
        raise TileError(f"tiles/{tile.name}.sql returns {', '.join(names)}; its header says {', '.join(declared)}.")
    if len(rows) > MAX_ROWS:
        raise TileError(f"tiles/{tile.name}.sql returns {len(rows):,} rows, more than {MAX_ROWS:,}: group by less.")
    return {
        name: [_json_value(tile, name, unit, row[place]) for row in rows]
        for place, (name, unit) in enumerate(tile.columns)
    }


def _json_value(tile: Tile, column: str, unit: str, value: object) -> object:  # noqa: PLR0911 - one for each unit
    match unit, value:
        case _, None:
            return None
        case "cents", Decimal():
            return _cents(tile, column, value)
        case "count", bool():
            pass
        case "count", int() | Decimal() | float() if value == int(value):
            return int(value)
        case "usd", Decimal() | float():
            return float(value)
        case "date", date():
            return value.isoformat()[:10]
        case "time", datetime():
            return stamp(value.replace(tzinfo=UTC))  # DuckDB's times without a time zone, in UTC
        case ("text", str()) | ("flag", bool()):
            return value
    raise TileError(f"tiles/{tile.name}.sql: {column} is declared as {unit}, and {value!r} is not.")


def _cents(tile: Tile, column: str, value: Decimal) -> int:
    cents = value * 100
    if cents != int(cents):
        raise TileError(f"tiles/{tile.name}.sql: {column} is {value}, which is no whole number of cents.")
    return int(cents)


def tile_document(
    tile: Tile, columns: Mapping[str, Sequence[Any]], sources: Sequence[Source], run_id: str, now: datetime
) -> dict[str, Any]:
    """Return a tile as the page reads it: where its numbers come from, and its columns."""
    return {
        "tile": tile.name,
        "title": tile.title,
        "about": tile.about,
        "written_at": stamp(now),
        "run_id": run_id,
        "definition": tile.definition,
        "query": tile.query,
        "sql": tile.sql,
        "sources": [source.document() for source in sources],
        "units": dict(tile.columns),
        "rows": len(next(iter(columns.values()))),
        "columns": columns,
    }
