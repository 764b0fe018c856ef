"""Glue entry point: recompute the days a run touched, in every mart, from what the run published.

A day is recomputed whole and replaced in one commit, so a repeated run changes nothing, and a day or a group that
lost its last line disappears.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake import contracts
from cartlake.contracts import Table
from cartlake.runs import EtlReport, MartCount, MartsReport
from cartlake.times import utc_now
from glue_jobs.curated_marts import transforms
from glue_jobs.shared import iceberg, objects, reporting
from glue_jobs.shared.arguments import job_parser
from glue_jobs.shared.phases import Phases

_SOURCE: Final = "cartlake_mart_source"


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    parser = job_parser("curated_marts")
    parser.add_argument("--source_report_uri", required=True, help="s3:// URI of the report of the transform job")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    reporting.log_to_stdout()
    args = parse_args(argv)
    source = EtlReport.model_validate_json(objects.read_text(args.source_report_uri))
    days = [date.fromisoformat(day) for day in source.touched_days]
    phases = Phases()
    spark = SparkSession.builder.appName("curated_marts").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", str(max(spark.sparkContext.defaultParallelism, len(days))))
    table = contracts.load("sales_daily").table
    with phases.timed(table.name):
        lines = lines_of_days(spark, f"{args.catalog}.{source.table}", days)
        rows = transforms.sales_daily(lines, args.run_id, utc_now())
        name = f"{args.catalog}.{args.database_prefix}{table.physical_name}"
        written = replace_days(name, table, rows, days, args.run_id)
    report = MartsReport(run_id=args.run_id, dataset=args.dataset, marts=[written], phases=phases.seconds)
    reporting.hand_in(report, args.report_uri, args.task_token, {"marts": [written.model_dump()]})


def lines_of_days(spark: SparkSession, table: str, days: Sequence[date]) -> DataFrame:
    spark.catalog.refreshTable(table)  # the publisher is another process
    lines = spark.table(table).where(iceberg.within_days("ordered_at", days))
    return lines.where(F.to_date("ordered_at").isin(list(days))) if days else lines


def replace_days(name: str, table: Table, rows: DataFrame, days: Sequence[date], run_id: str) -> MartCount:
    """Make `rows` all that the mart holds of `days`, in one commit, and count what then stands there of this run.

    The mart is partitioned by month, so whole partitions would be too much to replace.
    """
    spark, written = rows.sparkSession, 0
    if days:
        listed = ", ".join(f"date '{day}'" for day in days)
        keys = " and ".join(f"t.{column} = s.{column}" for column in table.primary_key)
        rows.createOrReplaceTempView(_SOURCE)
        spark.sql(
            f"merge into {name} as t using {_SOURCE} as s on {keys} "
            "when matched then update set * when not matched then insert * "
            f"when not matched by source and t.{table.event_time} in ({listed}) then delete"
        )
        spark.catalog.dropTempView(_SOURCE)
        written = spark.table(name).where(f"{table.event_time} in ({listed}) and _run_id = '{run_id}'").count()
    head = iceberg.head(spark, name, "main")
    return MartCount(
        table=name.partition(".")[2],
        days=len(days),
        rows_written=written,
        snapshot_id=None if head is None else str(head),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
