"""Runs table_maintenance over real Iceberg tables, with a coordinator that answers as a test sets it."""

from collections import deque
from datetime import UTC, datetime, timedelta

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.maintenance.documents import MaintenancePlan, MaintenanceReport, TableWork, owner_of
from cartlake.maintenance.health import Action, MaintenanceOptions, Need, measure, needs, with_statistics
from glue_jobs.engines.spark.frames import frame
from glue_jobs.table_maintenance import main as job
from glue_jobs.table_maintenance.file_stats import file_stats_of
from glue_jobs.table_maintenance.leases import Answer


def described(name):
    """The contract and the table of a physical name: the objects that the job finds, so that they can be patched."""
    return next((one, table) for one in contracts.load_all() for table in one.tables if table.physical_name == name)


class FakeCoordinator:
    """Gives every lock. `answers` are given first, one for each time it is asked; `before` is called each time."""

    def __init__(self, *answers, before=None):
        self.answers, self.before, self.asked, self.released = deque(answers), before, [], []

    def hold(self, owner):
        self.asked.append(owner)
        if self.before:
            self.before()
        return self.answers.popleft() if self.answers else Answer("held", "me", waiting=False)

    def release(self, owner):
        self.released.append(owner)


class MaintainedLake:
    """Tables of contracts, and a way to maintain them."""

    def __init__(self, spark):
        self.spark, self.runs = spark, 0

    def facts(self, table):
        return file_stats_of(self.spark, f"glue_catalog.{table}", described(table)[1].maintenance)

    def health(self, table):
        return measure(self.facts(table), described(table)[1].maintenance)

    def work(self, table, *actions, force=False, keep_days=None, now=None):
        """What the planner would have the job do; with `actions`, just those."""
        contract, found = described(table)
        facts = self.facts(table)
        options = MaintenanceOptions(force=force, keep_snapshots_days=keep_days)
        now = now or datetime.now(UTC) + timedelta(seconds=1)
        wanted = [Need(action=action, why="a test") for action in actions] or with_statistics(
            needs(facts, found.maintenance, now, options=options), found.statistics_columns
        )
        health = measure(facts, found.maintenance)
        return TableWork(table=table, owner=owner_of(contract, found), needs=wanted, health=health)

    def maintain(self, *works, coordinator=None, force=False, keep_days=None, arguments="", monkeypatch=None):
        """Run the job over the tables of a plan; returns the outcome of each by its name."""
        self.runs += 1
        self.run_id = f"maintenance-20260301T120000-{self.runs:06x}"
        plan = MaintenancePlan(
            run_id=self.run_id, created_at="", tables=list(works), force=force, keep_snapshots_days=keep_days
        )
        client("s3").put_object(Bucket="artifacts", Key="plan.json", Body=plan.model_dump_json().encode())
        self.coordinator = coordinator or FakeCoordinator()
        given, job.Coordinator = job.Coordinator, lambda _function, _run_id: self.coordinator
        try:
            job.main(
                f"--run_id {self.run_id} --dataset maintenance --plan_uri s3://artifacts/plan.json "
                f"--report_uri s3://artifacts/maintenance.json --coordinator_function coordinator {arguments}".split()
            )
        finally:
            job.Coordinator = given
        return self.report()

    def report(self):
        body = client("s3").get_object(Bucket="artifacts", Key="maintenance.json")["Body"].read()
        return {table.table: table for table in MaintenanceReport.model_validate_json(body).tables}

    def insert(self, table, rows):
        schema = contracts.spark_schema_ddl(described(table)[1])
        values = [tuple(row.get(column.name) for column in described(table)[1].columns) for row in rows]
        frame(self.spark, values, schema).writeTo(f"glue_catalog.{table}").append()

    def rows(self, table):
        self.spark.catalog.refreshTable(f"glue_catalog.{table}")
        return sorted(tuple(row) for row in self.spark.table(f"glue_catalog.{table}").collect())

    def snapshots(self, table):
        """(operation, run) of every snapshot, oldest first."""
        self.spark.catalog.refreshTable(f"glue_catalog.{table}")
        rows = self.spark.sql(
            f"select operation, summary['cartlake.run-id'] as run, snapshot_id from glue_catalog.{table}.snapshots "
            "order by committed_at"
        ).collect()
        return [(row.operation, row.run) for row in rows]


def actions(maintained):
    return [done.action for done in maintained.done]


ALL_OF_MAIN = (Action.REWRITE, Action.REWRITE_DELETES, Action.REWRITE_MANIFESTS)
