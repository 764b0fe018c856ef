"""SQL cannot read or write files of the host or other addresses: each possible way is tried."""

import json

import pytest

pytestmark = pytest.mark.integration

SECRET = "root:x:0:0"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM TABLE(read_text('/etc/passwd'))",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        'SELECT * FROM "https://example.org/data.csv"',
        "SELECT * FROM read_parquet('http://127.0.0.1/x.parquet')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('s3_secret_access_key')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM information_schema.duckdb_settings",
        "WITH x AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM x",
        "SELECT (SELECT content FROM read_text('/etc/passwd'))",
        "COPY (SELECT 1) TO '/tmp/stolen.csv'",
        "COPY t FROM '/etc/passwd'",
        "EXPORT DATABASE '/tmp/stolen'",
        "ATTACH '/tmp/other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "PRAGMA enable_external_access",
        "CALL pragma_version()",
        "CREATE MACRO m() AS 1",
        "IMPORT DATABASE '/tmp/x'",
    ],
)
def test_a_statement_of_the_engine_below_is_refused(lake, sql):
    try:
        query_id = lake.start(sql)
    except lake.athena.exceptions.InvalidRequestException:
        return  # not even SQL
    ended = lake.ended(query_id)

    assert ended["Status"]["State"] == "FAILED"
    assert SECRET not in json.dumps(ended, default=str)


@pytest.mark.parametrize("place", ["/etc/", "file:///etc/", "http://127.0.0.1/", "s3a/../../etc/"])
def test_a_table_of_plain_files_cannot_lie_outside_s3(lake, place):
    lake.glue.create_table(
        DatabaseName=lake.database,
        TableInput={
            "Name": "outside",
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {
                "Columns": [{"Name": "line", "Type": "string"}],
                "Location": place,
                "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
            },
        },
    )

    reason = lake.failure("SELECT * FROM outside")

    assert SECRET not in reason


@pytest.mark.parametrize("place", ["/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/metadata.json"])
def test_an_iceberg_tables_metadata_cannot_lie_outside_s3(lake, place):
    lake.glue.create_table(
        DatabaseName=lake.database,
        TableInput={
            "Name": "outside",
            "Parameters": {"table_type": "ICEBERG", "metadata_location": place},
            "StorageDescriptor": {"Columns": []},
        },
    )

    for sql in ("SELECT * FROM outside", "INSERT INTO outside VALUES (1)", "DELETE FROM outside", "VACUUM outside"):
        reason = lake.failure(sql)
        assert reason.startswith("INVALID_TABLE_PROPERTY: Location must be in Amazon S3"), sql


def test_data_files_of_an_iceberg_table_cannot_lie_outside_s3(lake, tmp_path):
    """Valid metadata in S3, whose manifest names a file of the host."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": pa.array([42], pa.int64())}), tmp_path / "host.parquet")
    lake.create("t", "id bigint")
    table = lake.iceberg().load_table((lake.database, "t"))
    table.add_files([(tmp_path / "host.parquet").as_uri()])

    assert "42" not in lake.failure("SELECT * FROM t")


def test_a_view_that_was_changed_in_glue_to_read_a_file_is_refused(lake):
    lake.run("CREATE VIEW v AS SELECT 1 AS one")
    entry = lake.glue.get_table(DatabaseName=lake.database, Name="v")["Table"]
    document = {
        "originalSql": "SELECT * FROM read_csv('/etc/passwd')",
        "catalog": "awsdatacatalog",
        "schema": lake.database,
        "columns": [{"name": "one", "type": "varchar"}],
    }
    lake.replace_view(entry, document)

    assert SECRET not in lake.failure("SELECT * FROM v")


@pytest.mark.parametrize("text", ["not base64 at all!", "bm8ganNvbg=="], ids=["no base64", "no JSON"])
def test_the_error_for_a_view_that_cannot_be_read_says_so(lake, text):
    lake.run("CREATE VIEW v AS SELECT 1 AS one")
    entry = lake.glue.get_table(DatabaseName=lake.database, Name="v")["Table"]
    lake.glue.update_table(
        DatabaseName=lake.database,
        TableInput={
            "Name": "v",
            "TableType": "VIRTUAL_VIEW",
            "ViewOriginalText": f"/* Presto View: {text} */",
            "StorageDescriptor": entry["StorageDescriptor"],
        },
    )

    assert "INVALID_VIEW" in lake.failure("SELECT * FROM v")


@pytest.mark.parametrize("place", ["/tmp/stolen/", "file:///tmp/stolen/", "http://127.0.0.1/stolen/"])
@pytest.mark.parametrize(
    "sql",
    [
        "UNLOAD (SELECT 1 AS one) TO '{place}' WITH (format = 'PARQUET')",
        "CREATE TABLE stolen WITH (format = 'PARQUET', external_location = '{place}') AS SELECT 1 AS one",
        "CREATE TABLE stolen (one int) LOCATION '{place}' TBLPROPERTIES ('table_type' = 'ICEBERG')",
        "CREATE TABLE stolen WITH (table_type = 'ICEBERG', location = '{place}', is_external = false) AS SELECT 1 AS o",
    ],
)
def test_nothing_is_written_outside_s3(lake, sql, place):
    lake.failure(sql.format(place=place))


def test_more_rows_than_memory_holds_are_sorted_on_disk_or_the_query_says_why_not(lake):
    sql = (
        "SELECT count(*) FROM (SELECT x, y, row_number() OVER (ORDER BY x * 7919 % 10007, y) AS n "
        "FROM UNNEST(sequence(1, 3000)) a(x), UNNEST(sequence(1, 3000)) b(y))"
    )

    assert lake.rows(sql) == [("9000000",)]
