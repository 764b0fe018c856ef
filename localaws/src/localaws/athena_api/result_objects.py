"""What a query leaves in S3, by the kind of its statement: where its result is, and the object with its columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localaws.athena.sql.parser import parsing

if TYPE_CHECKING:
    from collections.abc import Iterable

# A statement's first words, and its SubstatementType where that is not these words.
_SUBSTATEMENTS = (
    (r"(SELECT|WITH|VALUES|TABLE)\b", "SELECT"),
    (r"CREATE TABLE\b(?:(?!\().)*? (AS|WITH)\b", "CREATE_TABLE_AS_SELECT"),
    (r"CREATE (EXTERNAL )?TABLE\b", "CREATE_TABLE"),
    (r"CREATE (OR REPLACE )?VIEW\b", "CREATE_VIEW"),
    (r"(CREATE|DROP) (DATABASE|SCHEMA)\b", r"\1_DATABASE"),
    (r"(DROP) (TABLE|VIEW)\b", r"\1_\2"),
    (r"ALTER TABLE \S+ (ADD|DROP|REPLACE|CHANGE|SET|UNSET|RENAME)\b", r"ALTER_TABLE_\1"),
    (r"MSCK REPAIR\b", "MSCK_REPAIR_TABLE"),
    (r"(DESCRIBE|DESC)\b", "DESCRIBE_TABLE"),
    (r"SHOW (CREATE (?:TABLE|VIEW)|\w+)\b", r"SHOW_\1"),
    (r"VACUUM\b", "VACUUM_TABLE"),
    (r"OPTIMIZE\b", "OPTIMIZE_TABLE"),
    (r"(\w+)", r"\1"),
)
_INSERTS = frozenset({"INSERT"})
_TEXT, _NUMBER = 2, 0  # Protocol Buffers' types of values
_MEMBERS = (
    (1, "CatalogName"), (2, "SchemaName"), (3, "TableName"), (4, "Name"), (5, "Label"), (6, "Type"), (7, "Precision"),
    (8, "Scale"), (9, "Nullable"), (10, "CaseSensitive"),
)  # fmt: skip
_NULLABLE = {"NOT_NULL": 1, "NULLABLE": 2, "UNKNOWN": 3}
_COLUMN = 4


def substatement_type(sql: str) -> str:
    """Return Athena's SubstatementType of a statement: SELECT, INSERT, CREATE_TABLE_AS_SELECT and so on."""
    text = " ".join(parsing.bare(sql).lstrip("( ").split()).upper()
    for pattern, name in _SUBSTATEMENTS:
        if (matched := re.match(pattern, text)) is not None:
            return matched.expand(name).replace(" ", "_")
    return ""


def output_location(base: str, query_id: str, sql: str) -> str:
    """Return the OutputLocation of a query: clients decide by its suffix whether there is a result to read.

    A CREATE TABLE AS has its files below it, and an INSERT no result; other statements have an object there.
    """
    kind = substatement_type(sql)
    if kind == "CREATE_TABLE_AS_SELECT":
        return f"{base}/tables/{query_id}"
    if kind in _INSERTS:
        return f"{base}/{query_id}"
    return f"{base}/{query_id}{'.csv' if parsing.statement_type(sql) == 'DML' else '.txt'}"


def metadata(columns: Iterable[dict[str, Any]]) -> bytes:
    """Return the object beside a result, `<result>.metadata`: the columns in Protocol Buffers.

    Drivers that read results from S3 take the types from it. Its format is that which open drivers read.
    """
    return b"".join(_field(_COLUMN, _column(column)) for column in columns)


def _column(column: dict[str, Any]) -> bytes:
    values = {**column, "Nullable": _NULLABLE[column["Nullable"]], "CaseSensitive": int(column["CaseSensitive"])}
    return b"".join(_field(number, values[name]) for number, name in _MEMBERS)


def _field(number: int, value: str | bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _NUMBER) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | _TEXT) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 -- seven bits a byte
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
