"""Iceberg's types as DuckDB's SQL names them, and values of statistics as Iceberg's manifests store them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from pyiceberg.conversions import to_bytes
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    PrimitiveType,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

from cartlake.contracts.types import List, Struct, parse_type
from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyiceberg.types import IcebergType

    from cartlake.contracts.types import Type

_NAMES: Final[dict[type[IcebergType], str]] = {
    BooleanType: "boolean",
    IntegerType: "integer",
    LongType: "bigint",
    FloatType: "float",
    DoubleType: "double",
    DateType: "date",
    TimestampType: "timestamp",
    TimestamptzType: "timestamptz",
    StringType: "varchar",
}
_BOUND_LENGTH: Final = 16
"""Characters of a text that a bound keeps: Iceberg's default for `write.metadata.metrics.default`, truncate(16)."""
_LAST_CHARACTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def duckdb_type(kind: IcebergType) -> str:
    """Return the SQL name of a type, e.g. `decimal(18, 2)`. Raises TerminalError for one that no contract can have."""
    if isinstance(kind, DecimalType):
        return f"decimal({kind.precision}, {kind.scale})"
    if isinstance(kind, ListType):
        return f"{duckdb_type(kind.element_type)}[]"
    if isinstance(kind, StructType):
        return f"struct({', '.join(f'{quoted(one.name)} {duckdb_type(one.field_type)}' for one in kind.fields)})"
    if type(kind) not in _NAMES:
        raise TerminalError(f"Columns of type {kind} are not supported: a contract cannot have them.")
    return _NAMES[type(kind)]


def contract_type(kind: str) -> str:
    """Return DuckDB's name of a type that a contract names as Spark does."""
    return _type_name(parse_type(kind))


def quoted(name: str) -> str:
    """A name as SQL writes it: in quotes, as DuckDB's statistics name columns too."""
    return '"' + name.replace('"', '""') + '"'


def _type_name(kind: Type) -> str:
    match kind:
        case List(element):
            return f"{_type_name(element)}[]"
        case Struct(fields):
            return f"struct({', '.join(f'{quoted(name)} {_type_name(part)}' for name, part in fields)})"
    return {"string": "varchar", "timestamp": "timestamptz"}.get(kind.name, kind.name)


def lower_bound(text: str, kind: PrimitiveType) -> bytes:
    """Return a value that is no higher than the lowest of a column, as a manifest stores it."""
    return to_bytes(
        kind, value_of(text, kind)[:_BOUND_LENGTH] if isinstance(kind, StringType) else value_of(text, kind)
    )


def upper_bound(text: str, kind: PrimitiveType) -> bytes | None:
    """Return a value that is no lower than the highest of a column, None for a text that no short one is above."""
    if not isinstance(kind, StringType) or len(text) <= _BOUND_LENGTH:
        return to_bytes(kind, value_of(text, kind))
    for place in reversed(range(_BOUND_LENGTH)):
        following = ord(text[place]) + 1
        following = _SURROGATES.stop if following in _SURROGATES else following
        if following <= _LAST_CHARACTER:
            return to_bytes(kind, text[:place] + chr(following))
    return None


def value_of(text: str, kind: IcebergType) -> Any:
    """Return a value that DuckDB writes as text as pyiceberg takes it: days and microseconds since 1970 for times."""
    return _READ.get(type(kind), str)(text)


def _micros(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _days(text: str) -> int:
    return (date.fromisoformat(text) - _EPOCH.date()).days


_READ: Final[dict[type[IcebergType], Callable[[str], Any]]] = {
    BooleanType: lambda text: text in ("1", "true"),
    IntegerType: int,
    LongType: int,
    FloatType: float,
    DoubleType: float,
    DecimalType: Decimal,
    DateType: _days,
    TimestampType: _micros,
    TimestamptzType: _micros,
}
