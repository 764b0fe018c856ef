"""Spark entry point: maintain the tables of a plan, one after the other, each only while no other run writes it.

Every step is a procedure of Iceberg, and atomic: a job that is killed half way leaves each table consistent.
"""

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import SparkSession

from cartlake import contracts
from cartlake.aws import s3
from cartlake.contracts import Table
from cartlake.errors import TerminalError
from cartlake.maintenance.documents import MaintainedTable, MaintenancePlan, MaintenanceReport, TableWork
from cartlake.times import stamp, utc_now
from glue_jobs.engines.spark.session import open_session
from glue_jobs.shared import reporting
from glue_jobs.shared.arguments import job_parser
from glue_jobs.table_maintenance.leases import Budget, Coordinator, RunOverError
from glue_jobs.table_maintenance.maintenance import RowsChangedError, TableMaintenance
from glue_jobs.table_maintenance.procedures import Procedures, StepLimit

log = logging.getLogger(__name__)


class MaintenanceError(TerminalError):
    """Some tables could not be maintained; the message names them with the reason."""


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs of one run."""

    spark: SparkSession
    plan: MaintenancePlan
    tables: Mapping[str, Table]
    prefix: str
    coordinator: Coordinator
    step_limit: StepLimit
    budget: Budget
    started_at: datetime

    def name(self, physical_name: str) -> str:
        """Return the name of a table in Spark: catalog.database.table."""
        return f"{self.prefix}{physical_name}"


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Return the job's arguments; those that Glue adds are ignored."""
    parser = job_parser("table_maintenance")
    parser.add_argument("--plan_uri", required=True, help="s3:// URI of the tables to maintain, and why")
    parser.add_argument("--coordinator_function", required=True, help="ARN of run_coordinator, which grants locks")
    parser.add_argument(
        "--step_files",
        type=int,
        default=1000,
        help="most files one step rewrites; after a step, waiting runs go first",
    )
    parser.add_argument("--step_mb", type=int, default=4096, help="about the most MB one step rewrites")
    parser.add_argument("--budget_minutes", type=float, default=45, help="minutes after which no step is begun")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    """Maintain the tables of the plan, and report it.

    Raises MaintenanceError when a table failed, RunOverError when the run has ended, TerminalError for the plan of
    another run.
    """
    reporting.log_to_stdout()
    args = parse_args(argv)
    with reporting.faults_reported(args.task_token):
        maintain_and_report(args)


def maintain_and_report(args: argparse.Namespace) -> None:
    """Maintain the tables of the plan that the arguments name, and report it. Raises as `main` does."""
    plan = s3.read_model(args.plan_uri, MaintenancePlan)
    if plan.run_id != args.run_id:
        raise TerminalError(f"{args.plan_uri} is of run {plan.run_id}, not of {args.run_id}.")
    report = maintain(_open_run(args, plan))
    if report.failed:
        s3.write_text(args.report_uri, report.model_dump_json(indent=2))
        faults = " ".join(f"{table.table}: {table.reason}" for table in report.failed)
        raise MaintenanceError(f"{len(report.failed)} tables failed. {faults}")
    reporting.report_success(report, args.report_uri, args.task_token, {"tables": len(report.tables)})


def _open_run(args: argparse.Namespace, plan: MaintenancePlan) -> Run:
    return Run(
        spark=open_session("table_maintenance", plan.run_id),
        plan=plan,
        tables={table.physical_name: table for contract in contracts.load_all() for table in contract.tables},
        prefix=f"{args.catalog}.{args.database_prefix}",
        coordinator=Coordinator(args.coordinator_function, plan.run_id),
        step_limit=StepLimit(args.step_files, args.step_mb * 1024**2),
        budget=Budget(args.budget_minutes * 60),
        started_at=utc_now(),
    )


def maintain(run: Run) -> MaintenanceReport:
    """Maintain table after table and return the report. A table that fails stops no other, unless its rows changed."""
    done = [MaintainedTable(table=one.table, outcome="failed", reason=one.reason) for one in run.plan.unreadable]
    for work in run.plan.tables:
        try:
            done.append(_maintenance(run, work).run(run.coordinator))
        except RunOverError:
            raise
        except Exception as error:  # whatever it is, the other tables are maintained
            log.exception("%s could not be maintained", work.table)
            reason = f"{type(error).__name__}: {error}"[:2000]
            done.append(MaintainedTable(table=work.table, outcome="failed", reason=reason, before=work.health))
            if isinstance(error, RowsChangedError):
                break
    return MaintenanceReport(
        run_id=run.plan.run_id, tables=done, started_at=stamp(run.started_at), ended_at=stamp(utc_now())
    )


def _maintenance(run: Run, work: TableWork) -> TableMaintenance:
    if work.table not in run.tables:
        raise TerminalError(f"No contract describes {work.table} any more; run `lake maintain` again.")
    table = run.tables[work.table]
    keep_days = run.plan.keep_snapshots_days
    return TableMaintenance(
        procedures=Procedures(
            run.spark,
            run.name(work.table),
            table.maintenance,
            force=run.plan.force,
            step_limit=run.step_limit,
            order=table.sort_order or (),
        ),
        table=table,
        work=work,
        run_id=run.plan.run_id,
        keep_days=table.maintenance.keep_snapshots_days if keep_days is None else keep_days,
        now=run.started_at,
        budget=run.budget,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
