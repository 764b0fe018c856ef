"""The rules of a contract, applied to raw rows on DuckDB: the same expressions the lake runs on Spark."""

import csv
import gzip
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa

CAST = "uncastable:"
MALFORMED = "malformed_row"


def read_csv(path):
    """The data rows of a file, as lists of text."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def connect():
    database = duckdb.connect()
    database.execute("set timezone = 'UTC'; create macro regexp_like(text, pattern) as regexp_matches(text, pattern)")
    return database


def verdicts_of(table, files):
    """Names of the broken rules of every row, by file and 1-based row. `files`: rows by file name."""
    database, width = connect(), len(table.file_columns)
    found = {}
    for name, rows in files.items():
        judged = judge(database, table, [row for row in rows if len(row) == width])
        found |= {
            (name, number): next(judged) if len(row) == width else {MALFORMED}
            for number, row in enumerate(rows, start=1)
        }
    return found


def judge(database, table, rows):
    columns = table.file_columns
    raw = ", ".join(f"nullif({column.name}, '') as {column.name}" for column in columns)
    cast = ", ".join(f"try_cast({column.name} as {duckdb_type(column)}) as {column.name}" for column in columns)
    lost = ", ".join(f"{c.name} is not null and try_cast({c.name} as {duckdb_type(c)}) is null" for c in columns)
    broken = ", ".join(rule.broken for rule in table.row_rules)
    names = [f"{CAST}{column.name}" for column in columns] + [rule.name for rule in table.row_rules]
    load(database, "raw", [column.name for column in columns], rows)
    answers = database.execute(f"""
        with given as (select {raw} from raw),
        lost as (select row({lost}) as faults, {cast}, current_timestamp as _ingested_at from given)
        select faults, row({broken}) from lost""").fetchall()
    for faults, rules in answers:
        yield {name for name, is_broken in zip(names, (*faults, *rules), strict=True) if is_broken}


def load(database, name, columns, rows):
    """Make a table of text columns of these rows, in their order."""
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    text = pa.table([pa.array(column, pa.string()) for column in values], names=list(columns))
    database.register("loading", text)
    database.execute(f"create or replace table {name} as select * from loading")
    database.unregister("loading")


def duckdb_type(column):
    return "timestamptz" if column.type == "timestamp" else column.type


def typed_value(schema, name, text):
    """The Python value that a Parquet file has for this text of a CSV or JSON file."""
    kind = schema.field(name).type
    if text is None or pa.types.is_string(kind):
        return text
    if pa.types.is_timestamp(kind):
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if pa.types.is_date(kind):
        return date.fromisoformat(text)
    if pa.types.is_boolean(kind):
        return {"true": True, "false": False}[text]
    return Decimal(text) if pa.types.is_decimal(kind) else int(text)
