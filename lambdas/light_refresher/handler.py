"""Does what the Glue job `table_refresh` does, on DuckDB in this function, and answers the state machine directly.

It may be invoked again after it was killed: tables that were rebuilt before turn out the same, and are left alone.
EngineLimitError, and whatever Lambda says of a function that ran out of time or memory, make the state machine repeat
the step on Spark.
"""

import time
from typing import Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from cartlake.aws import s3
from cartlake.runs.costs import light_cost
from cartlake.runs.folder import Step
from glue_jobs.engines.duckdb.limits import engine_limits
from glue_jobs.engines.duckdb.refreshing import duckdb_refresh_engine
from glue_jobs.engines.duckdb.session import httpfs_file
from glue_jobs.table_refresh.pipeline import failure, refresh
from glue_jobs.table_refresh.run import done_by, open_run, read_plan
from lambdas.light_refresher.domain import RefreshRequest
from lambdas.light_refresher.settings import settings
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start
httpfs_file()  # and so does an incomplete layer, under the name by which Spark does the step

CATALOG: Final = "glue"


@entry(RefreshRequest)
def lambda_handler(request: RefreshRequest, context: LambdaContext) -> Answer:
    begun, memory_mb = time.monotonic(), int(context.memory_limit_in_mb)
    plan = read_plan(request.input_uri, request.run_id)
    prefix = f"{CATALOG}.{settings().database_prefix}"
    with engine_limits(), duckdb_refresh_engine(plan.run_id, memory_mb) as engine:
        report = refresh(open_run(plan, engine, prefix, f"{prefix}ops.quality_results"))
    report = done_by("light", report, plan, light_cost(time.monotonic() - begun, memory_mb))
    report_uri = settings().folder(request.run_id).report(Step.REFRESH)
    s3.write_text(report_uri, report.model_dump_json(indent=2))
    if failed := failure(report):
        raise failed
    logger.info("refreshed", run_id=request.run_id, tables={table.table: table.outcome for table in report.tables})
    return {"report_uri": report_uri, "tables": len(report.tables)}
