"""CAST, TRY_CAST and implicit coercion as Trino does them. Where DuckDB's cast differs, a check is added."""

from __future__ import annotations

import re

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import can_coerce, common_type
from localaws.athena.sql.expressions.literals import timestamp_literal
from localaws.athena.sql.expressions.time_zones import local_time
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import INTEGER_DIGITS, MICROS, MILLIS, VARCHAR, TrinoType, literal, quote

_DATE_TEXT = r"^\s*[+-]?\d{1,}-\d{1,2}-\d{1,2}\s*$"
_TIMESTAMP_TEXT = r"^\d{4,}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?$"
_TIME_TEXT = r"\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,6})?)?"
_INTEGER_TEXT = r"^[+-]?\d+$"
_BOOLEAN_TEXT = r"^(?i:true|false|t|f|1|0)$"
_SCALARS_OF_JSON = frozenset({*INTEGER_DIGITS, "double", "real", "boolean", "varchar", "decimal"})


def cast(value: Typed, target: TrinoType) -> Typed:
    """Compile CAST(value AS target). Raises AthenaError where Trino has no such cast, or this engine no equal one."""
    if value.type == target or value.type.name == "unknown":
        same = value.type == target and value.type.zone == target.zone
        return value if same else Typed(f"CAST({value.sql} AS {target.duckdb})", target)
    if value.constant is not None and target.name == "timestamp with time zone":
        return timestamp_literal(value.constant, target.precision or 0, with_zone=True)
    return Typed(_cast_sql(value, target), target)


def failure(message_sql: str, kind: TrinoType) -> str:
    """Return SQL that fails with a message when it is evaluated.

    DuckDB's error() cannot be used: it is volatile, which TRY does not accept.
    """
    thrown = f"CAST({message_sql} AS INTEGER)"
    return f"CAST(CAST({thrown} AS VARCHAR) AS {kind.duckdb})"


def try_cast(value: Typed, target: TrinoType) -> Typed:
    """Compile TRY_CAST, which is NULL where the cast fails on a value."""
    return Typed(f"TRY({cast(value, target).sql})", target)


def coerce(value: Typed, target: TrinoType) -> Typed:
    """Cast implicitly, as Trino does for arguments and for both sides of an operator."""
    if value.type == target or (value.type.name == "varchar" and target.name == "varchar"):
        return value
    if value.type.name in INTEGER_DIGITS and target.name in {*INTEGER_DIGITS, "decimal"}:
        return Typed(f"CAST({value.sql} AS {target.duckdb})", target)
    return cast(value, target)


def unify(values: list[Typed], construct: str) -> tuple[list[Typed], TrinoType]:
    """Return the values coerced to their common type, and that type. Raises AthenaError TYPE_MISMATCH without one."""
    kind = values[0].type
    for value in values[1:]:
        common = common_type(kind, value.type)
        if common is None:
            raise AthenaError("TYPE_MISMATCH", f"All {construct} must be the same type: {kind}, {value.type}")
        kind = common
    return [coerce(value, kind) for value in values], kind


def expect(value: Typed, target: TrinoType, context: str) -> Typed:
    """Return the value coerced to a type. Raises AthenaError TYPE_MISMATCH, which names the context."""
    if not can_coerce(value.type, target):
        raise AthenaError("TYPE_MISMATCH", f"{context}: expected {target}, found {value.type}")
    return coerce(value, target)


def _cast_sql(value: Typed, target: TrinoType) -> str:  # noqa: C901, PLR0911, PLR0912 -- the table of casts
    source, sql = value.type, value.sql
    plain = f"CAST({sql} AS {target.duckdb})"
    match source.name, target.name:
        case (_, "json"):
            return _to_json(value)
        case ("json", _):
            return _from_json(value, target)
        case ("array", "array") | ("map", "map") | ("row", "row"):
            return _nested(value, target)
        case (_, "varchar" | "char"):
            text = _to_text(value)
            return text if target.precision is None else f"left({text}, {target.precision})"
        case ("double" | "real", "tinyint" | "smallint" | "integer" | "bigint"):
            return f"CAST(round({sql}) AS {target.duckdb})"  # DuckDB's cast rounds halves to even
        case ("varchar" | "char", "tinyint" | "smallint" | "integer" | "bigint"):
            return _checked(value, _INTEGER_TEXT, target)
        case ("varchar" | "char", "boolean"):
            return _checked(value, _BOOLEAN_TEXT, target)
        case ("varchar" | "char", "date"):
            return _checked(value, _DATE_TEXT, target)
        case ("varchar" | "char", "timestamp"):
            return _rounded(_checked(value, _TIMESTAMP_TEXT, target), MICROS, target)
        case ("varchar" | "char", "decimal" | "double" | "real"):
            return plain
        case ("timestamp" | "timestamp with time zone", "date"):
            return f"CAST({local_time(value)} AS DATE)"
        case ("timestamp with time zone", "timestamp"):
            return _rounded(local_time(value), source.precision, target)
        case ("timestamp with time zone", "timestamp with time zone") | ("timestamp", "timestamp"):
            return _rounded(sql, source.precision, target)
        case ("date", "timestamp"):
            return plain
        case ("date" | "timestamp", "timestamp with time zone"):
            return f"(CAST({sql} AS TIMESTAMP) AT TIME ZONE 'UTC')"
        case ("timestamp" | "timestamp with time zone", "time"):
            return f"CAST({local_time(value)} AS TIME)"
        case ("boolean", name) if name in {*INTEGER_DIGITS, "double", "real", "decimal"}:
            return plain
        case (name, "boolean") if name in {*INTEGER_DIGITS, "double", "real", "decimal"}:
            return f"({sql} <> 0)"
        case (name, "double" | "real" | "decimal" | "tinyint" | "smallint" | "integer" | "bigint") if name in {
            *INTEGER_DIGITS, "double", "real", "decimal",
        }:  # fmt: skip
            return plain
        case ("varchar", "time") if value.constant is not None and re.fullmatch(_TIME_TEXT, value.constant):
            return plain
        case ("varchar", "uuid") | ("time", "time"):
            return plain
    raise AthenaError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")


def _checked(value: Typed, pattern: str, target: TrinoType) -> str:
    message = f"'INVALID_CAST_ARGUMENT: Cannot cast ''' || {value.sql} || ''' to {target.name}'"
    checked = (
        f"CASE WHEN regexp_matches({value.sql}, {literal(pattern)}) OR {value.sql} IS NULL THEN {value.sql} "
        f"ELSE {failure(message, VARCHAR)} END"
    )
    return f"CAST({checked} AS {target.duckdb})"


def _rounded(sql: str, precision: int | None, target: TrinoType) -> str:
    digits = target.precision or 0
    if precision is None or precision <= digits or digits >= MICROS:
        return sql
    # time_bucket truncates, so half a unit is added to round.
    return f"time_bucket(INTERVAL '{10 ** (MICROS - digits)} microseconds', {sql} + {_half(digits)})"


def _half(digits: int) -> str:
    return f"INTERVAL '{10 ** (MICROS - digits) // 2} microseconds'"


_FRACTIONS = {0: "", MILLIS: ".%g", MICROS: ".%f"}


def _to_text(value: Typed) -> str:
    source, sql = value.type, value.sql
    match source.name:
        case "double":
            return f"trino_double_text({sql})"
        case "timestamp" | "timestamp with time zone":
            if source.precision not in _FRACTIONS:
                raise UnsupportedSqlError(f"Casting {source} to varchar")
            zone = f" {source.zone}" if source.name != "timestamp" else ""
            form = literal(f"%Y-%m-%d %H:%M:%S{_FRACTIONS[source.precision]}{zone}")
            return f"strftime({local_time(value)}, {form})"
        case "varchar" | "char" | "boolean" | "date" | "decimal" | "uuid" | "tinyint" | "smallint" | "integer":
            return f"CAST({sql} AS VARCHAR)"
        case "bigint":
            return f"CAST({sql} AS VARCHAR)"
    raise UnsupportedSqlError(f"Casting {source} to varchar")


def _to_json(value: Typed) -> str:
    if _has_json_form(value.type):
        return f"to_json({value.sql})"
    raise UnsupportedSqlError(f"Casting {value.type} to json")


def _has_json_form(kind: TrinoType) -> bool:
    if kind.name in {"array", "map"}:
        return all(_has_json_form(t) for t in kind.args)
    return kind.name in {*INTEGER_DIGITS, "boolean", "varchar", "double", "json", "unknown"}


def _from_json(value: Typed, target: TrinoType) -> str:
    if target.name == "varchar" and target.precision is None:
        # Trino refuses objects and arrays here; DuckDB would give their text.
        thrown = failure("'INVALID_CAST_ARGUMENT: Cannot cast JSON to varchar'", VARCHAR)
        return (
            f"CASE WHEN json_type({value.sql}) IN ('OBJECT', 'ARRAY') "
            f"THEN {thrown} "
            f"ELSE json_extract_string({value.sql}, '$') END"
        )
    if not _reads_json(target):
        raise UnsupportedSqlError(f"Casting json to {target}")
    return f"CAST({value.sql} AS {target.duckdb})"


def _reads_json(kind: TrinoType) -> bool:
    if kind.name in {"array", "row"} or (kind.name == "map" and kind.args[0].name == "varchar"):
        return all(_reads_json(t) for t in kind.args)
    return kind.name in _SCALARS_OF_JSON


def _nested(value: Typed, target: TrinoType) -> str:
    source, sql = value.type, value.sql
    if len(source.args) != len(target.args):
        raise AthenaError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    if source.name == "row":
        parts = zip(source.storage_fields, source.args, target.storage_fields, target.args, strict=True)
        packed = ", ".join(
            f"{quote(new)} := {cast(Typed(f'({sql}).{quote(old)}', kind), wanted).sql}"
            for old, kind, new, wanted in parts
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
    if source.name == "array":
        inner = cast(Typed("cast_e", source.element), target.element).sql
        return f"list_transform({sql}, LAMBDA cast_e : {inner})"
    key, item = (
        cast(Typed(f"cast_e.{part}", source.args[i]), target.args[i]).sql for i, part in enumerate(("key", "value"))
    )
    return (
        f"map_from_entries(list_transform(map_entries({sql}), "
        f"LAMBDA cast_e : struct_pack(key := {key}, value := {item})))"
    )
