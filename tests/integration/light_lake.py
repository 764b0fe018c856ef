"""A lake in the embedded AWS without Spark: its tables are made, loaded and refreshed on DuckDB."""

import csv
from collections import defaultdict
from contextlib import contextmanager
from datetime import date

import pytest

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.contracts import Table
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import WHOLE, Graph, Scope, StaleTable
from cartlake.runs.documents import RefreshPlan, RefreshReport
from cartlake.tables.catalog import load_catalog
from cartlake.tables.snapshots import MAIN
from cartlake.times import utc_now
from cartlake_cli.migrations.migrate import apply
from cartlake_cli.migrations.placement import Placement
from glue_jobs.engines.base import Branch
from glue_jobs.engines.duckdb.engine import duckdb_engine
from glue_jobs.engines.duckdb.refreshing import duckdb_refresh_engine
from glue_jobs.engines.duckdb.types import contract_type
from glue_jobs.table_refresh.pipeline import refresh
from glue_jobs.table_refresh.run import Run
from tests.compiled import use_compiled_queries

GRAPH = Graph.of(contracts.load_all())
DATABASES = ("processed", "curated", "masked", "ops")
LINEAGE = {
    "_ingested_at": "timestamptz '2026-03-01 12:00:00Z'",
    "_updated_at": "timestamptz '2026-03-01 12:00:00Z'",
    "_source_file": "'s3://raw/a.csv'",
    "_run_id": "'run-1'",
}


CONTACT = {
    "contact_id": "CON-1",
    "email": "ada@example.org",
    "created_at": "2026-02-26 09:00:00Z",
    "updated_at": "2026-02-26 10:00:00Z",
}
"""A row of a source that is no part of the generated world."""

SHOP_ORDERS = {
    "processed.shopify_orders": {
        "order_id": "5001",
        "line_number": 1,
        "order_name": "#1001",
        "created_at": "2026-02-27 09:00:00Z",
        "currency": "USD",
        "financial_status": "paid",
        "order_subtotal": "17.77",
        "order_taxes": "1.42",
        "order_total": "19.19",
        "product_name": "Mug",
        "sku": "PRD-00042",
        "quantity": 3,
        "unit_price": "6.66",
    },
    "processed.woocommerce_orders": {
        "order_id": "2117",
        "item_number": 1,
        "created_at": "2026-02-27 10:00:00Z",
        "currency": "EUR",
        "status": "completed",
        "order_taxes": "1.90",
        "order_total": "11.90",
        "sku": "PRD-00043",
        "quantity": 1,
        "item_subtotal": "12.00",
        "item_total": "10.00",
    },
    "processed.snowflake_orders": {
        "order_id": "5001",
        "line_number": 1,
        "ordered_at": "2026-02-28 01:00:00Z",
        "order_status": "shipped",
        "customer_reference": "C-1",
        "sku": "PRD-00042",
        "quantity": 3,
        "unit_price": "6.66",
        "currency": "USD",
        "updated_at": "2026-02-28 02:00:00Z",
    },
}
"""A row of each table of orders of shops. The order of Shopify is in Snowflake too, on the next day."""


def written_review(number: int, customer: int, rating: int, day: str) -> dict[str, str]:
    """A row of processed.reviews, of one of two products."""
    moment = f"{day} 12:00:{number:02d}Z"
    return {
        "review_id": f"REV-{number:010X}",
        "order_id": "ORD-0000000001",
        "customer_id": f"CUS-{customer:07d}",
        "product_id": "PRD-00042" if customer < 3 else "PRD-00043",
        "purchased_on": day,
        "rating": str(rating),
        "reviewed_at": moment,
        "updated_at": moment,
    }


@contextmanager
def bucket_in(localaws, name: str):
    """A new bucket of the embedded AWS, which boto3 and DuckDB find until the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in localaws.env.items():
            patch.setenv(variable, value)
        patch.setenv("AWS_ENDPOINT_URL", localaws.endpoint)
        patch.setenv("AWS_DEFAULT_REGION", localaws.env["AWS_REGION"])
        client.cache_clear()
        client("s3").create_bucket(Bucket=name)
        yield name
    client.cache_clear()


class LightLake:
    """The tables of all contracts in databases of their own, whose names begin with `prefix`."""

    def __init__(self, prefix: str, bucket: str, datasets=None) -> None:
        """Only the tables of `datasets` are made when they are given."""
        use_compiled_queries()
        self.prefix = f"glue.{prefix}"
        self.catalog = load_catalog()
        databases = {name: f"{prefix}{name}" for name in DATABASES}
        for name, database in databases.items():
            self.catalog.create_namespace(database, {"location": f"s3://{bucket}/{prefix}{name}"})
        made = contracts.load_all() if datasets is None else map(contracts.load, datasets)
        apply(self.catalog, list(made), Placement(databases, {}))
        self.changes: dict[str, Scope] = {}
        self.runs = 0

    def name(self, physical_name: str) -> str:
        return f"{self.prefix}{physical_name}"

    def table(self, physical_name: str):
        """The Iceberg table as it is now."""
        return self.catalog.load_table(tuple(self.name(physical_name).split(".")[1:]))

    def load_files(self, files) -> None:
        """Load CSV files without faults, given as dataset and path: the newest row of every key stays."""
        by_dataset = defaultdict(list)
        for dataset, path in files:
            by_dataset[dataset].append(path)
        with duckdb_engine(self._next_run()) as engine:
            for dataset, paths in by_dataset.items():
                table = contracts.load(dataset).table
                self._merge(engine, table, _rows_of_files(table, paths))

    def insert(self, physical_name: str, *rows) -> None:
        """Add rows to a table, given as dicts of texts; what they leave out is null."""
        with duckdb_engine(self._next_run()) as engine:
            table = GRAPH.tables[physical_name]
            self._merge(engine, table, " union all ".join(_select(table, row) for row in rows))

    def replace_days(self, physical_name: str, scope: Scope, *rows) -> None:
        """Make rows, given as dicts of texts, all that a table holds of some days."""
        with duckdb_refresh_engine(self._next_run()) as engine:
            table = GRAPH.tables[physical_name]
            engine.replace_days(self.name(physical_name), table, scope.days, _frozen(engine, table, rows))

    def replace_keys(self, physical_name: str, keys, *rows) -> None:
        """Make rows, given as dicts of texts, all that a table holds of some keys."""
        with duckdb_refresh_engine(self._next_run()) as engine:
            table = GRAPH.tables[physical_name]
            found = engine.frame([(key,) for key in keys], f"{table.build.key} string")
            engine.replace_keys(self.name(physical_name), table, found, _frozen(engine, table, rows))

    def overwrite(self, physical_name: str, column: str, value: str) -> None:
        """Write all rows of a table again, with an SQL value in one column."""
        with duckdb_refresh_engine(self._next_run()) as engine:
            table, name = GRAPH.tables[physical_name], self.name(physical_name)
            rows = engine.freeze(f"(select * replace ({value} as {column}) from {engine.read_table(name)})")
            engine.replace_days(name, table, WHOLE.days, rows)

    def _merge(self, engine, table: Table, query: str) -> None:
        name = self.name(table.physical_name)
        rows = engine.freeze(f"({query})")
        days = f"select distinct {table.event_time}::date from {rows}"
        keys = ", ".join(table.primary_key)
        stored = engine.read_table(name)
        before = f"select distinct {table.event_time}::date from {stored} semi join {rows} using ({keys})"
        touched = {day for (day,) in engine.session.rows(f"{days} union {before}") if day is not None}
        branch = Branch(name, MAIN, engine.head(name, MAIN))
        engine.replace(rows, engine.where(rows, "false"), branch, table)
        change = Scope(days=of_days(touched))
        self.changes[table.physical_name] = self.changes.get(table.physical_name, Scope()) | change

    def refresh(self, changes=None, tables=GRAPH.order) -> dict:
        """Rebuild what is stale, or what `changes` make stale; return the outcomes by table."""
        changes, self.changes = (self.changes if changes is None else changes), {}
        return self.run(changes, [stale for stale in GRAPH.stale(changes) if stale.table in tables])

    def check(self, tables=GRAPH.order) -> dict:
        return self.run({}, [StaleTable(table=name, scope=WHOLE) for name in tables], check=True)

    def run(self, changes, stale, *, check=False) -> dict:
        plan = RefreshPlan(run_id=self._next_run(), created_at="", changes=changes, tables=stale, check=check)
        with duckdb_refresh_engine(plan.run_id) as engine:
            run = Run(engine, plan, GRAPH, self.prefix, self.name("ops.quality_results"), utc_now())
            self.report: RefreshReport = refresh(run)
        return {table.table: table for table in self.report.tables}

    def rows(self, physical_name: str, columns: str | None = None) -> list:
        """All rows of a table, sorted; without the columns the lake adds unless `columns` names others."""
        table = GRAPH.tables[physical_name]
        names = columns or ", ".join(column.name for column in table.file_columns)
        with duckdb_engine("run-1") as engine:
            found = engine.session.rows(f"select {names} from {engine.read_table(self.name(physical_name))}")
        return sorted(found, key=repr)

    def _next_run(self) -> str:
        self.runs += 1
        return f"refresh-20260301T120000-{self.runs:06x}"


def _frozen(engine, table: Table, rows) -> str:
    query = " union all ".join(_select(table, row) for row in rows) or f"{_select(table, {})} limit 0"
    return engine.freeze(f"({query})")


def _rows_of_files(table: Table, paths) -> str:
    with paths[0].open(newline="") as file:
        header = next(csv.reader(file))
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in header)
    typed = ", ".join(f"{c.name}::{contract_type(c.type)} as {c.name}" for c in table.file_columns)
    lineage = ", ".join(f"{value} as {name}" for name, value in LINEAGE.items() if _has(table, name))
    version = table.version_column or "1"
    return (
        f"select {typed}, {lineage} from read_csv({[str(path) for path in paths]}, header = true, "
        f"columns = {{{columns}}}, quote = '\"', auto_detect = false) "
        f"qualify row_number() over (partition by {', '.join(table.primary_key)} order by {version} desc) = 1"
    )


def _select(table: Table, row) -> str:
    values = [f"{_value(row.get(c.name), c)}::{contract_type(c.type)} as {c.name}" for c in table.columns]
    return f"select {', '.join(values)}"


def _value(value, column) -> str:
    if value is None and column.name in LINEAGE:
        return LINEAGE[column.name]
    return "null" if value is None else f"'{value}'"


def _has(table: Table, name: str) -> bool:
    return name in {column.name for column in table.columns}


def on(*days: date) -> Scope:
    return Scope(days=of_days(days))


__all__ = ["CONTACT", "GRAPH", "SHOP_ORDERS", "LightLake", "on"]
