"""SQL for a DuckDB of one's own: what it says of AWS and of the embedded AWS."""

from cartlake_cli.operations.registration import Registered, duckdb_sql

SALES = Registered(
    name="curated.sales_daily",
    database="dev_curated",
    table="sales_daily",
    location="s3://lake-curated/sales_daily",
    metadata_location="s3://lake-curated/sales_daily/metadata/00007-a.metadata.json",
    snapshot_id="7",
    region="eu-west-1",
    account_id="123456789012",
)
VIEW = (
    "create or replace view curated.sales_daily as select * from "
    "iceberg_scan('s3://lake-curated/sales_daily/metadata/00007-a.metadata.json');"
)


def test_on_aws_credentials_are_found_as_other_clients_find_them():
    lines = duckdb_sql([SALES]).splitlines()

    assert "create or replace secret lake (type s3, provider credential_chain, region 'eu-west-1');" in lines
    assert lines[-2:] == ["create schema if not exists curated;", VIEW]


def test_on_the_laptop_the_embedded_aws_is_read():
    text = duckdb_sql([SALES], "http://127.0.0.1:2345")

    assert "endpoint '127.0.0.1:2345', url_style 'path', use_ssl false" in text
    assert "load aws" not in text
