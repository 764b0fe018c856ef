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
_WIDER = "decimal(38,10)"


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

    Casts alone differ: `'1.5'` becomes 2 in DuckDB and null in Spark, 12.345 is rounded to cents by both, and Spark
    reads `'10:00'` as a time of today.
    """
    name, kind = column.name, column.type
    cast = f"try_cast({name} as {kind})"
    if kind == "string":
        return f"nullif({name}, '')"
    if kind in ("int", "bigint"):
        # The usual '12' needs no regular expression.
        written_out = f"cast({cast} as string) = {name}"
        return f"case when {written_out} or {name} rlike '^ *[+-]?[0-9]+ *$' then {cast} end"
    if match := _DECIMAL.fullmatch(kind):
        lossless = f"{cast} = try_cast({name} as {_WIDER})"
        scale = int(match[2])
        # The usual '12.34' needs no second cast.
        written_out = f"instr({name}, '.') = length({name}) - {scale} or " if scale else ""
        return f"case when {written_out}{lossless} then {cast} end"
    if kind == "timestamp":
        cast = f"try_cast({_without_zulu(name)} as {kind})"
    if kind in ("timestamp", "date"):
        return f"case when instr({name}, '-') = 5 and locate('-', {name}, 6) = 8 then {cast} end"
    return cast


def _without_zulu(name: str) -> str:
    """Return SQL that drops the Z of `yyyy-mm-ddThh:mm:ssZ`, which is redundant: times are UTC.

    Spark compiles two regular expressions for every zone it reads. No other text loses its Z: `...+02Z` would pass.
    """
    shape = f"length({name}) = 20 and instr({name}, ':') = 14 and locate(':', {name}, 15) = 17"
    ending = f"instr({name}, 'Z') = 20 and substr({name}, 19, 1) between '0' and '9'"
    return f"case when {shape} and {ending} then substr({name}, 1, 19) else {name} end"
