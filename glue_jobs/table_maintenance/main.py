"""Glue entry point: maintain the tables of a plan, one after the other, each only while nobody else writes it.

What it does is Iceberg's own, and atomic: a job that dies half way leaves every table as it was, or as it is to be.
"""

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import SparkSession

from cartlake import contracts
from cartlake.contracts import Table
from cartlake.errors import TerminalError
from cartlake.maintenance.documents import MaintenancePlan, MaintenanceReport, MaintainedTable, TableWork
from cartlake.times import stamp, utc_now
from glue_jobs.shared import objects, reporting
from glue_jobs.shared.arguments import job_parser
from glue_jobs.shared.session import open_session
from glue_jobs.table_maintenance.procedures import Pace, Procedures
from glue_jobs.table_maintenance.turns import Budget, Router, RunOverError
from glue_jobs.table_maintenance.upkeep import RowsChangedError, Upkeep

log = logging.getLogger(__name__)


class MaintenanceError(TerminalError):
    """Some tables could not be maintained. They hold the rows they held."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run works with; tables are named as Spark names them by `name`."""

    spark: SparkSession
    plan: MaintenancePlan
    tables: Mapping[str, Table]
    prefix: str
    router: Router
    pace: Pace
    budget: Budget
    started_at: datetime

    def name(self, physical_name: str) -> str:
        return f"{self.prefix}{physical_name}"


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    parser = job_parser("table_maintenance")
    parser.add_argument("--plan_uri", required=True, help="s3:// URI of the tables to maintain, and why")
    parser.add_argument("--router_function", required=True, help="function that lends and takes back datasets")
    parser.add_argument("--step_files", type=int, default=1000, help="most files rewritten before others may go first")
    parser.add_argument("--step_mb", type=int, default=4096, help="about the most MB rewritten before others may")
    parser.add_argument("--budget_minutes", type=float, default=45, help="after these no new step is begun")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    reporting.log_to_stdout()
    args = parse_args(argv)
    plan = MaintenancePlan.model_validate_json(objects.read_text(args.plan_uri))
    if plan.run_id != args.run_id:
        raise TerminalError(f"{args.plan_uri} is of run {plan.run_id}, not of {args.run_id}.")
    report = maintain(_open_run(args, plan))
    if report.failed:
        objects.write_text(args.report_uri, report.model_dump_json(indent=2))
        faults = " ".join(f"{table.table}: {table.reason}" for table in report.failed)
        raise MaintenanceError(f"{len(report.failed)} tables failed. {faults}")
    reporting.hand_in(report, args.report_uri, args.task_token, {"tables": len(report.tables)})


def _open_run(args: argparse.Namespace, plan: MaintenancePlan) -> Run:
    return Run(
        spark=open_session("table_maintenance", plan.run_id),
        plan=plan,
        tables={table.physical_name: table for contract in contracts.load_all() for table in contract.tables},
        prefix=f"{args.catalog}.{args.database_prefix}",
        router=Router(args.router_function, plan.run_id),
        pace=Pace(args.step_files, args.step_mb * 1024**2),
        budget=Budget(args.budget_minutes * 60),
        started_at=utc_now(),
    )


def maintain(run: Run) -> MaintenanceReport:
    """Maintain table after table. One that fails holds up no other, unless rows changed: then nothing goes on."""
    done = [MaintainedTable(table=one.table, outcome="failed", reason=one.reason) for one in run.plan.unreadable]
    for work in run.plan.tables:
        try:
            done.append(_upkeep(run, work).run(run.router))
        except RunOverError:
            raise
        except Exception as error:  # whatever it is, the other tables are not to suffer from it
            log.exception("%s could not be maintained", work.table)
            reason = f"{type(error).__name__}: {error}"[:2000]
            done.append(MaintainedTable(table=work.table, outcome="failed", reason=reason, before=work.health))
            if isinstance(error, RowsChangedError):
                break
    return MaintenanceReport(
        run_id=run.plan.run_id, tables=done, started_at=stamp(run.started_at), ended_at=stamp(utc_now())
    )


def _upkeep(run: Run, work: TableWork) -> Upkeep:
    if work.table not in run.tables:
        raise TerminalError(f"No contract describes {work.table} any more; run `lake maintain` again.")
    table = run.tables[work.table]
    keep_days = run.plan.keep_snapshots_days
    return Upkeep(
        procedures=Procedures(
            run.spark,
            run.name(work.table),
            table.maintenance,
            force=run.plan.force,
            pace=run.pace,
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
