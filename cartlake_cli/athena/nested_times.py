"""Instants within nested columns: views and files of Athena have no `timestamp with time zone`, so they are cast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cartlake.contracts.types import List, Plain, Struct, parse_type

if TYPE_CHECKING:
    from cartlake.contracts import Column
    from cartlake.contracts.types import Type

_TRINO: Final = {"string": "varchar", "int": "integer", "float": "real", "timestamp": "timestamp(3)"}


def without_zones(column: Column) -> str:
    """Return SQL of a nested column with instants in UTC as `timestamp(3)`; its name where it holds none."""
    kind = parse_type(column.type)
    return f"cast({column.name} as {_trino(kind)})" if _has_instants(kind) else column.name


def _has_instants(kind: Type) -> bool:
    match kind:
        case Struct(fields):
            return any(_has_instants(part) for _, part in fields)
        case List(element):
            return _has_instants(element)
        case Plain(name):
            return name == "timestamp"


def _trino(kind: Type) -> str:
    match kind:
        case Struct(fields):
            return f"row({', '.join(f'{name} {_trino(part)}' for name, part in fields)})"
        case List(element):
            return f"array({_trino(element)})"
        case Plain(name):
            return _TRINO.get(name, name)
