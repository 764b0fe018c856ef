"""Raw rows to typed rows: every value is read as its column's type, null where that would lose or invent something.

Columns that no file has get the value of the contract, `cartlake.constant`.

A raw row has the columns of a file as strings, and

- `_corrupt_record`: the text of a row that could not be parsed, null for all others;
- `_source_file`: the URI of its file;
- `_run_id` and `_ingested_at`: the run that reads it, and when that began.
"""

from typing import Final

from cartlake.contracts import Column as ContractColumn
from cartlake.contracts import Table
from cartlake.contracts.casts import read_sql
from cartlake.engine import Column, DataFrame, F
from glue_jobs.transforms.file_rows.nested import parse_sql, typed_sql

PARSED: Final = "_parsed_"
"""Prefix of the columns that hold nested columns as structs and lists of texts."""


def conform(raw: DataFrame, table: Table) -> DataFrame:
    """Give every column its type; null for what cannot be read as that type. An empty string is no value.

    Keeps the strings as `_raw_<column>`, next to `_corrupt_record`, and nested columns as texts as `_parsed_<column>`.
    """
    nested = [column for column in table.file_columns if column.is_nested]
    columns = [_column(column) for column in table.columns]
    parsed = [F.expr(parse_sql(column, column.name)).alias(f"{PARSED}{column.name}") for column in nested]
    rows = raw.select("*", *parsed) if parsed else raw
    return rows.select(
        *(F.col(column.name).alias(f"_raw_{column.name}") for column in table.file_columns),
        *(F.col(f"{PARSED}{column.name}") for column in nested),
        F.col("_corrupt_record"),
        *(column.alias(c.name) for column, c in zip(columns, table.columns, strict=True)),
    )


def _column(column: ContractColumn) -> Column:
    if column.constant is not None:
        return F.lit(column.constant).cast(column.type)
    return F.col(column.name) if column.added_by_lake else F.expr(cast_sql(column))


def cast_sql(column: ContractColumn) -> str:
    """Return SQL that reads the string of a column as its type; of a nested one, what was parsed of it."""
    if column.is_nested:
        return typed_sql(column, f"{PARSED}{column.name}")
    return read_sql(column.name, column.type)
