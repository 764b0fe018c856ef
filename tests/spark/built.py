"""What tests of built tables share: rows of a contract from the few columns a test is about, and exact results."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cartlake import contracts
from cartlake.engine import F

LINEAGE = {
    "_ingested_at": datetime(2026, 3, 1, tzinfo=UTC),
    "_updated_at": datetime(2026, 3, 1, tzinfo=UTC),
    "_source_file": "s3://raw/a.csv",
    "_run_id": "run-1",
}


def table_rows(frame, contract, *rows):
    """A frame with the columns and types of the contract's table. Rows are dicts; what they leave out is null."""
    table = contracts.load(contract).table
    known = {column.name for column in table.columns}
    assert not [name for row in rows for name in set(row) - known]
    values = [tuple((LINEAGE | row).get(column.name) for column in table.columns) for row in rows]
    return _frame(frame, values, contracts.spark_schema_ddl(table))


def _frame(frame, values, schema):
    if values:
        return frame(values, schema)
    columns = len(schema.split(", "))
    return frame([(None,) * columns], schema).where(F.lit(1) == F.lit(0))


def with_lineage(raw, run_id, ingested_at):
    """Raw rows as an engine gives them to the transforms of a run."""
    began = F.lit(ingested_at.isoformat()).cast("timestamp")
    return raw.withColumn("_run_id", F.lit(run_id)).withColumn("_ingested_at", began)


def built_rows(built, *order):
    """Rows as dicts, sorted by `order`, with exact decimals and instants in UTC.

    Collected as they are, decimals would be floats with SQLFrame, and timestamps in the zone of the process with Spark.
    """
    types = {field.name: field.dataType.simpleString() for field in built.schema}
    rows = [
        {name: _value(value, types[name]) for name, value in row.asDict().items()}
        for row in built.select(*(_readable(name, kind) for name, kind in types.items())).collect()
    ]
    return sorted(rows, key=lambda row: [row[name] for name in order])


def _readable(name, kind):
    if kind.startswith("decimal"):
        return F.col(name).cast("string").alias(name)
    return F.unix_micros(F.col(name)).alias(name) if kind == "timestamp" else F.col(name)


def _value(value, kind):
    if value is None:
        return None
    if kind.startswith("decimal"):
        return Decimal(value)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value) if kind == "timestamp" else value


def types_of(built):
    return {field.name: field.dataType.simpleString().replace(", ", ",") for field in built.schema}


def contract_types(contract):
    """The columns that the contract's transform has to make, with their types."""
    columns = contracts.load(contract).table.columns
    return {column.name: column.type for column in columns if not column.name.startswith("_")}
