"""How long dataset_etl takes compared with a bare append of the same files.

Spark reads files of this machine as s3:// and writes to an Iceberg catalog in a folder, so S3 is not measured.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from moto import mock_aws
from pyspark.sql import SparkSession

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.runs.documents import FileFormat, Manifest, ManifestFile
from generators.transactions import generate_transactions
from glue_jobs.dataset_etl.main import main
from lambdas.file_validator.content.text import SHORT_LINE_BYTES
from localaws.spark.session import QUICK_START_FLAGS, session_conf

ROWS = int(os.environ.get("CARTLAKE_BENCH_ROWS", "5000000"))
REPEATS = int(os.environ.get("CARTLAKE_BENCH_REPEATS", "3"))
DAYS = 30
LAST_DAY = date(2026, 6, 30)
RUN_ID = "transactions-20260701T000000-000000"
TABLE = contracts.load("transactions").table
TARGET = f"glue_catalog.{TABLE.physical_name}"


def measure() -> list[dict[str, Any]]:
    """The ratio; its runs alternate, because a machine's speed drifts."""
    home = Path(tempfile.mkdtemp())
    try:
        files = home / "incoming" / "transactions"
        generate_transactions(files, rows=ROWS, days=DAYS, seed=0, end_date=LAST_DAY)
        with session(home) as spark:
            return [etl_over_bare_append(spark, sorted(files.glob("*.csv")))]
    finally:
        shutil.rmtree(home)


def etl_over_bare_append(spark: SparkSession, files: list[Path]) -> dict[str, Any]:
    with mock_aws():
        client.cache_clear()
        arguments = prepare_run(files)
        runs = []
        for _ in range(REPEATS + 1):
            bare = seconds(spark, lambda: bare_append(spark, files))
            etl = seconds(spark, lambda: main(arguments))
            runs.append(round(etl / bare, 2))
    client.cache_clear()
    runs = runs[1:]  # the first compiles
    return {"name": "etl_over_bare_append", "value": median(runs), "unit": "x", "aim": 1.6, "runs": runs}


def bare_append(spark: SparkSession, files: list[Path]) -> None:
    schema = contracts.spark_schema_ddl(TABLE, added_by_lake=False)
    rows = spark.read.schema(schema).option("header", "true").csv([path.as_uri() for path in files])
    rows.selectExpr("*", "current_timestamp() as _ingested_at", "'' as _source_file", f"'{RUN_ID}' as _run_id").writeTo(
        TARGET
    ).append()


def seconds(spark: SparkSession, work: Callable[[], None]) -> float:
    """Time work that starts from empty tables and Spark's own settings."""
    fresh_tables(spark)
    for name in ("codegen.hugeMethodLimit", "inMemoryColumnarStorage.compressed", "shuffle.partitions"):
        spark.conf.unset(f"spark.sql.{name}")
    start = time.monotonic()
    work()
    return time.monotonic() - start


def fresh_tables(spark: SparkSession) -> None:
    for contract in contracts.load_all():
        for table in contract.tables:
            spark.sql(f"create namespace if not exists glue_catalog.{table.database}")
            spark.sql(f"drop table if exists glue_catalog.{table.physical_name} purge")
            spark.sql(contracts.iceberg_ddl(table))


def prepare_run(files: list[Path]) -> list[str]:
    """Write the manifest of one run over `files`, and return the arguments of its job."""
    s3 = boto3.client("s3", region_name="us-east-1")
    for bucket in ("raw", "artifacts"):
        s3.create_bucket(Bucket=bucket)
    header = [column.name for column in TABLE.file_columns]
    entries = []
    for path in files:
        key = f"incoming/transactions/{path.name}"
        stored = s3.put_object(Bucket="raw", Key=key, Body=b"")  # the job asks for its etag; Spark reads the file
        entries.append(
            ManifestFile(
                file_id=path.stem,
                uri=f"s3://raw/{key}",
                version_id=None,
                etag=stored["ETag"],
                size=path.stat().st_size,
                sha256="",
                format=FileFormat(kind="csv", header=header, line_bytes_at_most=SHORT_LINE_BYTES, line_is_record=True),
            )
        )
    manifest = Manifest(run_id=RUN_ID, dataset=TABLE.name, contract_version="", created_at="", files=entries)
    s3.put_object(Bucket="artifacts", Key="manifest.json", Body=manifest.model_dump_json().encode())
    uris = "--manifest_uri s3://artifacts/manifest.json --report_uri s3://artifacts/transform.json"
    return f"--run_id {RUN_ID} --dataset {TABLE.name} {uris}".split()


@contextmanager
def session(home: Path) -> Iterator[SparkSession]:
    """A session that is to run for minutes: the optimizing compiler, an Iceberg catalog and `s3://raw` in `home`."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.pop("AWS_ENDPOINT_URL", None)
    conf = session_conf("http://127.0.0.1:9", Path(__file__).resolve().parents[1] / ".cache")
    catalog = {name: "" for name in conf if name.startswith("spark.sql.catalog.glue_catalog.")}
    conf = {name: value for name, value in conf.items() if name not in catalog}
    options = [option for option in conf["spark.driver.extraJavaOptions"].split() if option not in QUICK_START_FLAGS]
    local = "org.apache.hadoop.fs.LocalFileSystem"
    conf |= {
        "spark.driver.memory": "4g",
        "spark.driver.extraJavaOptions": " ".join(options),
        "spark.local.dir": str(home / "spark"),
        "spark.sql.catalog.glue_catalog.type": "hadoop",
        "spark.sql.catalog.glue_catalog.warehouse": (home / "warehouse").as_uri(),
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.viewfs.overload.scheme.target.s3.impl": local,
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": local,
        "spark.hadoop.fs.viewfs.mounttable.raw.link./incoming": (home / "incoming").as_uri(),
    }
    spark = SparkSession.builder.config(map={**conf}).getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


if __name__ == "__main__":
    for result in measure():
        print(result)
