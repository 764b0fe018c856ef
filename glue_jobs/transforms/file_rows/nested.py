"""Nested columns of raw rows: from texts of JSON in which every value is a text to structs and lists with types."""

import json
from typing import Any, Final

from cartlake.contracts import Column as ContractColumn
from cartlake.contracts.casts import read_sql
from cartlake.contracts.rules.nested_rules import FIRST, Place, reasons
from cartlake.contracts.types import List, Plain, Struct, Type, parse_type
from cartlake.engine import current

UNCASTABLE: Final = "uncastable:"


def parse_sql(column: ContractColumn, text: str) -> str:
    """Return SQL of the text as structs and lists of texts, null where the text does not fit the column's type.

    `cartlake.row_shapes` marks those that do not: only texts that fit begin with a bracket or a brace.
    """
    kind = parse_type(column.type)
    schema = _texts(kind) if current() == "spark" else json.dumps(_json_schema(kind))
    return f"case when substr({text}, 1, 1) in ('[', '{{') then from_json({text}, '{schema}') end"


def typed_sql(column: ContractColumn, parsed: str) -> str:
    """Return SQL that reads each text of a parsed column as its type, null where that would lose or invent something.

    `parsed` names the column that `parse_sql` made.
    """
    return _typed(parse_type(column.type), Place(parsed))


def uncastable_sql(column: ContractColumn, parsed: str) -> list[str]:
    """Return SQL of the reasons of parts that are not of their type, `uncastable:items[2].price`; each null without."""
    return [
        for_engine(reasons(place, castable, UNCASTABLE, shown_as=column.name))
        for place, castable in _castable(parse_type(column.type), Place(parsed))
    ]


def for_engine(sql: str) -> str:
    """Return SQL of `contracts.nested_rules` for the engine in use."""
    return sql.replace(FIRST, "0" if current() == "spark" else "1")


def _typed(kind: Type, place: Place) -> str:
    match kind:
        case Struct(fields):
            listed = ", ".join(f"'{name}', {_typed(part, place.field(name))}" for name, part in fields)
            return f"case when {place.sql} is not null then named_struct({listed}) end"
        case List(element):
            inner = place.elements()
            return f"transform({place.sql}, {inner.sql} -> {_typed(element, inner)})"
    return read_sql(place.sql, kind.name)


def _castable(kind: Type, place: Place) -> list[tuple[Place, str]]:
    """Return the places of all values that are not texts, with SQL that is true where one can be read."""
    match kind:
        case Struct(fields):
            return [found for name, part in fields for found in _castable(part, place.field(name))]
        case List(element):
            return _castable(element, place.elements())
    if kind.name == "string":
        return []
    return [(place, f"nullif({place.sql}, '') is null or {read_sql(place.sql, kind.name)} is not null")]


def _texts(kind: Type) -> str:
    """Return the type with texts in the place of all other plain types, in Spark's words."""
    match kind:
        case Struct(fields):
            return f"struct<{','.join(f'`{name}`:{_texts(part)}' for name, part in fields)}>"
        case List(element):
            return f"array<{_texts(element)}>"
    return "string"


def _json_schema(kind: Type) -> Any:
    """Return the same as DuckDB's `from_json` takes it."""
    match kind:
        case Struct(fields):
            return {name: _json_schema(part) for name, part in fields}
        case List(element):
            return [_json_schema(element)]
        case Plain():
            return "VARCHAR"
