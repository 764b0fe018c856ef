"""A warehouse in SQLite, which runs the statements of a source: times are text there, as the source writes them."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

from sources.errors import RefusedRequestError
from sources.warehouses.model import Answer, Kind

KINDS = {"TEXT": Kind.TEXT, "INTEGER": Kind.INTEGER, "INSTANT": Kind.INSTANT, "DATE": Kind.DATE}
SECRET = json.dumps({"username": "lake"})
EVENTS = {"EVENT_ID": "TEXT", "event_at": "INSTANT", "event_name": "TEXT", "loaded_at": "INSTANT"} | dict.fromkeys(
    (
        *("visitor_id", "customer_id", "page_path", "product_id", "event_value", "order_id", "referrer_host"),
        *("utm_source", "utm_medium", "utm_campaign", "device", "user_agent", "country_code", "unknown"),
    ),
    "TEXT",
)
"""Columns of a table of events by their types, under names and aliases of the contract."""


@dataclass
class SqliteWarehouse:
    """A database in memory; `before` is called with each statement, before it runs."""

    before: object = lambda _statement: None
    clock: str = "'2026-03-01T08:00:00Z'"
    marker: str = "?"
    secret_members: tuple = ("username",)
    types: dict = field(
        default_factory=lambda: dict.fromkeys(("whole number",), "INTEGER") | dict.fromkeys(TEXTS, "TEXT")
    )

    def __post_init__(self):
        self.database, self.opened, self.ran = sqlite3.connect(":memory:", check_same_thread=False), 0, []
        self.columns = {}

    def create(self, table, columns, collation="BINARY"):
        self.columns = columns
        types = {
            name: "INTEGER" if kind == "INTEGER" else f"TEXT COLLATE {collation}" for name, kind in columns.items()
        }
        self.database.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")

    def put(self, table, *rows):
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))

    def micros(self, column):
        return column

    def connect(self, secret):
        self.opened += 1
        return self

    def close(self):
        pass

    def judged(self, error):
        return RefusedRequestError(f"{type(error).__name__}: {error}")

    def run(self, statement, values):
        self.before(statement)
        self.ran.append(statement)
        found = self.database.execute(statement, values)
        names = [one[0] for one in found.description]
        kinds = {name: KINDS.get(self.columns.get(name), Kind.OTHER) for name in names}
        rows = [tuple(_read(kinds[name], value) for name, value in zip(names, row, strict=True)) for row in found]
        return Answer(kinds, [(datetime.fromisoformat(row[0]),) for row in rows] if self.clock in statement else rows)


TEXTS = (Kind.DATE, Kind.TIMESTAMP, Kind.INSTANT)


def _read(kind, value):
    return datetime.fromisoformat(value) if kind == Kind.INSTANT and value is not None else value
