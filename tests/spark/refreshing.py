"""Writes rows into tables of the lake, and runs table_refresh over what they make stale."""

from datetime import UTC, datetime

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.refresh.graph import Graph, StaleTable
from cartlake.runs.documents import RefreshPlan, RefreshReport
from glue_jobs.engines.spark.frames import frame
from glue_jobs.table_refresh.main import main
from tests.spark.order_lines import IN_THE_TABLE

GRAPH = Graph.of(contracts.load_all())


def arguments(run_id, plan):
    places = f"--plan_uri s3://artifacts/{plan} --report_uri s3://artifacts/refresh.json"
    return f"--run_id {run_id} --dataset refresh {places} --JOB_NAME refresh".split()


class RefreshLake:
    def __init__(self, spark):
        self.spark = spark
        self.runs = 0

    def insert(self, table, *rows):
        schema = contracts.spark_schema_ddl(GRAPH.tables[table])
        values = [tuple(row.get(column.name) for column in GRAPH.tables[table].columns) for row in rows]
        frame(self.spark, values, schema).writeTo(f"glue_catalog.{table}").append()

    def order(self, number, day, **changes):
        moment = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        row = IN_THE_TABLE | {"order_id": f"ORD-{number:010X}", "ordered_at": moment, "updated_at": moment}
        self.insert("processed.transactions", row | changes)

    def run(self, tables, *, check=False, after=True):
        """Rebuild `tables`, given with their scopes; each after those before it that it is built from."""
        stale = []
        for name, scope in tables.items():
            reads = [up.table for up in GRAPH.tables[name].build.upstreams]
            stale.append(StaleTable(table=name, scope=scope, after=[up for up in reads if up in tables and after]))
        return self.follow(tables, stale, check=check)

    def refresh(self, changes, tables):
        """Rebuild what changes make stale of some tables."""
        return self.follow(changes, [stale for stale in GRAPH.stale(changes) if stale.table in tables])

    def follow(self, changes, stale, *, check=False):
        """Run the job over a plan."""
        self.runs += 1
        run_id = f"refresh-20260301T120000-{self.runs:06x}"
        plan = RefreshPlan(run_id=run_id, created_at="", changes=changes, tables=stale, check=check)
        client("s3").put_object(Bucket="artifacts", Key="plan.json", Body=plan.model_dump_json().encode())
        try:
            main(arguments(run_id, "plan.json"))
        finally:
            body = client("s3").get_object(Bucket="artifacts", Key="refresh.json")["Body"].read()
            self.report = RefreshReport.model_validate_json(body)
        return {table.table: table for table in self.report.tables}

    def rows(self, table):
        return [row.asDict() for row in self.spark.table(f"glue_catalog.{table}").collect()]
