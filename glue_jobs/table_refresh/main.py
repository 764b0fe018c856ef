"""Glue entry point: rebuild every stale table of a plan in one job on Spark.

The job fails with the names of the tables that failed; all others are rebuilt.
"""

import argparse
import sys
from collections.abc import Sequence

from cartlake import contracts
from cartlake.aws import s3
from cartlake.errors import TerminalError
from cartlake.refresh.graph import Graph
from cartlake.runs.documents import RefreshPlan
from cartlake.times import utc_now
from glue_jobs.engines.spark.refreshing import spark_refresh_engine
from glue_jobs.shared import reporting
from glue_jobs.shared.arguments import job_parser
from glue_jobs.table_refresh.pipeline import RefreshError, failure, refresh
from glue_jobs.table_refresh.run import Run

__all__ = ["RefreshError", "main", "parse_args"]


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Return the job's arguments; those that Glue adds are ignored."""
    parser = job_parser("table_refresh")
    parser.add_argument("--plan_uri", required=True, help="s3:// URI of the tables to rebuild")
    parser.add_argument("--quality_table", default="ops.quality_results")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    """Rebuild the tables of the plan, and report it.

    Raises RefreshError when a table failed, TerminalError for the plan of another run.
    """
    reporting.log_to_stdout()
    args = parse_args(argv)
    plan = s3.read_model(args.plan_uri, RefreshPlan)
    if plan.run_id != args.run_id:
        raise TerminalError(f"{args.plan_uri} is of run {plan.run_id}, not of {args.run_id}.")
    report = refresh(_open_run(args, plan))
    if failed := failure(report):
        s3.write_text(args.report_uri, report.model_dump_json(indent=2))
        raise failed
    reporting.report_success(report, args.report_uri, args.task_token, {"tables": len(report.tables)})


def _open_run(args: argparse.Namespace, plan: RefreshPlan) -> Run:
    return Run(
        engine=spark_refresh_engine(plan.run_id),
        plan=plan,
        graph=Graph.of(contracts.load_all()),
        prefix=f"{args.catalog}.{args.database_prefix}",
        quality=f"{args.catalog}.{args.quality_table}",
        started_at=utc_now(),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
