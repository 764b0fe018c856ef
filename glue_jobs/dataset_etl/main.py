"""Spark entry point: write the files of one run, conformed, judged and deduplicated, to an audit branch of their table.

The quarantined rows of a backfill count only after it is published: then the job is started again with the task
`supersede_quarantine`.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

from cartlake.aws.objects import S3Uri
from cartlake.erasure.tombstones import read_tombstones
from cartlake.runs.folder import RunFolder, Step
from glue_jobs.dataset_etl.bad_files import bad_files_written
from glue_jobs.dataset_etl.tasks import TableNames, answer_of, do_step, done_by, open_run, read_manifest
from glue_jobs.engines.spark.engine import spark_engine
from glue_jobs.shared import reporting
from glue_jobs.shared.arguments import job_parser, run_cost

JOB: Final = "dataset_etl"
TASKS: Final = {"load": Step.TRANSFORM, "supersede_quarantine": Step.SUPERSEDE_QUARANTINE}


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Return the job's arguments; those that Glue adds are ignored."""
    parser = job_parser(JOB)
    parser.add_argument("--manifest_uri", required=True, help="s3:// URI of the files to read")
    parser.add_argument("--quarantine_table", default="ops.quarantine_rows")
    parser.add_argument("--quality_table", default="ops.quality_results")
    parser.add_argument("--task", choices=TASKS, default="load", help="supersede_quarantine: after a backfill")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    """Do the task and report it, or why it failed.

    Raises BadFilesError, TerminalError for the manifest of another run, and what the task raises.
    """
    reporting.log_to_stdout()
    begun = time.monotonic()
    args = parse_args(argv)
    folder = RunFolder(S3Uri.parse(args.report_uri).bucket, args.run_id)
    with reporting.faults_reported(args.task_token), bad_files_written(folder.bad_files, args.run_id):
        work(args, begun)


def work(args: argparse.Namespace, begun: float) -> None:
    """Do the task of the arguments and report it. `begun` is when the job did, by the monotonic clock in seconds."""
    manifest = read_manifest(args.manifest_uri, args.run_id, args.dataset)
    tombstones = read_tombstones(S3Uri.parse(args.report_uri).bucket)
    names = TableNames(args.catalog, args.database_prefix, args.quarantine_table, args.quality_table)
    with spark_engine(JOB, manifest.run_id, sum(file.size for file in manifest.files)) as engine:
        report = do_step(TASKS[args.task], open_run(manifest, engine, names, tombstones))
    report = done_by("spark", report, manifest, run_cost(args, time.monotonic() - begun))
    reporting.report_success(report, args.report_uri, args.task_token, answer_of(report))


if __name__ == "__main__":
    main(sys.argv[1:])
