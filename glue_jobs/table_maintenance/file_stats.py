"""The file statistics of a table as Spark reads them from Iceberg's metadata tables, without opening a data file."""

# ruff: noqa: S608 - table names come from contracts, numbers from settings

from datetime import UTC, datetime

from pyspark.sql import Row, SparkSession

from cartlake.contracts import Maintenance
from cartlake.tables.file_stats import FileStats, PartitionFiles, Snapshot


def file_stats_of(spark: SparkSession, name: str, settings: Maintenance) -> FileStats:
    """Return the statistics of the table as it is now. `name` is catalog.database.table."""
    spark.catalog.refreshTable(name)  # others commit too, and Spark caches what it has read of a table
    data = _data_files(spark, name, settings)
    deletes = spark.sql(
        f"select count(*) as files, coalesce(sum(if(content = 1, record_count, 0)), 0) as deleted_rows "
        f"from {name}.delete_files"
    ).collect()[0]
    refs = spark.sql(f"select name, type, snapshot_id from {name}.refs").collect()
    return FileStats(
        partitions=[PartitionFiles(row.files, row.size, row.small, row.small_size) for row in data],
        records=sum(row.records for row in data),
        delete_files=deletes.files,
        deleted_rows=deletes.deleted_rows,
        manifests=spark.sql(f"select count(*) from {name}.manifests").collect()[0][0],
        snapshots=_snapshots(spark, name),
        branches={row["name"]: row.snapshot_id for row in refs if row.type == "BRANCH"},
        tags={row["name"]: row.snapshot_id for row in refs if row.type == "TAG"},
    )


def _data_files(spark: SparkSession, name: str, settings: Maintenance) -> list[Row]:
    files = f"{name}.data_files"
    places = ["spec_id", *(["partition"] if "partition" in spark.table(files).columns else [])]
    small = f"file_size_in_bytes < {settings.small_bytes}"
    return spark.sql(
        "select count(*) as files, sum(file_size_in_bytes) as size, sum(record_count) as records, "
        f"count_if({small}) as small, sum(if({small}, file_size_in_bytes, 0)) as small_size "
        f"from {files} group by {', '.join(places)}"
    ).collect()


def _snapshots(spark: SparkSession, name: str) -> list[Snapshot]:
    rows = spark.sql(
        f"select snapshot_id, parent_id, unix_millis(committed_at) as millis, operation from {name}.snapshots"
    ).collect()
    return [
        Snapshot(row.snapshot_id, row.parent_id, datetime.fromtimestamp(row.millis / 1000, UTC), row.operation)
        for row in rows
    ]
