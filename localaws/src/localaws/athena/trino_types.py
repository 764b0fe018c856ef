"""Trino's types: what every expression is compiled with, and how they are spelt in Glue, Iceberg, DuckDB and Athena."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError

MAX_PRECISION = 38
MILLIS = 3
MICROS = 6


@dataclass(frozen=True)
class TrinoType:
    """One type. `precision` is decimal digits, fraction digits of a time, or the length of varchar(n) and char(n)."""

    name: str
    precision: int | None = None
    scale: int = 0
    args: tuple[TrinoType, ...] = ()
    fields: tuple[str, ...] = ()
    # DuckDB stores instants only, so the zone of a `timestamp with time zone` is known while compiling, or not at all.
    zone: str | None = field(default="UTC", compare=False)

    def __str__(self) -> str:  # noqa: PLR0911 -- one spelling per family of types
        match self.name:
            case "decimal":
                return f"decimal({self.precision},{self.scale})"
            case "varchar" | "char":
                return self.name if self.precision is None else f"{self.name}({self.precision})"
            case "timestamp" | "time":
                return f"{self.name}({self.precision})"
            case "timestamp with time zone":
                return f"timestamp({self.precision}) with time zone"
            case "array" | "map":
                return f"{self.name}({', '.join(map(str, self.args))})"
            case "row":
                parts = (f'"{n}" {t}' if n else str(t) for n, t in zip(self.fields, self.args, strict=True))
                return f"row({', '.join(parts)})"
        return self.name

    @property
    def element(self) -> TrinoType:
        """Element type of an array, value type of a map."""
        return self.args[-1]

    @property
    def duckdb(self) -> str:
        """The DuckDB type that stores it."""
        match self.name:
            case "decimal":
                return f"DECIMAL({self.precision},{self.scale})"
            case "array":
                return f"{self.element.duckdb}[]"
            case "map":
                return f"MAP({self.args[0].duckdb}, {self.args[1].duckdb})"
            case "row":
                parts = (f"{quote(n)} {t.duckdb}" for n, t in zip(self.storage_fields, self.args, strict=True))
                return f"STRUCT({', '.join(parts)})"
        return _DUCKDB[self.name]

    @property
    def storage_fields(self) -> tuple[str, ...]:
        """Field names of a row in DuckDB, where every field needs one."""
        return tuple(name or f"field{index}" for index, name in enumerate(self.fields))


_DUCKDB = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "json": "JSON",
    "uuid": "UUID",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
}

UNKNOWN = TrinoType("unknown")
BOOLEAN = TrinoType("boolean")
INTEGER = TrinoType("integer")
BIGINT = TrinoType("bigint")
REAL = TrinoType("real")
DOUBLE = TrinoType("double")
VARCHAR = TrinoType("varchar")
VARBINARY = TrinoType("varbinary")
JSON = TrinoType("json")
DATE = TrinoType("date")
TIME = TrinoType("time", MILLIS)
TIMESTAMP = TrinoType("timestamp", MILLIS)
TIMESTAMP_TZ = TrinoType("timestamp with time zone", MILLIS)
DAY_SECOND = TrinoType("interval day to second")
YEAR_MONTH = TrinoType("interval year to month")

INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
NUMERIC = frozenset({*INTEGER_DIGITS, "decimal", "real", "double"})
_INTEGERS = ["tinyint", "smallint", "integer", "bigint"]
_INSTANTS = ["date", "timestamp", "timestamp with time zone"]


def quote(identifier: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def array(element: TrinoType) -> TrinoType:
    return TrinoType("array", args=(element,))


def map_of(key: TrinoType, value: TrinoType) -> TrinoType:
    return TrinoType("map", args=(key, value))


def row(*parts: tuple[str, TrinoType]) -> TrinoType:
    return TrinoType("row", args=tuple(t for _, t in parts), fields=tuple(n for n, _ in parts))


def decimal(precision: int, scale: int) -> TrinoType:
    return TrinoType("decimal", min(precision, MAX_PRECISION), scale)


def as_decimal(kind: TrinoType) -> TrinoType:
    """The decimal that holds every value of an integer type; a decimal stays."""
    return kind if kind.name == "decimal" else decimal(INTEGER_DIGITS[kind.name], 0)


def common_type(left: TrinoType, right: TrinoType) -> TrinoType | None:  # noqa: PLR0911 -- one rule per family
    """The type Trino coerces both to, or None when it would refuse to compare them."""
    if left == right:
        return left if left.zone == right.zone else replace(left, zone=None)
    if left.name == "unknown" or right.name == "unknown":
        return right if left.name == "unknown" else left
    if left.name == right.name:
        return _same_name(left, right)
    if left.name in NUMERIC and right.name in NUMERIC:
        return _numeric(left, right)
    if left.name in _INSTANTS and right.name in _INSTANTS:
        wide = max(left, right, key=lambda t: _INSTANTS.index(t.name))
        return replace(wide, precision=max(left.precision or 0, right.precision or 0))
    if {left.name, right.name} == {"char", "varchar"}:
        return VARCHAR
    return None


def _same_name(left: TrinoType, right: TrinoType) -> TrinoType | None:
    if left.name == "decimal":
        scale = max(left.scale, right.scale)
        return decimal(max(_whole_digits(left), _whole_digits(right)) + scale, scale)
    if left.name in {"array", "map", "row"}:
        if len(left.args) != len(right.args):
            return None
        args = [common_type(a, b) for a, b in zip(left.args, right.args, strict=True)]
        if any(a is None for a in args):
            return None
        names = tuple(a if a == b else "" for a, b in zip(left.fields, right.fields, strict=True))
        return replace(left, args=tuple(a for a in args if a is not None), fields=names)
    if left.precision is None or right.precision is None:
        return replace(left, precision=None)
    zone = left.zone if left.zone == right.zone else None
    return replace(left, precision=max(left.precision, right.precision), zone=zone)


def _numeric(left: TrinoType, right: TrinoType) -> TrinoType:
    names = {left.name, right.name}
    if "double" in names:
        return DOUBLE
    if "real" in names:
        return REAL
    if "decimal" in names:
        wide = _same_name(as_decimal(left), as_decimal(right))
        assert wide is not None  # noqa: S101 -- two decimals always have a common type
        return wide
    return TrinoType(max(names, key=_INTEGERS.index))


def _whole_digits(kind: TrinoType) -> int:
    return (kind.precision or 0) - kind.scale


def can_coerce(source: TrinoType, target: TrinoType) -> bool:
    """Say whether Trino casts `source` to `target` without being asked to."""
    if source.name == "varchar" and target.name == "varchar":
        return True
    common = common_type(source, target)
    if common is not None and common.name == "decimal":
        return common.scale == target.scale and (common.precision or 0) <= (target.precision or 0)
    return common is not None and common.name == target.name


_SQLGLOT_NAMES = {
    "INT": "integer", "FLOAT": "real", "TEXT": "varchar", "TIMESTAMPTZ": "timestamp with time zone",
    "TIMESTAMPLTZ": "timestamp with time zone", "TIMESTAMPNTZ": "timestamp", "BINARY": "varbinary",
    "STRUCT": "row", "LIST": "array",
}  # fmt: skip


def from_sqlglot(node: exp.DataType) -> TrinoType:
    """Read a parsed type. Raises UnsupportedSqlError for one this engine does not have."""
    kind = node.this.value if isinstance(node.this, exp.DType) else str(node.this)
    name = _SQLGLOT_NAMES.get(kind, kind.lower())
    children = node.expressions
    if name in {"array", "map"}:
        return TrinoType(name, args=tuple(from_sqlglot(c) for c in children))
    if name == "row":
        return row(*(_row_field(c) for c in children))
    numbers = [int(c.name) for c in children]
    if name == "decimal":
        return decimal(*(numbers + [MAX_PRECISION, 0][len(numbers) :]))
    if name in {"varchar", "char"}:
        return TrinoType(name, numbers[0] if numbers else (1 if name == "char" else None))
    if name in {"timestamp", "timestamp with time zone", "time"}:
        return TrinoType(name, numbers[0] if numbers else MILLIS)
    if name not in _DUCKDB:
        raise UnsupportedSqlError(f"Type {node.sql('trino')}")
    return TrinoType(name)


def _row_field(node: exp.Expr) -> tuple[str, TrinoType]:
    if isinstance(node, exp.ColumnDef):
        kind = node.args["kind"]
        return node.name, from_sqlglot(kind)
    if isinstance(node, exp.DataType):
        return "", from_sqlglot(node)
    raise UnsupportedSqlError(f"Row field {node.sql('trino')}")


_HIVE_SCALARS = {
    "boolean": BOOLEAN, "tinyint": TrinoType("tinyint"), "smallint": TrinoType("smallint"), "int": INTEGER,
    "integer": INTEGER, "bigint": BIGINT, "float": REAL, "double": DOUBLE, "string": VARCHAR, "binary": VARBINARY,
    "date": DATE, "timestamp": TIMESTAMP,
}  # fmt: skip


def from_hive(text: str) -> TrinoType:
    """Read a Glue column type such as `array<struct<sku:string,price:decimal(12,2)>>`."""
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


_ICEBERG_SCALARS = {
    "boolean": BOOLEAN, "int": INTEGER, "long": BIGINT, "float": REAL, "double": DOUBLE, "string": VARCHAR,
    "binary": VARBINARY, "uuid": TrinoType("uuid"), "date": DATE, "time": TrinoType("time", MICROS),
    "timestamp": TrinoType("timestamp", MICROS), "timestamptz": TrinoType("timestamp with time zone", MICROS),
}  # fmt: skip


def from_iceberg(node: Any) -> TrinoType:
    """Read a type of an Iceberg schema as it stands in the metadata file (JSON)."""
    if isinstance(node, dict):
        match node["type"]:
            case "list":
                return array(from_iceberg(node["element"]))
            case "map":
                return map_of(from_iceberg(node["key"]), from_iceberg(node["value"]))
            case "struct":
                return row(*((f["name"], from_iceberg(f["type"])) for f in node["fields"]))
    numbers = re.fullmatch(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)", str(node))
    if numbers:
        return decimal(int(numbers[1]), int(numbers[2]))
    if str(node).startswith("fixed"):
        return VARBINARY
    if node not in _ICEBERG_SCALARS:
        raise UnsupportedSqlError(f"Iceberg type {node}")
    return _ICEBERG_SCALARS[node]


def to_hive(kind: TrinoType) -> str:
    """Spell a type as Glue stores it."""
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
