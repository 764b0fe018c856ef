"""The Spark session of a job, as every job needs it."""

from pyspark.sql import SparkSession

from glue_jobs.engines.spark import iceberg


def open_session(job: str, run_id: str) -> SparkSession:
    """The session of this process: times in UTC, snapshots signed by the run, two shuffle partitions for each core."""
    spark = SparkSession.builder.appName(job).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", str(2 * spark.sparkContext.defaultParallelism))
    iceberg.sign_snapshots(spark, run_id)
    return spark
