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
VIEW = 'create or replace view curated.sales_daily as select * from lake."dev_curated"."sales_daily";'


ATTACH_AWS = (
    "attach if not exists '123456789012' as lake (type iceberg, read_only, "
    "endpoint 'glue.eu-west-1.amazonaws.com/iceberg', authorization_type 'sigv4');"
)
ATTACH_LOCAL = (
    "attach if not exists 'lake' as lake (type iceberg, read_only, "
    "endpoint 'http://127.0.0.1:2345/iceberg', token 'test');"
)


def test_on_aws_the_catalog_is_that_of_the_account_with_credentials_as_other_clients_find_them():
    lines = duckdb_sql([SALES]).splitlines()

    assert lines[-4:] == [
        "create or replace secret lake (type s3, provider credential_chain, region 'eu-west-1');",
        ATTACH_AWS,
        "create schema if not exists curated;",
        VIEW,
    ]


def test_on_the_laptop_the_embedded_aws_is_read():
    lines = duckdb_sql([SALES], "http://127.0.0.1:2345").splitlines()

    assert lines[-3:-1] == [ATTACH_LOCAL, "create schema if not exists curated;"]
    assert not [line for line in lines if "load aws" in line]


def test_without_tables_nothing_is_attached():
    assert duckdb_sql([]) == "install httpfs; load httpfs;\ninstall iceberg; load iceberg;\ninstall aws; load aws;\n"
