"""The steps of a batch, each a pure function of rows: conformed, prepared, linked to parents, judged, made unique."""

from typing import Final

from cartlake.contracts import RECEIVED_AT, Table
from cartlake.engine import DataFrame, F, broadcast
from glue_jobs.shared.functions import prepared
from glue_jobs.transforms.file_rows.conforming import conform
from glue_jobs.transforms.file_rows.judging import judge
from glue_jobs.transforms.file_rows.parents import with_parents
from glue_jobs.transforms.file_rows.versions import STORED, beside_stored, newer, order_of_versions

RECEPTION_SCHEMA: Final = "_source_file string, received_at string"


def judged_rows(raw: DataFrame, *parents: DataFrame, table: Table) -> DataFrame:
    """Return raw rows as `judging.judge` returns them. `parents` as `parents.with_parents` takes them."""
    return judge(with_parents(prepared(conform(raw, table), table), table, *parents), table)


def with_reception(raw: DataFrame, files: DataFrame) -> DataFrame:
    """Return raw rows with `_received_at` (timestamp, UTC) of their file. `files` as RECEPTION_SCHEMA."""
    received = files.select("_source_file", F.expr("cast(received_at as timestamp)").alias(RECEIVED_AT))
    return raw.join(broadcast(received), on="_source_file", how="left")


def total_copies(repeated: DataFrame) -> DataFrame:
    """Return one row: the number of repeated `keys`, and of rows that have one of them, `copies`. Both bigint."""
    return repeated.agg(
        F.coalesce(F.sum("copies"), F.lit(0)).cast("bigint").alias("copies"), F.count(F.lit(1)).alias("keys")
    )


def rows_by_day(rows: DataFrame, table: Table) -> DataFrame:
    """Return the number of `rows` (bigint) of each `day` (date, UTC) of the event time."""
    by_day = rows.groupBy(F.to_date(F.col(str(table.event_time))).alias("day"))
    return by_day.agg(F.count(F.lit(1)).alias("rows"))


def outdated_rows(kept: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """Return the kept rows, with those stored beside them, that lost: to a stored row of the same key, not older."""
    names = [*table.primary_key, *order_of_versions(table)]
    is_newer = newer(table, row="", than=STORED)
    beside = beside_stored(kept.select(*names), stored.select(*names), table, how="inner")
    return beside.where(F.expr(f"not {is_newer}"))


def known_keys(kept: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of kept rows that stored rows have."""
    keys = list(table.primary_key)
    return kept.select(*keys).join(stored.select(*keys), on=keys, how="inner")


def missing_keys(gone: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of `gone` that no stored row has."""
    keys = list(table.primary_key)
    return gone.join(stored.select(*keys), on=keys, how="left_anti")


def keys_of_both(one: DataFrame, other: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of all rows of two frames."""
    keys = list(table.primary_key)
    return one.select(*keys).unionByName(other.select(*keys))
