"""The types of Hive: their names in Glue, and which Trino types a Hive table or a view may have.

Athena refuses all other types, and so does this engine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    MILLIS,
    REAL,
    TIMESTAMP,
    VARBINARY,
    VARCHAR,
    TrinoType,
    decimal,
    row,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


HIVE_TYPES = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "real",
        "double",
        "decimal",
        "varchar",
        "char",
        "varbinary",
        "date",
        "timestamp",
        "array",
        "map",
        "row",
    }
)


def hive_type(kind: TrinoType) -> str:
    """Return Hive's name of a type. Raises AthenaError for one that Hive does not have, also within another type."""
    for part in _parts(kind):
        if part.name not in HIVE_TYPES:
            raise AthenaError("NOT_SUPPORTED", f"Unsupported Hive type: {part}")
    return to_hive(kind)


def hive_columns(columns: Iterable[tuple[str, TrinoType]]) -> list[dict[str, str]]:
    """Return Glue's columns of a Hive table. Raises AthenaError for a type that Hive cannot write.

    Athena writes Hive's timestamps in milliseconds, and refuses others instead of rounding.
    """
    described = []
    for name, kind in columns:
        described.append({"Name": name, "Type": hive_type(kind)})
        for part in _parts(kind):
            if part.name == "timestamp" and part.precision != MILLIS:
                raise AthenaError(
                    "NOT_SUPPORTED",
                    f"Incorrect timestamp precision for {part}; the configured precision is MILLISECONDS; "
                    f"column name: {name}",
                )
    return described


def _parts(kind: TrinoType) -> Iterator[TrinoType]:
    yield kind
    for part in kind.args:
        yield from _parts(part)


_HIVE_SCALARS = {
    "boolean": BOOLEAN, "tinyint": TrinoType("tinyint"), "smallint": TrinoType("smallint"), "int": INTEGER,
    "integer": INTEGER, "bigint": BIGINT, "float": REAL, "double": DOUBLE, "string": VARCHAR, "binary": VARBINARY,
    "date": DATE, "timestamp": TIMESTAMP,
}  # fmt: skip


def from_hive(text: str) -> TrinoType:
    """Return the Trino type of a Glue column type such as `array<struct<sku:string,price:decimal(12,2)>>`.

    Raises UnsupportedSqlError for a type that this engine does not have, AthenaError for text after the type.
    """
    kind, rest = _parse_hive(text.strip().lower())
    if rest:
        raise AthenaError("HIVE_METASTORE_ERROR", f"Invalid column type {text!r}")
    return kind


def _parse_hive(text: str) -> tuple[TrinoType, str]:
    matched = re.match(r"[a-z_]+", text)
    name = matched.group() if matched else ""
    rest = text[len(name) :]
    if name in {"array", "map"}:
        args, rest = _hive_list(rest[1:])
        return TrinoType(name, args=tuple(t for _, t in args)), rest
    if name == "struct":
        args, rest = _hive_list(rest[1:])
        return row(*args), rest
    numbers = re.match(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", rest)
    if numbers:
        rest = rest[numbers.end() :]
    if name == "decimal":
        return decimal(int(numbers[1]) if numbers else 10, int(numbers[2] or 0) if numbers else 0), rest
    if name in {"varchar", "char"}:
        return TrinoType(name, int(numbers[1]) if numbers else None), rest
    if name not in _HIVE_SCALARS:
        raise UnsupportedSqlError(f"Column type {text!r}")
    return _HIVE_SCALARS[name], rest


def _hive_list(text: str) -> tuple[list[tuple[str, TrinoType]], str]:
    parts: list[tuple[str, TrinoType]] = []
    while True:
        label = re.match(r"\s*([^:<>,()\s]+)\s*:\s*", text)
        name = label.group(1) if label else ""
        kind, text = _parse_hive(text[label.end() if label else 0 :].lstrip())
        parts.append((name, kind))
        closing, text = text[:1], text[1:]
        if closing == ">":
            return parts, text


def to_hive(kind: TrinoType) -> str:
    """Return the Glue column type of a Trino type."""
    match kind.name:
        case "array":
            return f"array<{to_hive(kind.element)}>"
        case "map":
            return f"map<{to_hive(kind.args[0])},{to_hive(kind.args[1])}>"
        case "row":
            parts = zip(kind.storage_fields, kind.args, strict=True)
            return f"struct<{','.join(f'{name}:{to_hive(t)}' for name, t in parts)}>"
        case "timestamp" | "timestamp with time zone":
            return "timestamp"
        case "decimal" | "char":
            return str(kind)
    return {"integer": "int", "real": "float", "varchar": "string", "varbinary": "binary"}.get(kind.name, kind.name)
