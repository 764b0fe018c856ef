"""Casts from and to json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.expressions.failures import failure
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import INTEGER_DIGITS, VARCHAR, TrinoType, literal, plain_text, quote

if TYPE_CHECKING:
    from collections.abc import Callable

    Cast = Callable[[Typed, TrinoType], Typed]  # the casts of scalars, passed in by the module of all casts

_QUOTED = frozenset({"varchar", "char", "date", "timestamp", "timestamp with time zone", "uuid"})
_READS = frozenset({*INTEGER_DIGITS, "boolean", "double", "real", "decimal", "varchar", "date", "timestamp"})


def to_json(value: Typed, cast: Cast) -> str:
    """Return SQL of CAST(value AS json). Raises AthenaError TYPE_MISMATCH for a type that has no form in JSON."""
    if value.type.name == "json":
        return value.sql
    return f"CAST(CASE WHEN {value.sql} IS NOT NULL THEN {_text(value, cast)} END AS JSON)"


def _text(value: Typed, cast: Cast) -> str:
    """Return SQL of the JSON text of a value: `null` for NULL."""
    kind, sql = value.type, value.sql
    match kind.name:
        case "unknown":
            return "'null'"
        case "json":
            text = f"CAST({sql} AS VARCHAR)"
        case "array":
            items = f"list_transform({sql}, LAMBDA json_e : {_text(Typed('json_e', kind.element), cast)})"
            text = f"'[' || array_to_string({items}, ',') || ']'"
        case "map":
            text = _map_text(value, cast)
        case "row":
            text = _row_text(value, cast)
        case _:
            text = scalar_text(value, cast)
    return f"coalesce(CASE WHEN {sql} IS NOT NULL THEN {text} END, 'null')"


def _map_text(value: Typed, cast: Cast) -> str:
    key_kind, item_kind = value.type.args
    key = f"trino_json_string({cast(Typed('json_e.key', key_kind), VARCHAR).sql})"
    entry = f"struct_pack(k := json_e.key, t := {key} || ':' || {_text(Typed('json_e.value', item_kind), cast)})"
    entries = f"list_sort(list_transform(map_entries({value.sql}), LAMBDA json_e : {entry}))"
    return f"'{{' || array_to_string(list_transform({entries}, LAMBDA json_e : json_e.t), ',') || '}}'"


def _row_text(value: Typed, cast: Cast) -> str:
    kind = value.type
    fields = " || ',' || ".join(
        f"trino_json_string({literal(shown)}) || ':' || {_text(Typed(f'({value.sql}).{quote(stored)}', part), cast)}"
        for shown, stored, part in zip(kind.fields, kind.storage_fields, kind.args, strict=True)
    )
    return f"'{{' || {fields} || '}}'"


def scalar_text(value: Typed, cast: Cast) -> str:
    """Return SQL of the JSON text of a scalar. Raises AthenaError TYPE_MISMATCH for a type without one."""
    kind, sql = value.type, value.sql
    if kind.name in _QUOTED:
        return f"trino_json_string({cast(value, VARCHAR).sql})"
    if kind.name in {*INTEGER_DIGITS, "boolean", "decimal"}:
        return plain_text(sql, kind)
    if kind.name in {"double", "real"}:
        return f"athena_double_text(CAST({sql} AS VARCHAR), CAST({sql} AS DOUBLE))"
    raise AthenaError("TYPE_MISMATCH", f"Cannot cast {kind} to json")


def from_json(value: Typed, target: TrinoType, cast: Cast) -> str:
    """Return SQL of CAST(json AS target); JSON's null is NULL. Raises UnsupportedSqlError for other types."""
    known = f"{value.sql} IS NOT NULL AND json_type({value.sql}) <> 'NULL'"
    return f"CASE WHEN {known} THEN {_read(value.sql, target, cast)} END"


def _read(sql: str, target: TrinoType, cast: Cast) -> str:
    match target.name:
        case "json":
            return sql
        case "array":
            item = from_json(Typed("json_e", target), target.element, cast)
            return _of_type(sql, "ARRAY", f"list_transform(CAST({sql} AS JSON[]), LAMBDA json_e : {item})", target)
        case "map" if target.args[0].name in _READS:
            return _of_type(sql, "OBJECT", _read_map(sql, target, cast), target)
        case "row":
            return _read_row(sql, target, cast)
    if target.name not in _READS:
        raise UnsupportedSqlError(f"Casting json to {target}")
    return _read_scalar(f"CAST({sql} AS VARCHAR)", target, cast)


def _read_scalar(text: str, target: TrinoType, cast: Cast) -> str:
    shown = f"trino_json_scalar_as({text}, {literal(target.name)})"
    return shown if target == VARCHAR else cast(Typed(shown, VARCHAR), target).sql


def _read_map(sql: str, target: TrinoType, cast: Cast) -> str:
    key = _read_scalar("trino_json_string(json_e.key)", target.args[0], cast)
    item = from_json(Typed("json_e.value", target), target.args[1], cast)
    entries = f"map_entries(CAST({sql} AS MAP(VARCHAR, JSON)))"
    packed = f"struct_pack(key := {key}, value := {item})"
    return f"map_from_entries(list_transform({entries}, LAMBDA json_e : {packed}))"


def _read_row(sql: str, target: TrinoType, cast: Cast) -> str:
    by_name, by_place = [], []
    for index, (shown, stored, kind) in enumerate(zip(target.fields, target.storage_fields, target.args, strict=True)):
        path = literal(f'$."{shown}"')
        by_name.append(f"{quote(stored)} := {from_json(Typed(f'json_extract({sql}, {path})', target), kind, cast)}")
        place = literal(f"$[{index}]")
        by_place.append(f"{quote(stored)} := {from_json(Typed(f'json_extract({sql}, {place})', target), kind, cast)}")
    return (
        f"CASE WHEN json_type({sql}) = 'OBJECT' THEN struct_pack({', '.join(by_name)}) "
        f"WHEN json_type({sql}) = 'ARRAY' THEN struct_pack({', '.join(by_place)}) ELSE {_failure(sql, target)} END"
    )


def _of_type(sql: str, kind: str, then: str, target: TrinoType) -> str:
    return f"CASE WHEN json_type({sql}) = '{kind}' THEN {then} ELSE {_failure(sql, target)} END"


def _failure(sql: str, target: TrinoType) -> str:
    return failure(f"'INVALID_CAST_ARGUMENT: Cannot cast to {target}: ' || CAST({sql} AS VARCHAR)", target)
