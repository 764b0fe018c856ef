"""Glue entry point: write the files of one run, conformed, judged and deduplicated, to an audit branch of their table.

The quarantined rows of a backfill count only after it is published: then the job is started again with the task
`supersede_quarantine`.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

from cartlake import contracts
from cartlake.aws import s3
from cartlake.errors import TerminalError
from cartlake.runs.documents import Document, Manifest
from cartlake.times import utc_now
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.quarantine import supersede_quarantine
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import Engine
from glue_jobs.engines.spark.engine import spark_engine
from glue_jobs.shared import reporting
from glue_jobs.shared.arguments import job_parser
from glue_jobs.shared.phases import Phases

JOB: Final = "dataset_etl"
TASKS: Final = ("load", "supersede_quarantine")


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
    """Do the task and report it. Raises TerminalError for the manifest of another run, and what the task raises."""
    reporting.log_to_stdout()
    args = parse_args(argv)
    manifest = s3.read_model(args.manifest_uri, Manifest)
    if (manifest.run_id, manifest.dataset) != (args.run_id, args.dataset):
        raise TerminalError(f"{args.manifest_uri} is of run {manifest.run_id}, not of {args.run_id}.")
    with spark_engine(JOB, manifest.run_id, sum(file.size for file in manifest.files)) as engine:
        run = _open_run(args, manifest, engine)
        report, output = _load(run) if args.task == "load" else _supersede(run)
    reporting.report_success(report, args.report_uri, args.task_token, output)


def _open_run(args: argparse.Namespace, manifest: Manifest, engine: Engine) -> Run:
    contract = contracts.load(manifest.dataset)
    prefix = f"{args.catalog}.{args.database_prefix}"
    return Run(
        engine=engine,
        manifest=manifest,
        contract=contract,
        database_prefix=prefix,
        target=f"{prefix}{contract.table.physical_name}",
        quarantine=f"{args.catalog}.{args.quarantine_table}",
        quality=f"{args.catalog}.{args.quality_table}",
        started_at=utc_now(),
        phases=Phases(),
    )


def _load(run: Run) -> tuple[Document, dict[str, Any]]:
    """Return the report, and the part of it that is sent to the state machine."""
    report = load_files(run)
    return report, {"rows": report.rows.model_dump(), "snapshot_id": report.snapshot_id}


def _supersede(run: Run) -> tuple[Document, dict[str, Any]]:
    report = supersede_quarantine(run)
    return report, report.model_dump()


if __name__ == "__main__":
    main(sys.argv[1:])
