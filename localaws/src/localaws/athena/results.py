"""The results of queries as Athena writes them: text of each type, the CSV object, the API's column information."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.expressions.time_zones import local_time
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import INTEGER_DIGITS, MICROS, MILLIS, TrinoType, literal, plain_text, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Columns = Sequence[tuple[str, TrinoType]]

_NAMES = {"real": "float", "interval day to second": "interval day to second", "unknown": "unknown"}
_PRECISIONS = {
    **INTEGER_DIGITS, "boolean": 0, "double": 17, "real": 17, "date": 0, "varchar": 2147483647, "varbinary": 1073741824,
    "timestamp": 3, "timestamp with time zone": 3,
}  # fmt: skip


def text_sql(value: Typed, depth: int = 0) -> str:
    """Return DuckDB SQL of the text that Athena shows for a value; NULL is NULL, and `null` inside arrays and rows."""
    kind, sql = value.type, value.sql
    match kind.name:
        case "timestamp" | "timestamp with time zone":
            return _timestamp(value)
        case "time":
            return _time(value)
        case "array":
            # Lambdas inside each other need different parameters.
            return _listed(f"LAMBDA t{depth} : {_inner(Typed(f't{depth}', kind.element), depth)}", sql, "[]")
        case "map":
            key, held = (_inner(Typed(f"t{depth}.{p}", kind.args[i]), depth) for i, p in enumerate(("key", "value")))
            # Lambdas inside each other need different parameters.
            return _listed(f"LAMBDA t{depth} : {key} || '=' || {held}", f"map_entries({sql})", "{}")
        case "row":
            cells = " || ', ' || ".join(
                f"{literal(f'{name}=')} || {_inner(Typed(f'({sql}).{quote(name)}', part), depth)}"
                for name, part in zip(kind.storage_fields, kind.args, strict=True)
            )
            return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {cells} || '}}' END"
    return _SCALAR_TEXTS[kind.name].format(sql) if kind.name in _SCALAR_TEXTS else plain_text(sql, kind)


_SCALAR_TEXTS = {
    "double": "athena_double_text(CAST({0} AS VARCHAR), CAST({0} AS DOUBLE))",
    "real": "athena_double_text(CAST({0} AS VARCHAR), CAST({0} AS DOUBLE))",
    "varbinary": "trim(regexp_replace(lower(hex({0})), '(..)', '\\1 ', 'g'))",
    "interval day to second": "athena_day_second({0})",
    "interval year to month": "athena_year_month({0})",
}


def _timestamp(value: Typed) -> str:
    form = _time_format(value.type)
    if value.type.name == "timestamp":
        return f"strftime({value.sql}, '{form}')"
    return f"strftime({local_time(value)}, {literal(f'{form} {value.type.zone}')})"


def _time(value: Typed) -> str:
    digits = min(value.type.precision or 0, MICROS)
    text = f"strftime(DATE '2000-01-01' + {value.sql}, '%H:%M:%S.%f')"
    cut = MICROS - digits + (0 if digits else 1)
    return f"left({text}, -{cut})" if cut else text


def _inner(value: Typed, depth: int) -> str:
    return f"coalesce({text_sql(value, depth + 1)}, 'null')"


def _listed(function: str, sql: str, brackets: str) -> str:
    items = f"array_to_string(list_transform({sql}, {function}), ', ')"
    return f"CASE WHEN {sql} IS NOT NULL THEN '{brackets[0]}' || {items} || '{brackets[1]}' END"


def _time_format(kind: TrinoType) -> str:
    if (kind.precision or 0) > MICROS:
        raise UnsupportedSqlError(f"Showing {kind}")
    # Athena shows milliseconds at least, and the microseconds of Iceberg.
    return "%Y-%m-%d %H:%M:%S." + ("%g" if (kind.precision or 0) <= MILLIS else "%f")


def rendered(sql: str, columns: Columns) -> str:
    """Return the SQL of a query with every column as the text that Athena shows."""
    cells = ", ".join(f"{text_sql(Typed(f'c{i}', kind))} AS c{i}" for i, (_, kind) in enumerate(columns))
    return f"SELECT {cells} FROM ({sql})"


def java_double(short: str, value: float) -> str:
    """Return a double as Java, and so Athena, writes it; `short` is its shortest decimal form."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    digits, exponent = _decimal_digits(short)
    sign = "-" if value < 0 else ""
    if -3 <= exponent < 7:  # noqa: PLR2004 -- where Double.toString leaves the exponent out
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
        whole = digits[: exponent + 1].ljust(exponent + 1, "0")
        return f"{sign}{whole}.{digits[exponent + 1 :] or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _decimal_digits(short: str) -> tuple[str, int]:
    """Return the significant digits and the power of ten of the first one."""
    mantissa, _, power = short.lower().lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent = int(power or 0) + len(whole) - 1
    digits = whole + fraction
    stripped = digits.lstrip("0")
    return stripped.rstrip("0") or "0", exponent - (len(digits) - len(stripped))


def column_info(columns: Columns) -> list[dict[str, Any]]:
    """Return ResultSetMetadata.ColumnInfo of the API."""
    return [
        {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": name,
            "Label": name,
            "Type": _NAMES.get(kind.name, kind.name),
            "Precision": _precision(kind),
            "Scale": kind.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": kind.name in {"varchar", "char"},
        }
        for name, kind in columns
    ]


def _precision(kind: TrinoType) -> int:
    if kind.name in {"decimal", "char"} or (kind.name == "varchar" and kind.precision is not None):
        return kind.precision or 0
    return _PRECISIONS.get(kind.name, 0)


def csv_line(cells: Iterable[str | None]) -> str:
    """Return one line of Athena's CSV: every cell is quoted, except NULL, which is empty."""
    return ",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|\Z)')


def read_csv(text: str) -> Iterator[list[str | None]]:
    """Yield the lines of Athena's CSV, in which an empty string differs from NULL."""
    line: list[str | None] = []
    position = 0
    while position < len(text):
        matched = _CELL.match(text, position)
        if matched is None:
            return
        line.append(matched[1].replace('""', '"') if matched[1] is not None else None)
        position = matched.end()
        if matched[3] != ",":
            yield line
            line = []
