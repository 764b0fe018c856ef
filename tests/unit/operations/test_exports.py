from io import BytesIO
from types import SimpleNamespace

import pytest
from botocore.response import StreamingBody

from cartlake import contracts
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.exports import files as export_files
from cartlake_cli.operations.exports.files import Target
from cartlake_cli.operations.exports.manifest import (
    ExportedFile,
    ExportError,
    check_whole,
    chosen_columns,
    count_sql,
    described,
    select_sql,
)
from cartlake_cli.operations.registration import Registered, databricks_sql, snowflake_sql

SNAPSHOT = 1234567890123


ROWS = {
    b'"a","b"\n': 0,
    b'"a","b"\n"1","2"\n"3",\n': 2,
    b'"a"\n"a break\r\nand a ""quote""\n"\n"2"\n': 2,
    b'"a"\n"' + b"x" * 200_000 + b'"\n"2"': 2,
    b'"a"\n\n"2"\n': 2,
}


@pytest.mark.parametrize(("text", "rows"), ROWS.items(), ids=["none", "null", "breaks", "long", "one null column"])
def test_rows_of_a_csv_are_counted_whatever_is_in_them(monkeypatch, text, rows):
    body = StreamingBody(BytesIO(text), len(text))
    monkeypatch.setattr(export_files, "client", lambda _: SimpleNamespace(get_object=lambda **_: {"Body": body}))

    assert export_files._rows_of_csv("bucket", "part-00000.csv") == rows


@pytest.fixture
def table():
    return contracts.load("transactions").table


@pytest.fixture
def stored(table):
    return [column.name for column in table.columns]


def test_all_columns_are_exported_in_the_order_of_the_contract(table, stored):
    assert [column.name for column in chosen_columns(table, [], stored, with_pii=True)] == stored


def test_named_columns_come_in_the_order_they_are_named_once(table, stored):
    chosen = chosen_columns(table, ["currency", "order_id", "currency"], stored, with_pii=False)

    assert [column.name for column in chosen] == ["currency", "order_id"]


def test_personal_data_is_refused_with_a_way_out(table, stored):
    with pytest.raises(ExportError, match=r"customer_email .*--columns order_id,.*--with-pii") as refused:
        chosen_columns(table, [], stored, with_pii=False)

    offered = str(refused.value).split("--columns ")[1].split(",")
    assert "customer_email" not in offered


def test_a_column_that_version_did_not_have_is_refused_by_name(table, stored):
    with pytest.raises(ExportError, match="no column currency"):
        chosen_columns(table, ["currency"], [name for name in stored if name != "currency"], with_pii=False)


def test_rows_and_their_number_are_asked_of_one_version_with_one_condition(table, stored):
    columns = chosen_columns(table, ["order_id", "ordered_at"], stored, with_pii=False)

    select = select_sql(columns, "parquet", "processed.transactions", SNAPSHOT, "quantity > 1")
    count = count_sql("processed.transactions", SNAPSHOT, "quantity > 1")

    source = "from processed.transactions for version as of 1234567890123 where quantity > 1"
    assert (
        select
        == f"select order_id as order_id, cast(ordered_at at time zone 'UTC' as timestamp(3)) as ordered_at {source}"
    )
    assert count == f"select count(*) {source}"


def test_in_csv_times_say_their_zone_and_lists_are_json():
    table = contracts.load("ops").table
    columns = chosen_columns(table, ["reasons", "quarantined_at"], ["reasons", "quarantined_at"], with_pii=False)

    select = select_sql(columns, "csv", "ops.quarantine_rows", SNAPSHOT, None)

    assert "json_format(cast(reasons as json)) as reasons" in select
    assert "|| 'Z' as quarantined_at" in select
    assert [column.type for column in described(columns, "csv")] == ["json", "timestamp(3)"]


def test_files_that_hold_other_rows_than_the_table_are_no_export():
    file = ExportedFile(uri="s3://b/k", key="k", bytes=1, rows=3, etag="e")

    check_whole("processed.t", [file, file], 6)
    with pytest.raises(ExportError, match=r"6 rows were written, and processed\.t has 7"):
        check_whole("processed.t", [file, file], 7)


@pytest.mark.parametrize("uri", ["", "bucket/folder", "s3://", "s3://bucket", "s3://bucket/"])
def test_a_place_that_is_no_folder_is_refused(uri):
    with pytest.raises(CommandError, match="needs a folder of its own"):
        Target.of(uri)


def test_a_folder_may_be_written_with_or_without_its_slash():
    assert Target.of("s3://bucket/a/b") == Target.of("s3://bucket/a/b/") == Target("bucket", "a/b/")


def test_statements_name_the_table_where_it_lies():
    found = Registered(
        name="processed.orders",
        database="dev_processed",
        table="orders",
        location="s3://bucket/orders",
        metadata_location="s3://bucket/orders/metadata/00001.metadata.json",
        snapshot_id="7",
        region="eu-west-1",
        account_id="123456789012",
    )

    assert "METADATA_FILE_PATH = 'orders/metadata/00001.metadata.json'" in snowflake_sql(found)
    assert "REFRESH 'orders/metadata/00001.metadata.json'" in snowflake_sql(found)
    assert "authorized_paths 's3://bucket/'" in databricks_sql(found)
    assert "cartlake.dev_processed.orders" in databricks_sql(found)
