"""Trino's types, and the DuckDB types that store their values."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    # DuckDB stores instants without a zone, so the zone of a `timestamp with time zone` is part of the type here.
    zone: str | None = field(default="UTC", compare=False)

    def __str__(self) -> str:  # noqa: PLR0911 -- one notation per family of types
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
        return DUCKDB_TYPES[self.name]

    @property
    def storage_fields(self) -> tuple[str, ...]:
        """Field names of a row in DuckDB, where every field needs one."""
        return tuple(name or f"field{index}" for index, name in enumerate(self.fields))


DUCKDB_TYPES = {
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
    "hyperloglog": "VARCHAR[]",
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


def quote(identifier: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + identifier.replace('"', '""') + '"'


def plain_text(sql: str, kind: TrinoType) -> str:
    """Return SQL of the text of a scalar. DuckDB leaves out the zero before the point of a decimal(2,2)."""
    text = f"CAST({sql} AS VARCHAR)"
    if kind.name == "decimal" and kind.precision == kind.scale:
        return f"regexp_replace({text}, '^(-?)[.]', '\\10.')"
    return text


def literal(text: str) -> str:
    """Quote a string for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def char_padded(sql: str, kind: TrinoType) -> str:
    """Return SQL of a stored value of char(n) with the spaces that fill it up; other values as they are."""
    if kind.name != "char":
        return sql
    return f"rpad(left({sql}, {kind.precision or 1}), {kind.precision or 1}, ' ')"


def array(element: TrinoType) -> TrinoType:
    """Return the type of arrays of an element type."""
    return TrinoType("array", args=(element,))


def map_of(key: TrinoType, value: TrinoType) -> TrinoType:
    """Return the type of maps of a key type and a value type."""
    return TrinoType("map", args=(key, value))


def row(*parts: tuple[str, TrinoType]) -> TrinoType:
    """Return the type of rows with these field names (or "") and types."""
    return TrinoType("row", args=tuple(t for _, t in parts), fields=tuple(n for n, _ in parts))


def decimal(precision: int, scale: int) -> TrinoType:
    """Return the type of decimals, with at most 38 digits."""
    return TrinoType("decimal", min(precision, MAX_PRECISION), scale)
