"""The interface of the catalog to the compiler: tables, views and versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.athena.dialects import Dialect
    from localaws.athena.sql.scope import Relation, Typed
    from localaws.athena.trino_types import TrinoType


@dataclass(frozen=True)
class Source:
    """A table as DuckDB reads it: `sql` is a table expression with the columns under their own names.

    `hidden` are columns such as "$path": Trino name, DuckDB column and type.
    """

    sql: str
    columns: tuple[tuple[str, TrinoType], ...]
    hidden: tuple[tuple[str, str, TrinoType], ...] = ()


@dataclass(frozen=True)
class View:
    """A stored query: its text, and the database of its unqualified table names."""

    text: str
    database: str
    columns: tuple[tuple[str, str], ...] = ()  # names and types as they were stored with it, none if they were not


@dataclass(frozen=True)
class Version:
    """FOR TIMESTAMP AS OF (`kind` TIMESTAMP, `value` an instant) or FOR VERSION AS OF (`kind` VERSION)."""

    kind: str
    value: Typed


class Tables(Protocol):
    """The tables that a query may read: the catalog of the engine, or a dictionary in a test."""

    def find(self, database: str, table: str, version: Version | None) -> Source | View | None:
        """Return a table or view, None when there is none. Raises AthenaError for one that cannot be read."""
        ...


@dataclass(frozen=True)
class Environment:
    """The meaning of names and numbers: common table expressions first, then tables of the current database.

    `dialect` is that of a stored query, None for that of the statement.
    """

    database: str
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    dialect: Dialect | None = None
