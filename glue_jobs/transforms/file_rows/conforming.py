"""Raw rows to typed rows: every value is read as its column's type, null where that would lose or invent something.

A raw row has the columns of a file as strings, and

- `_corrupt_record`: the text of a row that could not be parsed, null for all others;
- `_source_file`: the URI of its file;
- `_run_id` and `_ingested_at`: the run that reads it, and when that began.
"""

import re

from cartlake.contracts import Column, Table
from cartlake.engine import DataFrame, F

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_LARGE = "[+-]?[0-9]{1,17}([.][0-9]{0,16})?[eE][+]?[0-9]{1,2}"
_SMALL = "[+-]?[0-9]([.][0-9]{0,16})?[eE]-0?[0-9]"
_DOUBLE = "[+-]?([0-9]{1,400}([.][0-9]{0,400})?|[.][0-9]{1,400})([eE][+-]?[0-9]{1,3})?"
_DATE = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
_SECOND = f"{_MINUTE}:[0-5][0-9]"
_TIME = f"{_SECOND}([.][0-9]{{1,6}}0{{0,12}})?"
_TIME_OR_MINUTE = f"{_MINUTE}(:[0-5][0-9]([.][0-9]{{1,6}}0{{0,12}})?)?"
_OFFSET = "[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?"


def conform(raw: DataFrame, table: Table) -> DataFrame:
    """Give every column its type; null for what cannot be read as that type. An empty string is no value.

    Keeps the strings as `_raw_<column>`, next to `_corrupt_record`.
    """
    columns = [F.col(c.name) if c.added_by_lake else F.expr(cast_sql(c)) for c in table.columns]
    return raw.select(
        *(F.col(column.name).alias(f"_raw_{column.name}") for column in table.file_columns),
        F.col("_corrupt_record"),
        *(column.alias(c.name) for column, c in zip(columns, table.columns, strict=True)),
    )


def cast_sql(column: Column) -> str:
    """Return SQL that reads a string as the column's type, null when that would lose or invent something.

    A text is a value only when all of it matches the pattern of its type, spaces around it left out. Casts alone
    differ: `'1.5'` becomes 2 in DuckDB and null in Spark, 12.345 is rounded to cents by both, DuckDB reads `'1_000'`,
    Spark `'10:00'` as a time of today and `BST` as the time of Bangladesh.
    """
    name, kind = column.name, column.type
    cast = f"try_cast({name} as {kind})"
    if kind == "string":
        return f"nullif({name}, '')"
    if kind in ("int", "bigint"):
        # The usual '12' needs no regular expression.
        written_out = f"cast({cast} as string) = {name}"
        return f"case when {written_out} or {_whole(name, '[+-]?[0-9]{1,60}')} then {cast} end"
    if match := _DECIMAL.fullmatch(kind):
        return _decimal(name, kind, int(match[2]))
    if kind == "timestamp":
        return _timestamp(name)
    if kind == "date":
        return f"case when {_whole(name, _DATE)} then try_cast(trim({name}) as date) end"
    return _boolean(name) if kind == "boolean" else _double(name, kind)


def _double(name: str, kind: str) -> str:
    cast = f"try_cast({name} as {kind})"
    # What is too large for a double becomes infinite in Spark, null in DuckDB.
    finite = f"abs({cast}) < cast('Infinity' as {kind})"
    return f"case when {_whole(name, _DOUBLE)} and {finite} then {cast} end"


def _whole(name: str, pattern: str) -> str:
    """Return SQL that is true when all of a text matches. `$` would also match before a line break at the end."""
    return rf"{name} rlike '^ *({pattern}) *\\z'"


def _decimal(name: str, kind: str, scale: int) -> str:
    """Read digits of which none is lost, and numbers with an exponent as programs write doubles.

    Patterns are bounded: `1E-999999999` is no value, and would keep Java busy or end the run.
    """
    cast = f"try_cast({name} as {kind})"
    fraction = f"[0-9]{{0,{scale}}}0{{0,60}}" if scale else "0{0,60}"
    plain = f"[+-]?(0{{0,60}}[0-9]{{1,38}}([.]{fraction})?|[.]{fraction})"
    # 16 digits after the point, and up to 9 more by the exponent, fit into a decimal that rounds nothing.
    large, small = (
        f"{_whole(name, pattern)} and try_cast({name} as {wide}) = try_cast({cast} as {wide})"
        for pattern, wide in ((_LARGE, "decimal(38,16)"), (_SMALL, "decimal(38,25)"))
    )
    return f"case when {_whole(name, plain)} or {large} or {small} then {cast} end"


def _timestamp(name: str) -> str:
    """Read a date, alone or with a time, in UTC unless it names an offset.

    Names of zones are no values: `CST` has four meanings, and 02:30 happens twice or never where clocks are changed.
    The form that programs write comes first, as it is. The others are written as one that every engine reads, which
    takes several times as long as the cast.
    """
    plain = f"replace(trim({name}), 'Z', '')"
    time = f"upper(substr(trim({name}), 12))"
    for redundant in (" ", "UTC", "GMT", "Z"):
        time = f"replace({time}, '{redundant}', '')"
    has_seconds = f"substr(trim({name}), 17, 1) = ':'"
    other = (
        f"concat(substr(trim({name}), 1, 10), ' ', substr({time}, 1, 5), "
        f"case when {has_seconds} then '' else ':00' end, substr({time}, 6))"
    )
    # An offset could lead out of the years 1 to 9999.
    inside = f"substr(trim({name}), 1, 10) not in ('0001-01-01', '9999-12-31')"
    return (
        rf"case when {name} rlike '^{_DATE}[ T]{_SECOND}Z?\\z' then try_cast({name} as timestamp) "
        f"when {_whole(name, f'{_DATE}[ T]{_TIME}Z?')} then try_cast({plain} as timestamp) "
        f"when {_whole(name, _DATE)} then try_cast(trim({name}) as timestamp) "
        f"when {_whole(name, f'{_DATE}[ T]{_TIME_OR_MINUTE} ?([Zz]|UTC|GMT)?')} "
        f"or ({_whole(name, f'{_DATE}[ T]{_TIME_OR_MINUTE} ?{_OFFSET}')} and {inside}) "
        f"then try_cast({other} as timestamp) end"
    )


def _boolean(name: str) -> str:
    text = f"lower(trim({name}))"
    return (
        f"case when {text} in ('true', 't', 'yes', 'y', '1') then true "
        f"when {text} in ('false', 'f', 'no', 'n', '0') then false end"
    )
