"""The Spark session that every job uses."""

from typing import Any

from pyspark.sql import SparkSession

from glue_jobs.engines.spark import iceberg


def open_session(job: str, run_id: str) -> SparkSession:
    """Return the session of this process: UTC, snapshots labelled with the run id, two shuffle partitions a core."""
    spark = SparkSession.builder.appName(job).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", str(2 * spark.sparkContext.defaultParallelism))
    iceberg.label_snapshots(spark, run_id)
    cache_functions(spark)
    return spark


def cache_functions(spark: SparkSession) -> None:
    """Look up the JVM's class `functions` once: else py4j searches all jars for it at each call of `F`, 1 to 20 ms."""
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - PySpark itself looks there, at each call
    jvm.functions = jvm.functions
