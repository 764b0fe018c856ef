"""The quarantine after a published backfill: its verdicts count from now on, and the older ones of its files no more.

Until then the backfill's own verdicts stand there as superseded by itself, so that one which fails changes nothing for
anybody. Nothing is deleted: a superseded row says which run judged it anew.
"""

# ruff: noqa: S608 - the table's name is an argument of the job, values are run ids and names of contracts

from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.runs.documents import Manifest

_FILES: Final = "cartlake_backfilled_files"


def held_back(rows: DataFrame, run_id: str) -> DataFrame:
    """Quarantined rows of a backfill that is not published yet."""
    return rows.withColumn("superseded_by", F.lit(run_id))


def settle(spark: SparkSession, quarantine: str, manifest: Manifest) -> tuple[int, int]:
    """Put the verdicts of the manifest's run in force, in one commit; may be repeated.

    Returns how many are in force, and how many older ones they stand in for.
    """
    run_id = manifest.run_id
    spark.createDataFrame([(file.file_id,) for file in manifest.files], "file_id string").createOrReplaceTempView(
        _FILES
    )
    ours = f"t.dataset = '{manifest.dataset}' and t.run_id = '{run_id}'"
    try:
        spark.sql(
            f"merge into {quarantine} as t using {_FILES} as s "
            f"on t.dataset = '{manifest.dataset}' and t.file_id = s.file_id "
            f"when matched and {ours} and t.superseded_by = '{run_id}' then update set t.superseded_by = null "
            f"when matched and not ({ours}) and t.superseded_by is null "
            f"then update set t.superseded_by = '{run_id}', t.superseded_at = current_timestamp()"
        )
    finally:
        spark.catalog.dropTempView(_FILES)
    return _rows(spark, quarantine, manifest, f"run_id = '{run_id}' and superseded_by is null"), _rows(
        spark, quarantine, manifest, f"run_id <> '{run_id}' and superseded_by = '{run_id}'"
    )


def _rows(spark: SparkSession, quarantine: str, manifest: Manifest, where: str) -> int:
    spark.catalog.refreshTable(quarantine)
    counted = spark.sql(f"select count(*) from {quarantine} where dataset = '{manifest.dataset}' and {where}")
    return int(counted.collect()[0][0])
