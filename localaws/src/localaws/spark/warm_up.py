"""Runs what most jobs do, so that Spark's classes are loaded and compiled before the first job."""

from __future__ import annotations

import functools
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.spark.driver import attach, java_context, jvm
from localaws.spark.messages import RunResult
from localaws.spark.session import CATALOG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

    from localaws.spark.driver import Driver
    from localaws.spark.messages import RunRequest

STATEMENTS = (
    """create table warm_up.db.orders (order_id string, price decimal(12,2), day timestamp) using iceberg
        partitioned by (days(day)) tblproperties ('format-version'='2', 'write.merge.mode'='merge-on-read')""",
    "alter table warm_up.db.orders create branch audit",
    "insert into warm_up.db.orders.branch_audit select * from warm_up_rows",
    """merge into warm_up.db.orders.branch_audit t using warm_up_rows s on t.order_id = s.order_id
        when matched and s.day >= t.day then update set * when not matched then insert *""",
    "select day, count(*), sum(price) from warm_up.db.orders version as of 'audit' group by day having count(*) > 0",
    "call warm_up.system.fast_forward('db.orders', 'main', 'audit')",
    "alter table warm_up.db.orders drop branch audit",
)


def run(request: RunRequest, driver: Driver) -> RunResult:
    """Read a CSV file, merge it into an Iceberg branch, publish and scan, all in the request's directory.

    Never raises: an error is printed, and the next step follows.
    """
    os.chdir(request.directory)
    spark = attach(driver)
    for name, value in request.settings.items():
        spark.conf.set(name, value)
    for step in _steps(spark, Path(request.directory)):
        try:
            step()
        except Exception:  # noqa: BLE001 -- what fails here fails again, with its message, in a job
            traceback.print_exc()
    return RunResult(succeeded=True)


def _steps(spark: SparkSession, directory: Path) -> Iterator[Callable[[], object]]:
    yield lambda: spark.conf.set("spark.sql.catalog.warm_up", "org.apache.iceberg.spark.SparkCatalog")
    yield lambda: spark.conf.set("spark.sql.catalog.warm_up.type", "hadoop")
    yield lambda: spark.conf.set("spark.sql.catalog.warm_up.warehouse", str(directory / "tables"))
    yield lambda: _read_csv(spark, directory)
    for statement in STATEMENTS:
        yield functools.partial(_collect, spark, statement)
    # The first calls of both AWS SDKs, which need not find anything.
    yield lambda: spark.catalog.tableExists(f"{CATALOG}.warm_up.orders")
    yield lambda: jvm(spark).org.apache.hadoop.fs.FileSystem.get(
        jvm(spark).java.net.URI("s3://localaws-warm-up/"), java_context(spark).hadoopConfiguration()
    )


def _collect(spark: SparkSession, statement: str) -> None:
    spark.sql(statement).collect()


def _read_csv(spark: SparkSession, directory: Path) -> None:
    path = directory / "orders.csv"
    path.write_text("order_id,price,day\n1,2.50,2026-01-01\n2,3.50,2026-01-02\n", encoding="utf-8")
    raw = spark.read.schema("order_id string, price string, day string, _bad string").csv(
        str(path), header=True, mode="PERMISSIVE", columnNameOfCorruptRecord="_bad"
    )
    raw.selectExpr(
        "order_id",
        "try_cast(price as decimal(12,2)) as price",
        "try_cast(day as timestamp) as day",
        "row_number() over (partition by order_id order by day desc) as position",
    ).where("position = 1").drop("position").createOrReplaceTempView("warm_up_rows")
