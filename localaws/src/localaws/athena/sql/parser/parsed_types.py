"""Converts the types of a syntax tree to Trino types."""

from __future__ import annotations

from sqlglot import exp

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.trino_types import DUCKDB_TYPES, MAX_PRECISION, MILLIS, TrinoType, decimal, row

_SQLGLOT_NAMES = {
    "INT": "integer", "FLOAT": "real", "TEXT": "varchar", "TIMESTAMPTZ": "timestamp with time zone",
    "TIMESTAMPLTZ": "timestamp with time zone", "TIMESTAMPNTZ": "timestamp", "BINARY": "varbinary",
    "STRUCT": "row", "LIST": "array",
}  # fmt: skip


def from_sqlglot(node: exp.DataType) -> TrinoType:
    """Return the Trino type of a parsed type. Raises UnsupportedSqlError for one that this engine does not have."""
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
    if name not in DUCKDB_TYPES:
        raise UnsupportedSqlError(f"Type {node.sql('trino')}")
    return TrinoType(name)


def _row_field(node: exp.Expr) -> tuple[str, TrinoType]:
    if isinstance(node, exp.ColumnDef):
        kind = node.args["kind"]
        return node.name, from_sqlglot(kind)
    if isinstance(node, exp.DataType):
        return "", from_sqlglot(node)
    raise UnsupportedSqlError(f"Row field {node.sql('trino')}")
