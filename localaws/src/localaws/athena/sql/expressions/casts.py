"""CAST, TRY_CAST and implicit coercion as Trino does them. Where DuckDB's cast differs, a check is added."""

from __future__ import annotations

from dataclasses import replace

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import can_coerce, common_type
from localaws.athena.sql.expressions import json_casts
from localaws.athena.sql.expressions.failures import failure
from localaws.athena.sql.expressions.literals import fraction_digits, timestamp_literal
from localaws.athena.sql.expressions.time_zones import local_time
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import INTEGER_DIGITS, MICROS, VARCHAR, TrinoType, literal, plain_text, quote

_DATE_TEXT = r"^\s*[+-]?\d{1,}-\d{1,2}-\d{1,2}\s*$"
_TIMESTAMP_TEXT = r"^\d{4,}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?$"
_TIME_TEXT = r"\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,12})?)?"
_DOUBLE_TEXT = r"^\s*[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*$"
_DECIMAL_TEXT = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_INTEGER_TEXT = r"^[+-]?\d+$"
_BOOLEAN_TEXT = r"^(?i:true|false|t|f|1|0)$"


def cast(value: Typed, target: TrinoType) -> Typed:
    """Compile CAST(value AS target). Raises AthenaError where Trino has no such cast, or this engine no equal one."""
    if value.type == target or value.type.name == "unknown":
        same = value.type == target and value.type.zone == target.zone
        return value if same else Typed(f"CAST({value.sql} AS {target.duckdb})", target)
    if value.constant is not None and target.name == "timestamp with time zone" and value.type.name == "varchar":
        found = timestamp_literal(value.constant, fraction_digits(value.constant), with_zone=True)
        kind = replace(found.type, precision=target.precision)
        return Typed(_rounded(found.sql, found.type.precision, kind), kind)
    if target.name == "timestamp with time zone" and value.type.name in {"varchar", "char"}:
        target = replace(target, zone=None)  # each text has its own
    return Typed(_cast_sql(value, target), target)


def divided(divisor: Typed, quotient: str, kind: TrinoType) -> str:
    """Return SQL of a quotient that fails with DIVISION_BY_ZERO; the plain one when the divisor is a literal."""
    if divisor.constant is not None and float(divisor.constant) != 0:
        return quotient
    thrown = failure("'DIVISION_BY_ZERO: Division by zero'", kind)
    return f"(CASE WHEN {divisor.sql} = 0 THEN {thrown} ELSE {quotient} END)"


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
            return json_casts.to_json(value, cast)
        case ("json", "char"):
            raise AthenaError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
        case ("json", _):
            return json_casts.from_json(value, target, cast)
        case ("array", "array") | ("map", "map") | ("row", "row"):
            return _nested(value, target)
        case ("varchar" | "char", "char"):
            return f"rpad(left({_to_text(value)}, {target.precision or 1}), {target.precision or 1}, ' ')"
        case ("varchar" | "char", "varchar"):
            return _to_text(value) if target.precision is None else f"left({_to_text(value)}, {target.precision})"
        case (_, "varchar"):
            return _to_text(value) if target.precision is None else _fitting(value, target)
        case ("double" | "real", "tinyint" | "smallint" | "integer" | "bigint"):
            return f"CAST(round({sql}) AS {target.duckdb})"  # DuckDB's cast rounds halves to even
        case ("varchar" | "char", "tinyint" | "smallint" | "integer" | "bigint"):
            return _checked(value, _INTEGER_TEXT, target)
        case ("varchar" | "char", "boolean"):
            return _checked(value, _BOOLEAN_TEXT, target)
        case ("varchar" | "char", "date"):
            return _checked(value, _DATE_TEXT, target)
        case ("varchar" | "char", "timestamp"):
            return _rounded(_checked(value, _TIMESTAMP_TEXT, target), MICROS, target) + _seventh_digit(value, target)
        case ("varchar" | "char", "double" | "real"):
            return _checked(value, _DOUBLE_TEXT, target)
        case ("varchar" | "char", "decimal"):
            return _checked(value, _DECIMAL_TEXT, target)
        case ("varchar", "timestamp with time zone"):
            return _rounded(f"trino_timestamp_tz({sql})", MICROS, target)
        case ("varchar", "varbinary"):
            return f"encode({sql})"
        case ("timestamp" | "timestamp with time zone", "date"):
            return f"CAST({local_time(value)} AS DATE)"
        case ("timestamp with time zone", "timestamp"):
            return _rounded(local_time(value), source.precision, target)
        case ("timestamp with time zone", "timestamp with time zone") | ("timestamp", "timestamp"):
            return _rounded(sql, source.precision, target)
        case ("date", "timestamp"):
            return plain
        case ("date" | "timestamp", "timestamp with time zone"):
            return f"({_rounded(f'CAST({sql} AS TIMESTAMP)', source.precision or 0, target)} AT TIME ZONE 'UTC')"
        case ("timestamp" | "timestamp with time zone", "time"):
            return _rounded_time(local_time(value), source.precision, target)
        case ("boolean", name) if name in {*INTEGER_DIGITS, "double", "real", "decimal"}:
            return plain
        case (name, "boolean") if name in {*INTEGER_DIGITS, "double", "real", "decimal"}:
            return f"({sql} <> 0)"
        case (name, "double" | "real" | "decimal" | "tinyint" | "smallint" | "integer" | "bigint") if name in {
            *INTEGER_DIGITS, "double", "real", "decimal",
        }:  # fmt: skip
            return plain
        case ("varchar", "time"):
            moment = f"DATE '2000-01-01' + {_checked(value, f'^{_TIME_TEXT}$', target)}{_seventh_digit(value, target)}"
            return _rounded_time(moment, MICROS, target)
        case ("time", "time"):
            return _rounded_time(f"DATE '2000-01-01' + {sql}", source.precision, target)
        case ("varchar", "uuid"):
            return plain
    raise AthenaError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")


def _checked(value: Typed, pattern: str, target: TrinoType) -> str:
    message = f"'INVALID_CAST_ARGUMENT: Cannot cast ''' || {value.sql} || ''' to {target}'"
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


def _rounded_time(moment: str, precision: int | None, target: TrinoType) -> str:
    """Return SQL of the time of a day of a timestamp; what is rounded up to midnight is the midnight before."""
    return f"CAST({_rounded(moment, precision, target)} AS TIME)"


def _seventh_digit(value: Typed, target: TrinoType) -> str:
    """Return SQL that adds a microsecond where a text goes on with a digit that is rounded up: DuckDB cuts it off."""
    if target.precision != MICROS or (value.constant is not None and "." not in value.constant):
        return ""
    return (
        f" + CASE WHEN regexp_matches({value.sql}, '\\.\\d{{6}}[5-9]') THEN {_half(MICROS)} ELSE INTERVAL 0 SECOND END"
    )


def _half(digits: int) -> str:
    return f"INTERVAL '{max(1, 10 ** (MICROS - digits) // 2)} microseconds'"


def _clock(sql: str, form: str, digits: int) -> str:
    """Return SQL of a time in strftime's form, with so many digits of the second."""
    if digits == 0:
        return f"strftime({sql}, '{form}')"
    return (
        f"left(strftime({sql}, '{form}.%f'), -{MICROS - digits})"
        if digits < MICROS
        else f"strftime({sql}, '{form}.%f')"
    )


def _to_text(value: Typed) -> str:  # noqa: PLR0911 -- the table of texts
    source, sql = value.type, value.sql
    match source.name:
        case "double":
            return f"trino_double_text({sql})"
        case "real":
            return f"trino_double_text(CAST(CAST({sql} AS VARCHAR) AS DOUBLE))"
        case "time":
            return _clock(f"DATE '2000-01-01' + {sql}", "%H:%M:%S", source.precision or 0)
        case "interval day to second":
            return f"athena_day_second({sql})"
        case "interval year to month":
            return f"athena_year_month({sql})"
        case "timestamp" | "timestamp with time zone":
            if (source.precision or 0) > MICROS:
                raise UnsupportedSqlError(f"Casting {source} to varchar")
            text = _clock(local_time(value), "%Y-%m-%d %H:%M:%S", source.precision or 0)
            return text if source.name == "timestamp" else f"{text} || {literal(f' {source.zone}')}"
        case "varchar" | "char" | "boolean" | "date" | "decimal" | "uuid" | "tinyint" | "smallint" | "integer":
            return plain_text(sql, source)
        case "bigint":
            return plain_text(sql, source)
    raise AthenaError("TYPE_MISMATCH", f"Cannot cast {source} to varchar")


def _fitting(value: Typed, target: TrinoType) -> str:
    """Return SQL of the text of a value that is no text. Trino does not cut it: it fails when it is too long."""
    text = _to_text(value)
    thrown = failure(
        f"'INVALID_CAST_ARGUMENT: Value ' || {text} || ' cannot be represented as varchar({target.precision})'", VARCHAR
    )
    return f"(CASE WHEN length({text}) > {target.precision} THEN {thrown} ELSE {text} END)"


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
