"""Text tables as Hive's SerDes read them: LazySimpleSerDe and OpenCSVSerde.

A line is a row, an empty line too. A field that is missing is NULL, one that is too many is ignored.
https://github.com/apache/hive/tree/master/serde/src/java/org/apache/hadoop/hive/serde2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.athena.catalog.text_layout import TextLayout
from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.trino_types import INTEGER_DIGITS, TrinoType, literal, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Columns = Sequence[tuple[str, TrinoType]]

# Each line is one cell of DuckDB's reader: no file has this text in it.
_NEVER = "\x1f\x1e\x1d\x1c"
_NUMBER = r"^[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)[dDfF]?$"


def cells_and_reader(table: dict[str, Any], columns: Columns, listing: str, path: str) -> tuple[list[str], str]:
    """Return the SQL of each column and of the reader of the files; `path` is the column with the file's name."""
    serde = table["StorageDescriptor"].get("SerdeInfo") or {}
    parameters = serde.get("Parameters") or {}
    skip = int((table.get("Parameters") or {}).get("skip.header.line.count") or 0)
    lines = (
        f"read_csv({listing}, auto_detect = false, header = false, skip = {skip}, delim = {literal(_NEVER)}, "
        f"quote = '', escape = '', columns = {{'line': 'VARCHAR'}}, strict_mode = false, null_padding = true, "
        f"force_not_null = ['line'], filename = '{path}', hive_partitioning = false)"
    )
    if "OpenCSV" in (serde.get("SerializationLibrary") or ""):
        fields = f"trino_csv_fields(line, {_characters(parameters)})"
        cells = [f"{_strict(f'fields[{i}]', kind)} AS {quote(name)}" for i, (name, kind) in enumerate(columns, 1)]
    else:
        lazy = TextLayout.of(parameters)
        fields = _split("line", 0, lazy)
        cells = [
            f"{_lazy(f'fields[{i}]', kind, 1, lazy)} AS {quote(name)}" for i, (name, kind) in enumerate(columns, 1)
        ]
    return cells, f"(SELECT {fields} AS fields, {path} FROM {lines})"


def _characters(parameters: Mapping[str, str]) -> str:
    named = (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
    return ", ".join(literal(parameters.get(name) or default) for name, default in named)


def _split(sql: str, level: int, lazy: TextLayout) -> str:
    delimiter = literal(lazy.delimiter(level))
    if lazy.escape:
        return f"trino_split_escaped({sql}, {delimiter}, {literal(lazy.escape)})"
    return f"str_split({sql}, {delimiter})"


def _lazy(sql: str, kind: TrinoType, level: int, lazy: TextLayout) -> str:
    """Return SQL of a field of LazySimpleSerDe: NULL for a text that is not of its type, and for the text of NULL."""
    known = f"nullif({sql}, {literal(lazy.null)})"
    match kind.name:
        case "array":
            item = f"lazy_{level}"
            one = _lazy(item, kind.element, level + 1, lazy)
            items = f"list_transform({_split(known, level, lazy)}, LAMBDA {item} : {one})"
            return f"CASE WHEN {known} = '' THEN [] ELSE {items} END"
        case "map":
            return _lazy_map(known, kind, level, lazy)
        case "row":
            parts = f"{_split(known, level, lazy)}"
            packed = ", ".join(
                f"{quote(name)} := {_lazy(f'({parts})[{i}]', part, level + 1, lazy)}"
                for i, (name, part) in enumerate(zip(kind.storage_fields, kind.args, strict=True), 1)
            )
            return f"CASE WHEN {known} IS NOT NULL THEN struct_pack({packed}) END"
    if lazy.escape and kind.name in {"varchar", "char"}:  # the text of NULL is known by its own escape
        return _scalar(f"trino_unescaped({known}, {literal(lazy.escape)})", kind)
    return _scalar(known, kind)


def _lazy_map(known: str, kind: TrinoType, level: int, lazy: TextLayout) -> str:
    item = f"lazy_{level}"
    pair = _split(item, level + 1, lazy)
    key = _lazy(f"({pair})[1]", kind.args[0], level + 2, lazy)
    value = _lazy(f"({pair})[2]", kind.args[1], level + 2, lazy)
    entries = (
        f"list_transform({_split(known, level, lazy)}, LAMBDA {item} : struct_pack(key := {key}, value := {value}))"
    )
    present = f"list_filter({entries}, LAMBDA {item} : {item}.key IS NOT NULL)"
    return f"CASE WHEN {known} = '' THEN MAP {{}} ELSE trino_map_of_entries({present}) END"


def _scalar(sql: str, kind: TrinoType) -> str:  # noqa: PLR0911 -- the table of types
    match kind.name:
        case "varchar":
            return sql if kind.precision is None else f"left({sql}, {kind.precision})"
        case "char":
            return sql
        case "boolean":
            return f"CASE lower({sql}) WHEN 'true' THEN true WHEN 'false' THEN false END"
        case name if name in INTEGER_DIGITS:
            # Hive cuts a fraction off.
            whole = f"CASE WHEN regexp_matches({sql}, '^[+-]?\\d+(\\.\\d*)?$') THEN split_part({sql}, '.', 1) END"
            return f"TRY_CAST({whole} AS {kind.duckdb})"
        case "double" | "real":
            return _if_matches(f"trim({sql})", _NUMBER, f"rtrim(trim({sql}), 'dDfF')", kind)
        case "decimal":
            return _if_matches(f"trim({sql})", _NUMBER.replace("NaN|Infinity|", ""), f"trim({sql})", kind)
        case "date":
            return _if_matches(f"trim({sql})", r"^\d{4}-\d{1,2}-\d{1,2}", f"left(trim({sql}), 10)", kind)
        case "timestamp":
            form = r"^\d{4}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,9})?)?$"
            return _if_matches(f"trim({sql})", form, f"trim({sql})", kind)
        case "varbinary":
            return f"TRY(trino_from_base64({sql}))"
    raise UnsupportedSqlError(f"Type {kind} in a text table")


def _if_matches(sql: str, pattern: str, text: str, kind: TrinoType) -> str:
    return f"TRY_CAST(CASE WHEN regexp_matches({sql}, {literal(pattern)}) THEN {text} END AS {kind.duckdb})"


def _strict(sql: str, kind: TrinoType) -> str:
    """Return SQL of a field of OpenCSVSerde, whose values are texts that must be of the column's type."""
    if kind.name in {"varchar", "char"}:
        return sql
    if kind.name in {"array", "map", "row"}:
        raise UnsupportedSqlError(f"Type {kind} in a table of OpenCSVSerde")
    return f"CAST(nullif(trim({sql}), '') AS {kind.duckdb})"
