"""Two ways to say the same: tables and sentences for people, JSON for programs."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TextIO

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


UNBROKEN = frozenset({"run_id", "state", "what", "name", "table", "dataset", "order_date", "as_of_date", "segment"})
WIDTH_OF_A_PIPE = 140
"""Characters a line may have where nobody's terminal limits it."""


class Output:
    """Prints to standard output; messages about progress go to standard error, so that pipes stay clean."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.console = _console(sys.stdout)
        self.messages = _console(sys.stderr)

    def say(self, message: str) -> None:
        """One line for a person. Silent with --json."""
        if not self.as_json:
            self.messages.print(message, highlight=False)

    def json(self, value: Any) -> None:
        sys.stdout.write(json.dumps(value, default=_plain, indent=2) + "\n")

    def records(self, title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        """A table with the chosen columns; with --json, the whole records."""
        rows = list(rows)
        if self.as_json:
            self.json(rows)
            return
        self.console.print(table_of(title, columns, rows))

    def record(self, title: str, value: Mapping[str, Any]) -> None:
        """One thing, a line per attribute."""
        if self.as_json:
            self.json(value)
            return
        table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=SIMPLE)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, item in value.items():
            table.add_row(f"[bold]{name}[/bold]", styled(item))
        self.console.print(table)


def table_of(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """A table that leaves out columns nothing is known of, and never breaks what people copy: ids and keys."""
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    shown = [column for column in columns if any(row.get(column) is not None for row in rows)] or list(columns)
    for column in shown:
        numeric = rows and all(isinstance(row.get(column), int | float | Decimal | None) for row in rows)
        whole = numeric or column in UNBROKEN
        table.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*(styled(row.get(column)) for column in shown))
    if not rows:
        table.caption = "none"
    return table


def _console(stream: TextIO) -> Console:
    narrow = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stream is sys.stderr, width=None if narrow else WIDTH_OF_A_PIPE)


def records_of(models: Iterable[BaseModel]) -> list[dict[str, Any]]:
    """Ledger records as plain dictionaries, for tables and JSON."""
    return [model.model_dump(mode="json") for model in models]


def styled(value: Any) -> str:
    """A cell: empty for null, states in their colour, numbers with thousands separated."""
    text = _text(value)
    style = STATE_STYLES.get(text)
    return f"[{style}]{text}[/{style}]" if style else escape(text)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | Decimal():
            return f"{value:,}"
        case float():
            return f"{value:,.2f}"
        case Mapping() | list():
            return json.dumps(value, default=_plain)
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
