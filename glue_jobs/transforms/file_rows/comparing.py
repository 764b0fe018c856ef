"""SQL of what two values of a column are compared by, where engines order them alike.

Engines differ in how they order structs and lists that hold nulls: a struct is compared field by field, a list as a
text. Each part of that text begins with its length, so that different lists have different texts.
"""

from cartlake.contracts import Column
from cartlake.contracts.rules.nested_rules import Place
from cartlake.contracts.types import List, Struct, Type, parse_type
from cartlake.engine import Engine


def compared(column: Column, prefix: str = "", dialect: Engine = "spark") -> list[str]:
    """Return SQL of the values that decide in this order which of two values of a column is the greater.

    `prefix` stands before the column's name. `dialect` is DuckDB's for statements that are not made with frames.
    """
    return _compared(parse_type(column.type), Place(f"{prefix}{column.name}"), dialect)


def _compared(kind: Type, place: Place, dialect: Engine) -> list[str]:
    match kind:
        case Struct(fields):
            inner = [sql for name, part in fields for sql in _compared(part, place.field(name), dialect)]
            return [f"({place.sql} is not null)", *inner]
        case List():
            return [f"case when {place.sql} is not null then {_text(kind, place, dialect)} end"]
    return [place.sql]


def _text(kind: Type, place: Place, dialect: Engine) -> str:
    """Return SQL of a text that is another one for each other value, and never null."""
    match kind:
        case Struct(fields):
            text = f"concat({', '.join(_text(part, place.field(name), dialect) for name, part in fields)}, '')"
        case List(element):
            inner = place.elements()
            text = _joined(place.sql, inner.sql, _text(element, inner, dialect), dialect)
        case _:
            text = f"cast({place.sql} as string)"
    return f"case when {place.sql} is null then '-' else concat(cast(length({text}) as string), ':', {text}) end"


def _joined(values: str, element: str, text: str, dialect: Engine) -> str:
    """Return SQL of the texts of the elements of a list one after the other."""
    if dialect == "spark":
        return f"array_join(transform({values}, {element} -> {text}), '')"
    return f"array_to_string(list_transform({values}, lambda {element}: {text}), '')"
