"""Glue entry point: the files of one run, conformed, judged and deduplicated, onto an audit branch of their table.

Nobody sees the branch until the state machine has judged the report and published it. A run may be repeated: it starts
from a new branch, and replaces what it quarantined and measured before. Of a backfill, the quarantined rows count only
after it is published: then the job is started again with the task `settle`.
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake import contracts
from cartlake.errors import TerminalError
from cartlake.runs.documents import EtlReport, FileCount, Manifest, Measurement, RowCounts, RuleCount, SettleReport
from cartlake.runs.ids import audit_branch
from cartlake.times import stamp, utc_now
from glue_jobs.dataset_etl import evidence, loading, references, settling, transforms
from glue_jobs.dataset_etl.evidence import Layout
from glue_jobs.dataset_etl.reading import read_files
from glue_jobs.dataset_etl.running import Run
from glue_jobs.shared import iceberg, objects, reporting
from glue_jobs.shared.arguments import job_parser
from glue_jobs.shared.functions import function_named
from glue_jobs.shared.phases import Phases
from glue_jobs.shared.session import open_session

log = logging.getLogger(__name__)

_BYTES_PER_SHUFFLE_PARTITION: Final = 16 * 1024**2


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    parser = job_parser("dataset_etl")
    parser.add_argument("--manifest_uri", required=True, help="s3:// URI of the files to read")
    parser.add_argument("--quarantine_table", default="ops.quarantine_rows")
    parser.add_argument("--quality_table", default="ops.quality_results")
    parser.add_argument("--task", choices=["load", "settle"], default="load", help="settle: after a backfill")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    reporting.log_to_stdout()
    args = parse_args(argv)
    manifest = Manifest.model_validate_json(objects.read_text(args.manifest_uri))
    if (manifest.run_id, manifest.dataset) != (args.run_id, args.dataset):
        raise TerminalError(f"{args.manifest_uri} is of run {manifest.run_id}, not of {args.run_id}.")
    if args.task == "settle":
        settled = settle(_open_run(args, manifest))
        reporting.hand_in(settled, args.report_uri, args.task_token, settled.model_dump())
        return
    report = transform(_open_run(args, manifest))
    output: dict[str, Any] = {"rows": report.rows.model_dump(), "snapshot_id": report.snapshot_id}
    reporting.hand_in(report, args.report_uri, args.task_token, output)


def settle(run: Run) -> SettleReport:
    """Make the quarantine agree with a backfill that was published."""
    in_force, superseded = settling.settle(run.spark, run.quarantine, run.manifest)
    return SettleReport(
        run_id=run.run_id,
        dataset=run.contract.name,
        in_force=in_force,
        superseded=superseded,
        started_at=stamp(run.started_at),
        ended_at=stamp(utc_now()),
    )


def transform(run: Run) -> EtlReport:
    """Load the files of a run onto its branch, quarantine what is bad, and report what can be seen of both."""
    phases = run.phases
    with _judged(run) as judged:
        with phases.timed("read"):
            layout = evidence.layout(judged, str(run.table.event_time))
            objects.check_unchanged(run.manifest.files)
            rules = _rule_counts(run, judged)
        with phases.timed("quarantine"):
            _quarantine(run, judged, layout)
            quarantined = evidence.quarantined_rows(run.spark, run.quarantine, run.run_id, run.contract.name)
        with phases.timed("branch"):
            branch = iceberg.fresh_branch(run.spark, run.target, audit_branch(run.run_id))
        loaded = (loading.reload if run.manifest.backfill else loading.load)(run, judged, layout, branch)
    with phases.timed("audit"):
        days = layout.days | loaded.old_days
        measured = evidence.measure(run.spark, branch, run.table, days, run.started_at)
        _record_quality(run, rules, measured)
    head = iceberg.head(run.spark, run.target, branch.name)
    return EtlReport(
        run_id=run.run_id,
        dataset=run.contract.name,
        table=run.target.partition(".")[2],
        branch=branch.name,
        snapshot_id=None if head == branch.base or not days else str(head),
        base_snapshot_id=None if branch.base is None else str(branch.base),
        rows=RowCounts(
            read=layout.rows_by_file.total(),
            published=loaded.published.total(),
            quarantined=quarantined,
            duplicate=loaded.duplicate,
        ),
        files=[FileCount(file_id=f.file_id, rows_read=layout.rows_by_file[f.source_file]) for f in run.manifest.files],
        row_rules=rules,
        measurements=measured,
        touched_days=loaded.days,
        withdrawn=loaded.withdrawn,
        started_at=stamp(run.started_at),
        ended_at=stamp(utc_now()),
        phases=phases.seconds,
    )


def _open_run(args: argparse.Namespace, manifest: Manifest) -> Run:
    spark = open_session("dataset_etl", manifest.run_id)
    contract = contracts.load(manifest.dataset)
    for name, value in _settings(spark, sum(file.size for file in manifest.files)).items():
        spark.conf.set(name, value)
    return Run(
        spark=spark,
        manifest=manifest,
        contract=contract,
        database_prefix=f"{args.catalog}.{args.database_prefix}",
        target=f"{args.catalog}.{args.database_prefix}{contract.table.physical_name}",
        quarantine=f"{args.catalog}.{args.quarantine_table}",
        quality=f"{args.catalog}.{args.quality_table}",
        started_at=utc_now(),
        phases=Phases(),
    )


def _settings(spark: SparkSession, size: int) -> dict[str, str]:
    """Return the session's settings for a batch of `size` bytes."""
    partitions = max(spark.sparkContext.defaultParallelism, size // _BYTES_PER_SHUFFLE_PARTITION)
    return {
        "spark.sql.shuffle.partitions": str(partitions),
        # All rules in one generated method are more bytecode than the JVM compiles (8,000 bytes): it would interpret
        # them, at half the speed. Over this limit Spark generates many small methods instead.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        # The judged rows are kept for minutes, on disk: compressing them costs more than it spares.
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
    }


@contextmanager
def _judged(run: Run) -> Iterator[DataFrame]:
    """The judged rows of all files, kept on local disks: they are parsed once and looked at several times."""
    objects.check_unchanged(run.manifest.files)
    raw = read_files(run.spark, run.manifest.files, run.contract)
    conformed = transforms.conform(raw, run.table, run.run_id, run.started_at)
    if run.table.prepare is not None:
        conformed = function_named(run.table.prepare, run.table.physical_name)(conformed)
    linked = references.with_parents(conformed, run.table, run.parent)
    judged = transforms.judge(linked, run.table).persist(StorageLevel.DISK_ONLY)
    try:
        yield judged
    finally:
        judged.unpersist()


def _rule_counts(run: Run, judged: DataFrame) -> list[RuleCount]:
    broken = {row.rule: int(row.broken) for row in transforms.rule_counts(judged).collect()}
    severities = {rule.name: rule.severity for rule in run.table.row_rules}
    for reason in broken:
        severities.setdefault(reason, "error")
    return [
        RuleCount(rule=name, severity=severity, broken=broken.get(name, 0)) for name, severity in severities.items()
    ]


def _quarantine(run: Run, judged: DataFrame, layout: Layout) -> None:
    """Make the refused rows of this run all that is in quarantine of its files, but for rows already replayed."""
    files = run.spark.createDataFrame(
        [(file.source_file, file.file_id) for file in run.manifest.files], "_source_file string, file_id string"
    )
    rows = transforms.quarantined(judged, run.contract, F.broadcast(files), run.started_at)
    listed = ", ".join(f"'{file.file_id}'" for file in run.manifest.files)
    where = f"dataset = '{run.contract.name}' and file_id in ({listed}) and replayed_at is null"
    if run.manifest.backfill:
        rows = settling.held_back(rows, run.run_id)
        where = f"dataset = '{run.contract.name}' and run_id = '{run.run_id}'"
    iceberg.replace_rows(run.spark, run.quarantine, where, rows if layout.refused else None)


def _record_quality(run: Run, rules: Sequence[RuleCount], measured: Sequence[Measurement]) -> None:
    severities = {rule.name: rule.severity for rule in run.table.table_rules}
    name = run.target.partition(".")[2]
    values: list[tuple[str, str, float | None]] = [(r.rule, r.severity, float(r.broken)) for r in rules]
    values += [(m.rule, severities[m.rule], m.value) for m in measured]
    rows = run.spark.createDataFrame(
        [(run.run_id, run.contract.name, name, *value, run.started_at) for value in values],
        "run_id string, dataset string, table_name string, rule string, severity string, value double, "
        "measured_at timestamp",
    )
    iceberg.replace_rows(run.spark, run.quality, f"run_id = '{run.run_id}' and table_name = '{name}'", rows)


if __name__ == "__main__":
    main(sys.argv[1:])
