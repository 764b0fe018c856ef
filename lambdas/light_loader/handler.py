"""Does what the Glue job `dataset_etl` does, on DuckDB in this function, and answers the state machine directly.

It may be invoked again after it was killed: a load starts from a fresh branch, and what a run quarantined and measured
replaces what it did before. BadFilesError makes the state machine repeat the step without the files it names.
EngineLimitError, and whatever Lambda says of a function that ran out of time or memory,
make the state machine repeat the step on Spark.
"""

import time

from aws_lambda_powertools.utilities.typing import LambdaContext

from cartlake.aws import s3
from cartlake.erasure.tombstones import read_tombstones
from cartlake.runs.costs import light_cost
from glue_jobs.dataset_etl.bad_files import bad_files_written
from glue_jobs.dataset_etl.tasks import answer_of, do_step, done_by, open_run, read_manifest
from glue_jobs.engines.duckdb.session import httpfs_file
from lambdas.light_loader.adapters import light_engine, table_names
from lambdas.light_loader.domain import StepRequest
from lambdas.light_loader.settings import settings
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start
httpfs_file()  # and so does an incomplete layer, under the name by which Spark does the step


@entry(StepRequest)
def lambda_handler(request: StepRequest, context: LambdaContext) -> Answer:
    begun, memory_mb = time.monotonic(), int(context.memory_limit_in_mb)
    manifest = read_manifest(request.input_uri, request.run_id, request.subject)
    folder = settings().folder(request.run_id)
    tombstones = read_tombstones(folder.bucket)
    with bad_files_written(folder.bad_files, request.run_id), light_engine(request.run_id, memory_mb) as engine:
        report = do_step(request.step, open_run(manifest, engine, table_names(), tombstones))
    seconds = time.monotonic() - begun
    report = done_by("light", report, manifest, light_cost(seconds, memory_mb))
    report_uri = folder.report(request.step)
    s3.write_text(report_uri, report.model_dump_json(indent=2))
    logger.info(
        "step_done", run_id=request.run_id, step=request.step, seconds=round(seconds, 3), files=len(manifest.files)
    )
    return {"report_uri": report_uri, **answer_of(report)}
