"""Athena of the embedded AWS through its API, with boto3 and awswrangler."""

import csv
import io
import time
from decimal import Decimal

import awswrangler as wr
import boto3
import pytest
from botocore.exceptions import ClientError

from localaws.spark.session import spark_session

pytestmark = pytest.mark.integration


class TestResults:
    def test_values_have_the_text_of_athena(self, orders):
        rows = orders.rows("SELECT * FROM orders ORDER BY id")

        assert rows[0] == ("1", "2024-01-01", "10.50", "[a, b]", "2024-01-01 10:00:00.123456 UTC")
        assert rows[1][3] == "[]"
        assert rows[2][2:4] == (None, None)

    def test_columns_have_athenas_types(self, orders):
        answer = orders.results(
            "SELECT id, day, amount, tags, at, 'x' AS s, 1E0 AS d, sum(amount) OVER () t FROM orders"
        )
        info = {
            c["Name"]: (c["Type"], c["Precision"], c["Scale"])
            for c in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        }

        assert info["amount"] == ("decimal", 12, 2)
        assert info["t"] == ("decimal", 38, 2)
        assert {name: info[name][0] for name in ("id", "day", "tags", "at", "s", "d")} == {
            "id": "bigint",
            "day": "date",
            "tags": "array",
            "at": "timestamp with time zone",
            "s": "varchar",
            "d": "double",
        }

    def test_nested_values_binaries_and_intervals_have_a_text(self, lake):
        [row] = lake.rows(
            "SELECT MAP(ARRAY['a'], ARRAY[ARRAY[1, NULL]]), CAST(ROW(1, 'x') AS ROW(a INTEGER, b VARCHAR)), X'4142', "
            "INTERVAL '90' MINUTE, INTERVAL '1-2' YEAR TO MONTH, 1E10, 0.1E0, 1E-5, true, "
            "TIMESTAMP '2024-01-01 00:00:00'"
        )

        assert row == (
            "{a=[1, null]}", "{a=1, b=x}", "41 42", "0 01:30:00.000", "1-2", "1.0E10", "0.1", "1.0E-5", "true",
            "2024-01-01 00:00:00.000",
        )  # fmt: skip

    def test_the_csv_is_where_get_query_execution_says(self, orders):
        ended = orders.run("SELECT id, amount, '' AS empty FROM orders ORDER BY id DESC LIMIT 1")
        bucket, key = ended["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)

        assert orders.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b'"id","amount","empty"\n"3",,""\n'

    def test_pages_follow_each_other_without_loss(self, lake):
        query_id = lake.run("SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x")["QueryExecutionId"]

        pages = list(lake.athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id))
        values = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]

        assert len(pages) == 3
        assert values == ["x", *map(str, range(1, 2501))]

    def test_statistics_count_the_bytes_of_the_files_touched(self, orders):
        assert orders.run("SELECT sum(amount) FROM orders")["Statistics"]["DataScannedInBytes"] > 0
        assert orders.run("SELECT 1")["Statistics"]["DataScannedInBytes"] == 0

    @pytest.mark.parametrize(
        ("sql", "kind"), [("SELECT 1", "DML"), ("SHOW TABLES", "UTILITY"), ("DROP TABLE IF EXISTS nothing", "DDL")]
    )
    def test_statement_type(self, lake, sql, kind):
        assert lake.run(sql)["StatementType"] == kind

    def test_the_result_of_a_query_that_runs_or_failed_is_refused(self, lake):
        query_id = lake.start("SELECT * FROM nothing")
        lake.ended(query_id)

        with pytest.raises(ClientError, match="FAILED"):
            lake.athena.get_query_results(QueryExecutionId=query_id)


class TestErrors:
    def test_a_missing_table_or_column_is_named_with_its_position(self, orders):
        assert orders.failure("SELECT *\nFROM nothing") == (
            f"TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.{orders.database}.nothing' does not exist"
        )
        assert orders.failure("SELECT nope FROM orders").startswith("COLUMN_NOT_FOUND: line 1:8: Column 'nope'")

    def test_failure_carries_an_error_category(self, lake):
        ended = lake.ended(lake.start("SELECT 1/0"))

        assert ended["Status"]["AthenaError"]["ErrorCategory"] == 2
        assert ended["Status"]["StateChangeReason"] == "DIVISION_BY_ZERO: Division by zero"

    def test_text_that_is_not_sql_is_refused_by_start_query_execution(self, lake):
        with pytest.raises(ClientError, match="mismatched input"):
            lake.start("SELECT FROM WHERE")

    @pytest.mark.parametrize(
        "sql", ["EXPLAIN ANALYZE SELECT 1", "CALL system.runtime()", "SELECT spooky_hash_v2_64(X'00')"]
    )
    def test_the_error_for_unsupported_sql_names_it(self, lake, sql):
        assert lake.failure(sql).startswith("NOT_SUPPORTED: ")

    def test_missing_output_location_is_refused(self, lake):
        with pytest.raises(ClientError, match="No output location provided"):
            lake.start("SELECT 1", ResultConfiguration={})

    def test_missing_output_bucket_is_refused(self, lake):
        with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
            lake.start("SELECT 1", ResultConfiguration={"OutputLocation": "s3://no-such-bucket/x/"})


class TestWorkgroup:
    def test_enforced_location_and_encryption_override_the_clients(self, lake, name):
        encryption = {"EncryptionOption": "SSE_S3"}
        lake.athena.create_work_group(
            Name=name,
            Configuration={
                "EnforceWorkGroupConfiguration": True,
                "ResultConfiguration": {
                    "OutputLocation": f"s3://{name}/enforced/", "EncryptionConfiguration": encryption,
                },
            },
        )  # fmt: skip

        ended = lake.run("SELECT 1", WorkGroup=name)

        result = ended["ResultConfiguration"]
        assert result["OutputLocation"] == f"s3://{name}/enforced/{ended['QueryExecutionId']}.csv"
        assert result["EncryptionConfiguration"] == encryption

    def test_a_workgroup_keeps_the_engine_version_it_was_given(self, lake, name):
        athena, version = lake.athena, {"SelectedEngineVersion": "Athena engine version 3"}

        athena.create_work_group(Name=name, Configuration={"EngineVersion": version})

        kept = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]["EngineVersion"]
        assert kept["SelectedEngineVersion"] == "Athena engine version 3"

    def test_unknown_workgroup_is_refused(self, lake):
        with pytest.raises(ClientError, match="is not found"):
            lake.start("SELECT 1", WorkGroup="nobody")


class TestParameters:
    def test_values_are_bound_in_the_order_of_the_text(self, orders):
        rows = orders.rows(
            "SELECT id, ? FROM orders WHERE day = ? AND id > ? LIMIT 5", "'x''y'", "DATE '2024-01-02'", "2"
        )

        assert rows == [("3", "x'y")]

    @pytest.mark.parametrize("value", ["1 OR true) --", "(SELECT 1)", "id", "1; DROP TABLE orders"])
    def test_a_value_cannot_be_more_than_a_constant(self, orders, value):
        orders.failure("SELECT * FROM orders WHERE id = ?", value)

        assert len(orders.rows("SELECT id FROM orders")) == 3

    def test_the_number_of_values_must_be_that_of_the_parameters(self, lake):
        assert "expected 2 but found 1" in lake.failure("SELECT ?, ?", "1")

    def test_prepared_statement(self, orders, name):
        orders.run(f"PREPARE {name} FROM SELECT id FROM orders WHERE id >= ? AND id < ?")

        assert orders.rows(f"EXECUTE {name} USING 2, 3") == [("2",)]
        orders.run(f"DEALLOCATE PREPARE {name}")
        assert "not found" in orders.failure(f"EXECUTE {name} USING 1, 2")


class TestWrites:
    def test_update_delete_and_insert(self, orders):
        orders.run(
            "UPDATE orders SET amount = CAST(amount * 2 AS DECIMAL(12,2)), tags = ARRAY['n'] "
            "WHERE day = DATE '2024-01-02' AND id = 2"
        )
        orders.run("DELETE FROM orders WHERE amount IS NULL")
        orders.run("INSERT INTO orders (id, day) SELECT id + 10, day FROM orders WHERE id = 1")

        assert orders.rows("SELECT id, amount, tags FROM orders ORDER BY id") == [
            ("1", "10.50", "[a, b]"), ("2", "40.00", "[n]"), ("11", None, None),
        ]  # fmt: skip

    def test_update_rewrites_only_the_files_it_touches(self, orders):
        before = set(orders.rows("""SELECT file_path FROM "orders$files" """))

        orders.run("UPDATE orders SET amount = 1 WHERE id = 1")

        after = set(orders.rows("""SELECT file_path FROM "orders$files" """))
        assert len(before) == len(after) == 2
        assert len(before & after) == 1

    def test_merge_updates_deletes_and_inserts_in_one_snapshot(self, orders):
        orders.run(
            "MERGE INTO orders AS t USING (VALUES (1, 'gone', 0), (2, 'new', 7), (9, 'add', 9)) AS s(id, what, amount) "
            "ON t.id = s.id WHEN MATCHED AND s.what = 'gone' THEN DELETE "
            "WHEN MATCHED THEN UPDATE SET amount = s.amount "
            "WHEN NOT MATCHED THEN INSERT (id, amount, at) VALUES (s.id, s.amount, TIMESTAMP '2024-01-05 00:00:00 UTC')"
        )

        assert orders.rows("SELECT id, amount FROM orders ORDER BY id") == [("2", "7.00"), ("3", None), ("9", "9.00")]
        assert len(orders.rows("""SELECT 1 FROM "orders$snapshots" """)) == 2

    def test_merge_into_an_empty_table_inserts_everything(self, lake):
        lake.create("empty", "id int, v string")

        lake.run(
            "MERGE INTO empty t USING (VALUES (1, 'a')) s(id, v) ON t.id = s.id "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v)"
        )

        assert lake.rows("SELECT * FROM empty") == [("1", "a")]

    def test_merge_fails_when_a_row_matches_twice(self, orders):
        reason = orders.failure(
            "MERGE INTO orders t USING (VALUES 1, 1) s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET amount = 0"
        )

        assert reason.startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES")
        assert orders.rows("SELECT amount FROM orders WHERE id = 1") == [("10.50",)]

    def test_of_two_concurrent_writers_one_fails_with_a_commit_error(self, orders):
        started = [
            orders.start(f"UPDATE orders SET amount = CAST(amount + {n} AS DECIMAL(12,2)) WHERE id = 1")
            for n in (1, 2, 4)
        ]
        ended = [orders.ended(query_id) for query_id in started]

        done = [n for n, e in zip((1, 2, 4), ended, strict=True) if e["Status"]["State"] == "SUCCEEDED"]
        failed = [e["Status"]["StateChangeReason"] for e in ended if e["Status"]["State"] == "FAILED"]
        [(amount,)] = orders.rows("SELECT amount FROM orders WHERE id = 1")
        assert Decimal(amount) == Decimal("10.50") + sum(done)
        assert all(reason.startswith("ICEBERG_COMMIT_ERROR") for reason in failed)

    def test_insert_of_another_type_is_refused(self, orders):
        assert orders.failure("INSERT INTO orders (id) SELECT 'x'").startswith(
            "TYPE_MISMATCH: Insert query has mismatched"
        )


class TestTables:
    def test_a_table_without_snapshots_is_empty(self, lake):
        lake.create("fresh", "id int, v string")

        assert lake.rows("SELECT count(*), max(v) FROM fresh") == [("0", None)]
        assert lake.rows("""SELECT * FROM "fresh$files" """) == []

    def test_create_describe_alter_and_drop(self, lake):
        lake.create("t", "id bigint COMMENT 'the key', at timestamp, price decimal(10,2)", "month(at), bucket(4, id)")
        lake.run("INSERT INTO t VALUES (1, TIMESTAMP '2024-01-01 00:00:00', DECIMAL '1.00')")
        lake.run("ALTER TABLE t ADD COLUMNS (note string, n int)")

        assert lake.rows("DESCRIBE t") == [
            ("id", "bigint", "the key"), ("at", "timestamp", ""), ("price", "decimal(10,2)", ""),
            ("note", "string", ""), ("n", "int", ""),
        ]  # fmt: skip
        assert lake.rows("SELECT note, price FROM t") == [(None, "1.00")]
        assert any("month(at), bucket(4, id)" in line for (line,) in lake.rows("SHOW CREATE TABLE t"))
        assert lake.rows("SHOW TABLES") == [("t",)]
        lake.run("DROP TABLE t")
        assert lake.rows("SHOW TABLES") == []
        assert not lake.s3.list_objects_v2(Bucket=lake.bucket, Prefix="t/").get("Contents")

    def test_create_table_as_iceberg(self, orders):
        orders.run(
            f"CREATE TABLE copy WITH (table_type='ICEBERG', location='s3://{orders.bucket}/copy/', is_external=false, "
            "partitioning=ARRAY['day']) AS SELECT id, day, amount FROM orders"
        )

        assert orders.rows("SELECT day, count(*) FROM copy GROUP BY 1 ORDER BY 1") == [
            ("2024-01-01", "1"),
            ("2024-01-02", "2"),
        ]
        assert len(orders.rows("""SELECT * FROM "copy$partitions" """)) == 2

    def test_time_travel_and_history(self, orders):
        [(first,)] = orders.rows("""SELECT snapshot_id FROM "orders$snapshots" """)
        [(before,)] = orders.rows("SELECT to_iso8601(current_timestamp)")
        time.sleep(0.01)
        orders.run("DELETE FROM orders WHERE id > 1")

        assert orders.rows("SELECT count(*) FROM orders") == [("1",)]
        assert orders.rows(f"SELECT count(*) FROM orders FOR VERSION AS OF {first}") == [("3",)]
        moment = f"from_iso8601_timestamp('{before}')"
        assert orders.rows(f"SELECT count(*) FROM orders FOR TIMESTAMP AS OF {moment}") == [("3",)]
        assert "snapshot ID does not exists" in orders.failure("SELECT 1 FROM orders FOR VERSION AS OF 1")
        assert "No version history" in orders.failure(
            "SELECT 1 FROM orders FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC'"
        )
        assert orders.rows("""SELECT is_current_ancestor FROM "orders$history" """) == [("true",), ("true",)]
        assert orders.rows("""SELECT name, type FROM "orders$refs" """) == [("main", "BRANCH")]
        assert len(orders.rows("""SELECT path FROM "orders$manifests" """)) >= 1

    def test_views_are_stored_as_athena_stores_them(self, orders):
        orders.run("CREATE OR REPLACE VIEW daily AS SELECT day, sum(amount) AS total FROM orders GROUP BY day")
        orders.run("CREATE OR REPLACE VIEW best AS SELECT * FROM daily WHERE total > 10")

        stored = orders.glue.get_table(DatabaseName=orders.database, Name="best")["Table"]
        assert stored["ViewOriginalText"].startswith("/* Presto View: ")
        assert [c["Type"] for c in stored["StorageDescriptor"]["Columns"]] == ["date", "decimal(38,2)"]
        assert orders.rows("SELECT day, total FROM best ORDER BY day") == [
            ("2024-01-01", "10.50"),
            ("2024-01-02", "20.00"),
        ]
        orders.run("DROP VIEW best")
        assert "does not exist" in orders.failure("SELECT * FROM best")

    def test_information_schema(self, orders):
        rows = orders.rows(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = ? ORDER BY ordinal_position",
            f"'{orders.database}'",
        )

        assert rows[:2] == [("id", "bigint"), ("day", "date")]

    def test_the_next_query_sees_what_another_writer_committed(self, orders, localaws):
        from pyiceberg.catalog.glue import GlueCatalog

        keys = {"glue.endpoint": localaws.endpoint, "s3.endpoint": localaws.endpoint, "client.region": "us-east-1"}
        catalog = GlueCatalog("g", **keys, **{"client.access-key-id": "test", "client.secret-access-key": "test"})
        catalog.load_table((orders.database, "orders")).delete("id = 1")

        assert orders.rows("SELECT count(*) FROM orders") == [("2",)]


class TestFiles:
    def external(self, lake, table, columns, serde, parameters, keys=(), **table_parameters):
        lake.glue.create_table(
            DatabaseName=lake.database,
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"EXTERNAL": "TRUE", **table_parameters},
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
                "StorageDescriptor": {
                    "Columns": [{"Name": n, "Type": t} for n, t in columns],
                    "Location": f"s3://{lake.bucket}/{table}/",
                    "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
                },
            },
        )

    def test_csv_of_the_crawler(self, lake):
        lake.put("raw/a.csv", 'id,name,price\n1,"x, y",1.5\n2,,\n')
        lake.put("raw/_temporary/skipped.csv", "id,name,price\n9,z,9\n")
        self.external(
            lake, "raw", [("id", "bigint"), ("name", "string"), ("price", "double")],
            "org.apache.hadoop.hive.serde2.OpenCSVSerde", {"separatorChar": ",", "quoteChar": '"'},
            classification="csv", **{"skip.header.line.count": "1"},
        )  # fmt: skip

        assert lake.rows("SELECT * FROM raw ORDER BY id") == [("1", "x, y", "1.5"), ("2", "", None)]
        assert lake.rows("""SELECT DISTINCT "$path" FROM raw""") == [(f"s3://{lake.bucket}/raw/a.csv",)]

    def test_a_file_overwritten_between_two_queries_is_read_again(self, lake):
        self.external(lake, "j", [("id", "int"), ("v", "array<string>")], "org.openx.data.jsonserde.JsonSerDe", {})
        lake.put("j/a.jsonl", '{"id": 1, "v": ["a"]}\n')
        assert lake.rows("SELECT * FROM j") == [("1", "[a]")]

        lake.put("j/a.jsonl", '{"id": 2, "v": ["b"]}\n')

        assert lake.rows("SELECT * FROM j") == [("2", "[b]")]

    def test_partitions_of_delimited_text(self, lake):
        self.external(
            lake, "p", [("id", "int"), ("v", "string")], "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            {"field.delim": "|"}, ("day",),
        )  # fmt: skip
        for day, text in {"2024-01-01": "1|a\n", "2024-01-02": "x|\\N\n"}.items():
            lake.put(f"p/day={day}/f.txt", text)
            lake.glue.create_partition(
                DatabaseName=lake.database, TableName="p",
                PartitionInput={"Values": [day], "StorageDescriptor": {"Location": f"s3://{lake.bucket}/p/day={day}/"}},
            )  # fmt: skip

        assert lake.rows("SELECT day, id, v FROM p ORDER BY day") == [
            ("2024-01-01", "1", "a"),
            ("2024-01-02", None, None),
        ]
        assert lake.rows("SHOW PARTITIONS p") == [("day=2024-01-01",), ("day=2024-01-02",)]

    def test_the_workgroups_scan_limit_stops_a_query(self, lake, name):
        lake.athena.create_work_group(Name=name, Configuration={"BytesScannedCutoffPerQuery": 10_000_000})
        self.external(lake, "big", [("id", "int")], "org.openx.data.jsonserde.JsonSerDe", {})
        lake.put("big/a.jsonl", '{"id": 1}\n' * 1_100_000)

        assert "Bytes scanned limit was exceeded" in lake.failure("SELECT max(id) FROM big", WorkGroup=name)
        assert lake.rows("SELECT max(id) FROM big") == [("1",)]

    def test_an_empty_location_is_an_empty_table(self, lake):
        self.external(lake, "nothing", [("id", "int")], "org.openx.data.jsonserde.JsonSerDe", {})

        assert lake.rows("SELECT count(*) FROM nothing") == [("0",)]


class TestOtherQueries:
    def test_stop(self, lake):
        query_id = lake.start(
            "SELECT count(*) FROM UNNEST(sequence(1, 9999)) a(x), UNNEST(sequence(1, 9999)) b(y), "
            "UNNEST(sequence(1, 9)) c(z) WHERE x * y * z = 7"
        )
        lake.athena.stop_query_execution(QueryExecutionId=query_id)

        assert lake.ended(query_id)["Status"]["State"] == "CANCELLED"

    def test_many_at_once(self, orders):
        started = [orders.start(f"SELECT {n}, sum(amount) / 3 FROM orders") for n in range(12)]
        for query_id in started:
            assert orders.ended(query_id)["Status"]["State"] == "SUCCEEDED"

        results = [orders.athena.get_query_results(QueryExecutionId=q)["ResultSet"]["Rows"][1]["Data"] for q in started]
        assert [[cell["VarCharValue"] for cell in row] for row in results] == [[str(n), "10.17"] for n in range(12)]


@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")  # awswrangler on pandas 3
class TestAwswrangler:
    @pytest.fixture
    def session(self, localaws, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", localaws.endpoint)
        return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")

    @pytest.mark.parametrize(
        "approach",
        [{"ctas_approach": False}, {"ctas_approach": True}, {"ctas_approach": False, "unload_approach": True}],
        ids=["csv", "ctas", "unload"],
    )
    def test_read_sql_query(self, orders, session, approach):
        frame = wr.athena.read_sql_query(
            "SELECT id, day, amount FROM orders ORDER BY id",
            database=orders.database,
            s3_output=f"s3://{orders.bucket}/wrangler/",
            boto3_session=session,
            **approach,
        )

        assert list(frame["id"]) == [1, 2, 3]
        assert frame["amount"][0] == Decimal("10.50")


@pytest.mark.spark
class TestMergeOnRead:
    """Position deletes, written by Spark as in production."""

    def test_deleted_and_updated_rows_are_never_returned(self, lake, localaws):
        table = f"glue_catalog.{lake.database}.mor"
        with spark_session(localaws.endpoint, {"spark.master": "local[1]"}) as spark:
            spark.sql(
                f"CREATE TABLE {table} (id BIGINT, day DATE, v STRING) USING iceberg PARTITIONED BY (day) "
                "TBLPROPERTIES "
                "('format-version'='2', 'write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read', "
                "'write.merge.mode'='merge-on-read')"
            )
            spark.sql(
                f"INSERT INTO {table} "
                "SELECT id, date_add(DATE '2024-01-01', CAST(id % 3 AS INT)), 'v0' FROM range(3000)"
            )
            spark.sql(f"DELETE FROM {table} WHERE id % 10 = 0")
            spark.sql(f"UPDATE {table} SET v = 'v1' WHERE id % 10 = 1")
            deletes = spark.sql(f"SELECT count(*) AS n FROM {table}.delete_files").collect()[0]["n"]

        assert deletes > 0
        expected = [("v0", "2400"), ("v1", "300")]
        assert lake.rows("SELECT v, count(*) FROM mor GROUP BY v ORDER BY v") == expected
        assert lake.rows("SELECT count(*) FROM mor WHERE id % 10 = 0") == [("0",)]

        lake.run("UPDATE mor SET v = 'v2' WHERE id = 2")
        lake.run("DELETE FROM mor WHERE id = 3")
        lake.run(
            "MERGE INTO mor t USING (VALUES (0, 'back'), (4, 'v2')) s(id, v) ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET v = s.v "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.id, DATE '2024-01-01', s.v)"
        )

        assert lake.rows("SELECT v, count(*) FROM mor GROUP BY v ORDER BY v") == [
            ("back", "1"),
            ("v0", "2397"),
            ("v1", "300"),
            ("v2", "2"),
        ]
        assert lake.rows("SELECT count(DISTINCT id), count(*) FROM mor") == [("2700", "2700")]


def test_results_read_as_plain_csv(orders):
    ended = orders.run("SELECT id, tags FROM orders WHERE id < 3 ORDER BY id")
    bucket, key = ended["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)
    text = orders.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    assert list(csv.DictReader(io.StringIO(text))) == [{"id": "1", "tags": "[a, b]"}, {"id": "2", "tags": "[]"}]
