"""The settings of Spark sessions that use the embedded AWS, for the job runner, tests and benchmarks."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from localaws.settings import load
from localaws.spark import java
from localaws.spark.jars import classpath

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

CATALOG = "glue_catalog"
REGION = "us-east-1"
ICEBERG_EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
MAX_CORES = 4  # jobs are small, and other processes need the cores as well

# The C1 compiler and the serial collector start faster; jobs of a few seconds do not need higher throughput.
# With C1 alone Java reserves 48 MB for compiled code. Spark fills that in minutes, and then runs interpreted or fails.
QUICK_START_FLAGS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=256m",
    "-XX:+UseSerialGC",
    "-Xss4m",
    "-XX:-UsePerfData",
)


def java_properties() -> dict[str, str]:
    """Return the system properties of the JVM: UTC, and the keys and region that both AWS SDKs read first."""
    return {
        "aws.accessKeyId": "test",
        "aws.secretKey": "test",  # SDK v1: S3A
        "aws.secretAccessKey": "test",  # SDK v2: Iceberg
        "aws.region": REGION,
        "user.timezone": "UTC",
    }


def catalog_conf(endpoint: str, catalog: str = CATALOG) -> dict[str, str]:
    """Return the settings of one Iceberg catalog in the Glue catalog and the buckets at `endpoint`."""
    prefix = f"spark.sql.catalog.{catalog}"
    return {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{prefix}.client.region": REGION,
        f"{prefix}.glue.endpoint": endpoint,
        f"{prefix}.s3.endpoint": endpoint,
        f"{prefix}.s3.path-style-access": "true",
    }


def s3_files_conf(endpoint: str) -> dict[str, str]:
    """Return the settings with which Spark itself reads and writes `s3://` files (CSV, JSON, Parquet) at `endpoint`."""
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": REGION,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        # Reads the keys at every request, so that one warm JVM can run jobs of different roles.
        "spark.hadoop.fs.s3a.aws.credentials.provider": "com.amazonaws.auth.SystemPropertiesCredentialsProvider",
    }


def local_conf(cache: Path | None = None) -> dict[str, str]:
    """Return the settings for little memory, little output, and ports on the loopback interface only."""
    return {
        "spark.master": f"local[{min(MAX_CORES, os.cpu_count() or 1)}]",
        "spark.driver.memory": load().spark_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.extensions": ICEBERG_EXTENSIONS,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.warehouse.dir": str((cache or load().cache) / "spark-warehouse"),
    }


def worker_conf(endpoint: str, cache: Path | None = None) -> dict[str, str]:
    """Return the settings of the runner's JVM, without a catalog: a job configures its own, as on Glue.

    Raises JarsError when the jars were not downloaded.
    """
    return {**local_conf(cache), **s3_files_conf(endpoint), "spark.driver.extraClassPath": classpath(cache)}


def session_conf(endpoint: str, cache: Path | None = None) -> dict[str, str]:
    """Return all settings for `SparkSession.builder.config(map=…)`: jars, catalog `glue_catalog`, `s3://` files.

    Raises JarsError when the jars were not downloaded.
    """
    properties = [f"-D{name}={value}" for name, value in java_properties().items()]
    return {
        **worker_conf(endpoint, cache),
        **catalog_conf(endpoint),
        "spark.driver.extraJavaOptions": " ".join([*QUICK_START_FLAGS, *properties]),
    }


@contextlib.contextmanager
def spark_session(endpoint: str, overrides: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """Return a context manager of a session in this process, with `session_conf` and `overrides`.

    Raises JarsError or JavaNotFoundError when `python -m localaws.spark.jars` was not run.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- slow to import, and the server needs only the settings

    os.environ.setdefault("JAVA_HOME", str(java.java_home()))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    spark = SparkSession.builder.config(map={**session_conf(endpoint), **(overrides or {})}).getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()
