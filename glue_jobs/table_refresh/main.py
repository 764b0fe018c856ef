"""Spark entry point: rebuild every stale table of a plan in one job on Spark.

The job fails with the names of the tables that failed; all others are rebuilt.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from cartlake.aws import s3
from glue_jobs.engines.spark.refreshing import spark_refresh_engine
from glue_jobs.shared import reporting
from glue_jobs.shared.arguments import job_parser, run_cost
from glue_jobs.table_refresh.pipeline import RefreshError, failure, refresh
from glue_jobs.table_refresh.run import done_by, open_run, read_plan

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
    begun = time.monotonic()
    args = parse_args(argv)
    with reporting.faults_reported(args.task_token):
        rebuild(args, begun)


def rebuild(args: argparse.Namespace, begun: float) -> None:
    """Rebuild the tables of the plan that the arguments name, and report it. Raises as `main` does."""
    plan = read_plan(args.plan_uri, args.run_id)
    prefix, quality = f"{args.catalog}.{args.database_prefix}", f"{args.catalog}.{args.quality_table}"
    report = refresh(open_run(plan, spark_refresh_engine(plan.run_id), prefix, quality))
    report = done_by("spark", report, plan, run_cost(args, time.monotonic() - begun))
    if failed := failure(report):
        s3.write_text(args.report_uri, report.model_dump_json(indent=2))
        raise failed
    reporting.report_success(report, args.report_uri, args.task_token, {"tables": len(report.tables)})


if __name__ == "__main__":
    main(sys.argv[1:])
