"""The Spark session that every job uses."""

from pyspark.sql import SparkSession

from glue_jobs.engines.spark import iceberg


def open_session(job: str, run_id: str) -> SparkSession:
    """Return the session of this process: UTC, snapshots labelled with the run id, two shuffle partitions a core."""
    spark = SparkSession.builder.appName(job).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", str(2 * spark.sparkContext.defaultParallelism))
    iceberg.label_snapshots(spark, run_id)
    return spark
