"""Values of Parquet files as the texts that Spark writes: plain ones, and nested ones as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cartlake.contracts.types import List, Plain, Struct, Type
from glue_jobs.engines.duckdb.types import quoted
from glue_jobs.engines.parquet_columns import Texts, raw_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake.contracts import Contract

_NO_TEXT: Final = re.compile(r".*\]|(STRUCT|MAP|UNION|BLOB|TIME|INTERVAL|BIT)(?!STAMP)\b.*")
"""Types without a text: lists, nested and binary ones, times of day."""
_NONE: Final = "null::varchar"


def parquet_columns(types: Mapping[str, Any], contract: Contract, names: Mapping[str, str]) -> dict[str, str | None]:
    """Return SQL of the raw columns of a file with these columns of DuckDB types; None for one that has no text.

    `names` and what becomes of other columns as in `raw_columns`.
    """
    return raw_columns(types, contract, names, Texts(_column, _any_json, _kept))


def _kept(texts: Mapping[str, str]) -> str:
    """Return SQL of the columns that no contract has as one object of JSON, without nulls; null where there is none."""
    if not texts:
        return _NONE
    fields = ", ".join(f"{quoted(name)} := {sql}" for name, sql in texts.items())
    return f"nullif(json_merge_patch('{{}}', to_json(struct_pack({fields})))::varchar, '{{}}')"


def _column(name: str, found: Any, wanted: Type, *, whole: bool) -> str | None:
    """Return SQL of the text of a column. `whole`: fields that are not wanted may not be left out."""
    if isinstance(wanted, Plain):
        return None if _NO_TEXT.fullmatch(str(found)) else parquet_text(quoted(name), str(found))
    if whole and _has_more(found, wanted):
        return None
    value = _nested(quoted(name), found, wanted, 1)
    return value and f"to_json({value})::varchar"


def _has_more(found: Any, wanted: Type) -> bool:
    """Return whether a type has fields that are not wanted."""
    match wanted:
        case List(element) if found.id in ("list", "array"):
            return _has_more(found.children[0][1], element)
        case Struct(fields) if found.id == "struct":
            known, inner = dict(fields), [(wanted.called(name), kind) for name, kind in found.children]
            return any(name not in known or _has_more(kind, known[name]) for name, kind in inner)
    return False


def _nested(sql: str, found: Any, wanted: Type, level: int) -> str | None:
    """Return SQL of a value in which every plain value is a text; None where it has another form than wanted."""
    match wanted:
        case List(element) if found.id in ("list", "array"):
            inner = _nested(f"element_{level}", found.children[0][1], element, level + 1)
            return inner and f"list_transform({sql}, lambda element_{level}: {inner})"
        case Struct(fields) if found.id == "struct":
            there = {wanted.called(name): (name, kind) for name, kind in found.children}
            parts = {name: _part(sql, *there.get(name, (name, None)), kind, level) for name, kind in fields}
            if None in parts.values():
                return None
            listed = ", ".join(f"{quoted(name)} := {part}" for name, part in parts.items())
            return f"case when {sql} is not null then struct_pack({listed}) end"
        case Plain() if not _NO_TEXT.fullmatch(str(found)):
            return parquet_text(sql, str(found))
    return None


def _part(sql: str, name: str, found: Any, wanted: Type, level: int) -> str | None:
    return _NONE if found is None else _nested(f"{sql}.{quoted(name)}", found, wanted, level)


def _any_json(name: str, found: Any) -> str | None:
    """Return SQL of a column of any type in which every plain value is a text; None for types without a text."""
    kind = _type_of(found)
    return None if kind is None else _nested(quoted(name), found, kind, 1)


def _type_of(found: Any) -> Type | None:
    if found.id in ("list", "array"):
        element = _type_of(found.children[0][1])
        return element and List(element)
    if found.id == "struct":
        parts = [(name, _type_of(kind)) for name, kind in found.children]
        fields = tuple((name, kind) for name, kind in parts if kind is not None)
        return Struct(fields) if len(fields) == len(parts) else None
    return None if _NO_TEXT.fullmatch(str(found)) else Plain("string")


def parquet_text(name: str, kind: str) -> str:
    """Return SQL of a value's text as Spark writes it, in UTC. `kind` is DuckDB's name of its type."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"({name} at time zone 'UTC')::varchar"
    if kind.startswith("TIMESTAMP"):
        return f"{name}::timestamp::varchar"
    if kind in ("DOUBLE", "FLOAT"):
        return _java_double(name)
    return f"{name}::varchar"


def _java_double(name: str) -> str:
    """Return SQL that writes a double as Java does: `1.0E7` from ten million on, `1.0E-4` below a thousandth.

    The digits are the fewest that read back as the same number.
    """
    size, text = f"abs({name})", f"abs({name})::varchar"
    sign = f"case when starts_with({name}::varchar, '-') then '-' else '' end"
    digits = f"ltrim(replace(split_part({text}, 'e', 1), '.', ''), '0')"
    digits = f"case when {text} like '%.0' or {size} >= 1e7 then rtrim({digits}, '0') else {digits} end"
    fraction = f"case when len({digits}) > 1 then substr({digits}, 2) else '0' end"
    scientific = f"({digits})[1] || '.' || {fraction} || 'E' || {_exponent(text)}"
    return (
        f"case when isnan({name}) then 'NaN' when isinf({name}) then {sign} || 'Infinity' "
        f"when {size} = 0 or ({size} >= 1e-3 and {size} < 1e7) then {sign} || {text} "
        f"else {sign} || {scientific} end"
    )


def _exponent(text: str) -> str:
    """Return SQL of the power of ten of the first digit of a positive double's text."""
    whole = f"split_part({text}, '.', 1)"
    zeros = f"len(split_part({text}, '.', 2)) - len(ltrim(split_part({text}, '.', 2), '0'))"
    return (
        f"case when {text} like '%e%' then split_part({text}, 'e', 2)::int "
        f"when {whole} = '0' then -1 - ({zeros}) else len({whole}) - 1 end"
    )
