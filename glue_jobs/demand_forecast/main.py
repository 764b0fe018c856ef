"""Spark entry point: forecast demand, measure price elasticities, and publish both when they pass their contracts."""

import argparse
import sys
import time
from collections.abc import Sequence

from cartlake import contracts
from cartlake.refresh.graph import Graph
from cartlake.times import utc_now
from glue_jobs.demand_forecast.pipeline import SparkRun, forecast
from glue_jobs.engines.spark.refreshing import spark_refresh_engine
from glue_jobs.shared import reporting
from glue_jobs.shared.arguments import job_parser, run_cost
from glue_jobs.table_refresh.run import done_by, read_plan


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Return the job's arguments; those that Glue adds are ignored."""
    parser = job_parser("demand_forecast")
    parser.add_argument("--plan_uri", required=True, help="s3:// URI of the tables to build")
    parser.add_argument("--quality_table", default="ops.quality_results")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    """Build the tables of the plan, and report it.

    Raises BrokenRuleError when rows break their contract, and TerminalError for the plan of another run. No table has
    changed then.
    """
    reporting.log_to_stdout()
    begun = time.monotonic()
    args = parse_args(argv)
    with reporting.faults_reported(args.task_token):
        plan = read_plan(args.plan_uri, args.run_id)
        prefix, quality = f"{args.catalog}.{args.database_prefix}", f"{args.catalog}.{args.quality_table}"
        graph = Graph.of(contracts.load_all())
        run = SparkRun(spark_refresh_engine(plan.run_id), plan, graph, prefix, quality, utc_now())
        report = done_by("spark", forecast(run), plan, run_cost(args, time.monotonic() - begun))
        reporting.report_success(report, args.report_uri, args.task_token, {"tables": len(report.tables)})


if __name__ == "__main__":
    main(sys.argv[1:])
