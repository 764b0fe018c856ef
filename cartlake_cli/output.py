"""Output of commands: tables and messages for people, JSON for programs."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Self, TextIO

from pydantic import BaseModel
from rich.box import SIMPLE, SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

STATE_STYLES = {
    "RECEIVED": "cyan",
    "VALIDATED": "cyan",
    "CLAIMED": "yellow",
    "RUNNING": "yellow",
    "LOADED": "green",
    "SUCCEEDED": "green",
    "DUPLICATE": "blue",
    "REJECTED": "red",
    "FAILED": "red",
}


# Columns whose values people copy, so they are never broken over lines.
UNBROKEN = frozenset({"run_id", "snapshot_id", "state", "what", "name", "table", "dataset", "segment"})
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\b")
NOT_AMOUNTS = ("id", "year", "version")
"""Endings of names of whole numbers that are printed without separated thousands."""
PADDING = 3
"""Characters between two columns."""
LEAST_TEXT = 12
"""The least width of a column of text, in characters. A narrower table is printed as blocks instead."""
WIDTH_OF_A_PIPE = 140
"""The width in characters where the output is not a terminal."""


class Output:
    """Prints results to standard output, and messages to standard error, so that a pipe gets only results."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.console = _console(sys.stdout)
        self.messages = _console(sys.stderr)

    def say(self, message: str) -> None:
        """Print one message to standard error; nothing with --json."""
        if not self.as_json:
            self.messages.print(message, highlight=False)

    def json(self, value: Any) -> None:
        """Print a value as JSON. Models become objects, times ISO 8601, and other types text."""
        sys.stdout.write(json.dumps(value, default=_plain, indent=2) + "\n")

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines of a result as they are: none is broken, none is read as markup."""
        for line in lines:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def records(
        self, title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, whole: bool = False
    ) -> None:
        """Print a table of the chosen columns, empty ones only if `whole`; with --json print all of each record."""
        rows = list(rows)
        if self.as_json:
            self.json(rows)
            return
        self.console.print(table_of(title, columns, rows, self.console.width, whole=whole))

    def record(self, title: str, value: Mapping[str, Any]) -> None:
        """Print one thing, a line per attribute; with --json an object."""
        if self.as_json:
            self.json(value)
            return
        # Rich breaks a title that is wider than its table.
        title_width = min(len(title), self.console.width)
        table = Table(
            title=title, title_justify="left", title_style="bold", show_header=False, box=SIMPLE, min_width=title_width
        )
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, item in value.items():
            table.add_row(f"[bold]{name}[/bold]", styled(item))
        self.console.print(table)


def table_of(
    title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], width: int, *, whole: bool = False
) -> Table:
    """Return a table that never breaks what people copy: ids, keys and days. No text is cut.

    Columns without any value are left out, unless it is `whole`. Where names of columns make it wider than `width`
    characters, they are broken after their underscores. Where that is not enough, each row becomes a block with a line
    for each column.
    """
    known = [column for column in columns if whole or any(row.get(column) is not None for row in rows)]
    cells = [_Column.of(column, [row.get(column) for row in rows]) for column in known or columns]
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", pad_edge=False)
    if sum(column.least_width + PADDING for column in cells) > width:
        _add_blocks(table, cells)
        return table
    table.box = SIMPLE_HEAD
    fits = sum(max(len(column.name), column.width) + PADDING for column in cells) <= width
    for column in cells:
        header = column.name if fits else _broken(column.name, column.width)
        align: Literal["left", "right"] = "right" if column.numeric else "left"
        table.add_column(header, justify=align, overflow="fold", no_wrap=column.whole)
    for row in zip(*(column.cells for column in cells), strict=True):
        table.add_row(*(_styled(cell) for cell in row))
    if not rows:
        table.caption = "none"
    return table


@dataclass(frozen=True)
class _Column:
    """The cells of one column as they are printed. A `whole` one is never broken over lines."""

    name: str
    cells: list[str]
    numeric: bool
    whole: bool

    @classmethod
    def of(cls, name: str, values: list[Any]) -> Self:
        cells = [_cell(name, value) for value in values]
        numeric = bool(values) and all(isinstance(value, int | float | Decimal | None) for value in values)
        days = all(DAY.match(cell) for cell in cells if cell)
        return cls(name, cells, numeric, numeric or name in UNBROKEN or days)

    @property
    def width(self) -> int:
        return max((len(cell) for cell in self.cells), default=0)

    @property
    def least_width(self) -> int:
        """Return the least width in characters, by its cells if they are not broken, and by the words of its name."""
        name = max(len(line) for line in _broken(self.name, 0).splitlines())
        return max(name, self.width if self.whole else min(self.width, LEAST_TEXT))


def _add_blocks(table: Table, columns: Sequence[_Column]) -> None:
    table.box, table.show_header = SIMPLE, False
    for number in range(len(columns[0].cells)):
        for column in columns:
            table.add_row(f"[bold]{column.name}[/bold]", _styled(column.cells[number]))
        table.add_section()


def _broken(name: str, width: int) -> str:
    """Return the name broken into lines no wider than `width` characters, or than its longest word."""
    lines: list[str] = []
    for word in re.findall(r"[^_]*_|[^_]+", name):
        if lines and len(lines[-1]) + len(word) <= width:
            lines[-1] += word
        else:
            lines.append(word)
    return "\n".join(lines)


def _console(stream: TextIO) -> Console:
    # Rich assumes 80 characters where there is no terminal, which breaks most tables.
    narrow = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stream is sys.stderr, width=None if narrow else WIDTH_OF_A_PIPE)


def records_of(models: Iterable[BaseModel]) -> list[dict[str, Any]]:
    """Return models as dictionaries of JSON values, for tables and JSON."""
    return [model.model_dump(mode="json") for model in models]


def styled(value: Any) -> str:
    """Return the text of a cell: empty for None, states in their colour, numbers with thousands separated."""
    return _styled(_text(value))


def _styled(text: str) -> str:
    style = STATE_STYLES.get(text)
    return f"[{style}]{text}[/{style}]" if style else escape(text)


def _cell(column: str, value: Any) -> str:
    plain = isinstance(value, int) and not isinstance(value, bool) and column.endswith(NOT_AMOUNTS)
    return str(value) if plain else _text(value)


def _text(value: Any) -> str:
    match value:
        case bool():
            text = "yes" if value else "no"
        case int() | Decimal():
            text = f"{value:,}"
        case float():
            text = f"{value:,.2f}"
        case datetime():
            text = value.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
        case Mapping() | list():
            text = json.dumps(value, default=_plain)
        case _:
            text = "" if value is None else str(value)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
