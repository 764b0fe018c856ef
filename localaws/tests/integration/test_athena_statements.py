"""Statements that change or maintain tables, tested by their effects."""

import datetime as dt
import json

import pytest

pytestmark = pytest.mark.integration


def add_rows(lake, *days, table="t"):
    """One file for each day, each with one row."""
    for number, day in enumerate(days, start=1):
        lake.run(f"INSERT INTO {table} VALUES ({number}, DATE '{day}')")


def files(lake, table="t"):
    return sorted(path for (path,) in lake.rows(f"""SELECT file_path FROM "{table}$files" """))


def snapshots(lake, table="t"):
    return lake.rows(f"""SELECT operation FROM "{table}$snapshots" ORDER BY committed_at""")


def external(lake, table, columns="id int", keys="", properties=""):
    partitioned = f" PARTITIONED BY ({keys})" if keys else ""
    lake.run(
        f"CREATE EXTERNAL TABLE {table} ({columns}){partitioned} "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION 's3://{lake.bucket}/{table}/' TBLPROPERTIES ('classification'='json'{properties})"
    )


class TestOptimize:
    def test_small_files_become_one_per_partition_and_no_row_changes(self, lake):
        lake.create("t", "id bigint, day date", "day", optimize_rewrite_data_file_threshold="2")
        add_rows(lake, "2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03")
        before, alone = lake.rows("SELECT * FROM t ORDER BY id"), files(lake)

        lake.run("OPTIMIZE t REWRITE DATA USING BIN_PACK")

        assert lake.rows("SELECT * FROM t ORDER BY id") == before
        assert len(files(lake)) == 3
        assert len(set(files(lake)) & set(alone)) == 1  # the only file of its day stays
        assert snapshots(lake)[-1] == ("replace",)

    def test_fewer_files_than_the_threshold_are_not_rewritten(self, lake):
        lake.create("t", "id bigint, day date")
        add_rows(lake, *["2024-01-01"] * 4)

        lake.run("OPTIMIZE t REWRITE DATA USING BIN_PACK")

        assert len(files(lake)) == 4
        add_rows(lake, "2024-01-01")
        lake.run("OPTIMIZE t REWRITE DATA USING BIN_PACK")
        assert len(files(lake)) == 1

    def test_a_condition_chooses_the_partitions(self, lake):
        lake.create("t", "id bigint, day date", "day", optimize_rewrite_data_file_threshold="2")
        add_rows(lake, "2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02")

        lake.run("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE day < DATE '2024-01-02'")

        assert lake.rows("""SELECT file_count FROM "t$partitions" ORDER BY partition.day""") == [("1",), ("2",)]

    def test_a_condition_on_another_column_is_refused(self, lake):
        lake.create("t", "id bigint, day date", "day")
        add_rows(lake, "2024-01-01")

        reason = lake.failure("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE id = 1")

        assert reason == "NOT_SUPPORTED: OPTIMIZE filters by partition columns only, not by id"

    def test_a_table_without_rows_is_not_rewritten(self, lake):
        lake.create("t", "id bigint, day date")

        lake.run("OPTIMIZE t REWRITE DATA USING BIN_PACK")

        assert snapshots(lake) == []


class TestVacuum:
    def objects(self, lake):
        pages = lake.s3.get_paginator("list_objects_v2").paginate(Bucket=lake.bucket, Prefix="t/")
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def test_old_snapshots_and_their_files_are_deleted(self, lake):
        lake.create("t", "id bigint, day date", vacuum_max_snapshot_age_seconds="0")
        add_rows(lake, "2024-01-01", "2024-01-02")
        lake.run("DELETE FROM t WHERE id = 1")
        lake.put("t/data/orphan.parquet", "of a writer that never committed")
        before = self.objects(lake)

        lake.run("VACUUM t")

        assert lake.rows("SELECT * FROM t") == [("2", "2024-01-02")]
        assert len(snapshots(lake)) == 1
        gone = before - self.objects(lake)
        assert "t/data/orphan.parquet" in gone
        assert (
            len([key for key in gone if key.endswith(".parquet")]) == 2
        )  # the orphan, and the file of the deleted row

    def test_young_snapshots_and_young_orphans_are_kept(self, lake):
        lake.create("t", "id bigint, day date")
        add_rows(lake, "2024-01-01", "2024-01-02")
        lake.put("t/data/orphan.parquet", "of a writer that is about to commit")
        before = self.objects(lake)

        lake.run("VACUUM t")

        assert (len(snapshots(lake)), self.objects(lake)) == (2, before)

    def test_the_number_of_snapshots_to_keep_is_that_of_the_table(self, lake):
        lake.create("t", "id bigint, day date", vacuum_max_snapshot_age_seconds="0", vacuum_min_snapshots_to_keep="2")
        add_rows(lake, "2024-01-01", "2024-01-02", "2024-01-03")
        [_, (kept,), _] = lake.rows("""SELECT snapshot_id FROM "t$snapshots" ORDER BY committed_at""")

        lake.run("VACUUM t")

        assert len(snapshots(lake)) == 2
        assert lake.rows(f"SELECT count(*) FROM t FOR VERSION AS OF {kept}") == [("2",)]


class TestExplain:
    def test_a_plan_names_the_table_and_runs_nothing(self, orders):
        plan = "\n".join(line for (line,) in orders.rows("EXPLAIN SELECT sum(amount) FROM orders WHERE id = 1"))

        assert "ICEBERG_SCAN" in plan.upper()

    def test_validate_returns_true_or_fails(self, orders):
        assert orders.rows("EXPLAIN (TYPE VALIDATE) SELECT id FROM orders") == [("true",)]
        assert orders.failure("EXPLAIN (TYPE VALIDATE) SELECT nothing FROM orders").startswith("COLUMN_NOT_FOUND")

    def test_unsupported_forms_of_explain_are_refused(self, orders):
        assert "is not supported by the local Athena engine" in orders.failure("EXPLAIN ANALYZE SELECT id FROM orders")


class TestAlterIceberg:
    def test_a_column_is_renamed_widened_described_and_moved(self, lake):
        lake.create("t", "id int, v string")
        lake.run("INSERT INTO t VALUES (1, 'a')")

        lake.run("ALTER TABLE t CHANGE COLUMN id key bigint COMMENT 'the key' AFTER v")

        assert lake.rows("DESCRIBE t") == [("v", "string", ""), ("key", "bigint", "the key")]
        assert lake.rows("SELECT v, key FROM t") == [("a", "1")]

    def test_a_narrower_type_is_refused(self, lake):
        lake.create("t", "id bigint, v string")

        assert lake.failure("ALTER TABLE t CHANGE COLUMN id id int").startswith(
            "NOT_SUPPORTED: Cannot change column id"
        )

    def test_a_column_cannot_be_added_twice_or_dropped_when_it_is_not_there(self, lake):
        lake.create("t", "id bigint")

        assert lake.failure("ALTER TABLE t ADD COLUMNS (id bigint)").startswith("NOT_SUPPORTED: Cannot add")
        assert lake.failure("ALTER TABLE t DROP COLUMN gone").startswith("NOT_SUPPORTED: Cannot drop column gone")

    def test_a_column_that_is_not_there_is_named(self, lake):
        lake.create("t", "id bigint")

        assert lake.failure("ALTER TABLE t CHANGE gone gone bigint").startswith("COLUMN_NOT_FOUND: Column 'gone'")

    def test_properties_are_set_shown_and_unset(self, lake):
        lake.create("t", "id bigint")

        lake.run("ALTER TABLE t SET TBLPROPERTIES ('write.parquet.compression-codec'='zstd', 'a'='1')")
        assert lake.rows("SHOW TBLPROPERTIES t ('a')") == [("a", "1")]
        lake.run("ALTER TABLE t UNSET TBLPROPERTIES ('a')")

        assert lake.rows("SHOW TBLPROPERTIES t ('a')") == []

    def test_a_table_is_renamed_with_its_rows(self, lake):
        lake.create("t", "id bigint")
        lake.run("INSERT INTO t VALUES (1)")
        lake.create("taken", "id bigint")

        assert lake.failure("ALTER TABLE t RENAME TO taken").startswith("TABLE_ALREADY_EXISTS")
        lake.run("ALTER TABLE t RENAME TO u")

        assert lake.rows("SELECT id FROM u") == [("1",)]
        assert lake.rows("SHOW TABLES") == [("taken",), ("u",)]

    def test_a_view_cannot_be_altered_as_a_table(self, orders):
        orders.run("CREATE VIEW v AS SELECT id FROM orders")

        assert orders.failure("ALTER TABLE v ADD COLUMNS (x int)").startswith("NOT_SUPPORTED")


class TestAlterExternal:
    def test_columns_are_added_and_replaced(self, lake):
        external(lake, "e")
        lake.put("e/a.json", '{"id": 1, "name": "x"}\n')

        lake.run("ALTER TABLE e ADD COLUMNS (name string)")
        assert lake.rows("SELECT * FROM e") == [("1", "x")]
        lake.run("ALTER TABLE e REPLACE COLUMNS (name string)")

        assert lake.rows("SELECT * FROM e") == [("x",)]

    def test_partitions_are_added_and_dropped(self, lake):
        external(lake, "e", keys="day string")
        lake.put("e/day=2024-01-01/a.json", '{"id": 1}\n')
        lake.put("elsewhere/a.json", '{"id": 2}\n')

        lake.run(
            "ALTER TABLE e ADD PARTITION (day='2024-01-01') "
            f"PARTITION (day='2024-01-02') LOCATION 's3://{lake.bucket}/elsewhere/'"
        )
        lake.run("ALTER TABLE e ADD IF NOT EXISTS PARTITION (day='2024-01-01')")

        assert lake.rows("SELECT id, day FROM e ORDER BY id") == [("1", "2024-01-01"), ("2", "2024-01-02")]
        assert "already exists" in lake.failure("ALTER TABLE e ADD PARTITION (day='2024-01-01')")
        lake.run("ALTER TABLE e DROP PARTITION (day='2024-01-01')")
        assert lake.rows("SHOW PARTITIONS e") == [("day=2024-01-02",)]
        assert "does not exist" in lake.failure("ALTER TABLE e DROP PARTITION (day='2024-01-01')")

    def test_a_partition_of_other_keys_is_refused(self, lake):
        external(lake, "e", keys="day string, country string")

        assert "named by day, country" in lake.failure("ALTER TABLE e ADD PARTITION (day='2024-01-01')")

    def test_repair_finds_the_folders_that_are_no_partitions_yet(self, lake):
        external(lake, "e", keys="day string")
        lake.put("e/day=2024-01-01/a.json", '{"id": 1}\n')
        lake.put("e/day=2024-01-02/a.json", '{"id": 2}\n')
        lake.put("e/notes/a.json", '{"id": 3}\n')
        lake.run("ALTER TABLE e ADD PARTITION (day='2024-01-01')")

        said = lake.result_text("MSCK REPAIR TABLE e")

        assert said.splitlines() == [
            "Partitions not in metastore:\te:day=2024-01-02",
            "Repair: Added partition to metastore e:day=2024-01-02",
        ]
        assert lake.rows("SELECT id FROM e ORDER BY id") == [("1",), ("2",)]
        assert lake.result_text("MSCK REPAIR TABLE e") == ""

    def test_show_create_table_is_a_statement_that_makes_the_table_anew(self, lake):
        external(lake, "e", columns="id int, tags array<string>", keys="day string")
        lake.put("e/day=2024-01-01/a.json", '{"id": 1, "tags": ["a"]}\n')
        text = "\n".join(line for (line,) in lake.rows("SHOW CREATE TABLE e"))
        lake.run("DROP TABLE e")

        lake.run(text.replace(f"`{lake.database}.e`", "e"))
        lake.run("MSCK REPAIR TABLE e")

        assert lake.rows("SELECT * FROM e") == [("1", "[a]", "2024-01-01")]

    @pytest.mark.parametrize("files_a_day", [1, 7], ids=["a file a day", "more files than a plan names"])
    def test_all_bytes_of_the_files_of_the_partitions_asked_for_count_as_scanned(self, lake, files_a_day):
        external(lake, "e", keys="day string")
        line = '{"id": 1}\n'
        for day in ("2024-01-01", "2024-01-02"):
            for number in range(files_a_day):
                lake.put(f"e/day={day}/{number}.json", line)
        lake.run("MSCK REPAIR TABLE e")

        def scanned(sql):
            return lake.run(sql)["Statistics"]["DataScannedInBytes"]

        assert scanned("SELECT sum(id) FROM e") == 2 * files_a_day * len(line)
        assert scanned("SELECT sum(id) FROM e WHERE day = '2024-01-02'") == files_a_day * len(line)


class TestPlainFiles:
    FORMATS = ("PARQUET", "JSON", "TEXTFILE")

    @pytest.mark.parametrize("form", FORMATS)
    def test_create_table_as_writes_what_select_reads(self, orders, form):
        orders.run(
            f"CREATE TABLE copy WITH (format = '{form}', external_location = 's3://{orders.bucket}/copy/', "
            "partitioned_by = ARRAY['day']) AS SELECT id, amount, CAST(at AS timestamp) AS at, 'x,y' AS note, day "
            "FROM orders"
        )

        assert orders.rows("SELECT id, amount, at, note, day FROM copy ORDER BY id") == [
            ("1", "10.50", "2024-01-01 10:00:00.123", "x,y", "2024-01-01"),
            ("2", "20.00", "2024-01-02 10:00:00.000", "x,y", "2024-01-02"),
            ("3", None, "2024-01-02 11:00:00.000", "x,y", "2024-01-02"),
        ]
        assert orders.rows("SHOW PARTITIONS copy") == [("day=2024-01-01",), ("day=2024-01-02",)]

    @pytest.mark.parametrize("form", FORMATS)
    def test_nested_values_are_written_and_read(self, orders, form):
        orders.run(
            f"CREATE TABLE copy WITH (format = '{form}', external_location = 's3://{orders.bucket}/copy/') AS SELECT "
            "id, tags, map(array['k'], array[tags]) AS m, CAST(row(id, 'x') AS row(a bigint, b varchar)) AS r "
            "FROM orders"
        )
        orders.run("INSERT INTO copy SELECT 4, array['c', NULL], NULL, NULL")

        assert orders.rows("SELECT * FROM copy ORDER BY id") == [
            ("1", "[a, b]", "{k=[a, b]}", "{a=1, b=x}"),
            ("2", "[]", "{k=[]}", "{a=2, b=x}"),
            ("3", None, "{k=null}", "{a=3, b=x}"),
            ("4", "[c, null]", None, None),
        ]

    def test_rows_are_added_to_a_text_table_with_its_delimiters(self, lake):
        lake.run(
            "CREATE EXTERNAL TABLE t (a int, b array<int>, m map<string,int>) ROW FORMAT DELIMITED "
            "FIELDS TERMINATED BY ';' COLLECTION ITEMS TERMINATED BY '|' MAP KEYS TERMINATED BY ':' "
            f"NULL DEFINED AS '-' STORED AS TEXTFILE LOCATION 's3://{lake.bucket}/t/'"
        )
        lake.put("t/a.txt", "1;2|3;x:4|y:5\n-;-;-\n")
        lake.run("INSERT INTO t VALUES (6, array[7, NULL], map(array['z'], array[8])), (NULL, NULL, NULL)")

        listed = lake.s3.list_objects_v2(Bucket=lake.bucket, Prefix="t/part-")["Contents"]
        written = listed[0]["Key"]
        assert lake.s3.get_object(Bucket=lake.bucket, Key=written)["Body"].read() == b"6;7|-;z:8\n-;-;-\n"
        assert lake.rows("SELECT * FROM t ORDER BY a") == [
            ("1", "[2, 3]", "{x=4, y=5}"),
            ("6", "[7, null]", "{z=8}"),
            (None, None, None),
            (None, None, None),
        ]

    @pytest.mark.parametrize("form", FORMATS)
    def test_insert_adds_a_file_and_the_partitions_that_are_missing(self, orders, form):
        orders.run(
            f"CREATE TABLE copy WITH (format = '{form}', external_location = 's3://{orders.bucket}/copy/', "
            "partitioned_by = ARRAY['day']) AS SELECT id, day FROM orders WHERE id = 1"
        )

        orders.run("INSERT INTO copy (day, id) SELECT day, id FROM orders WHERE id > 1")
        orders.run("INSERT INTO copy VALUES (9, NULL)")

        assert orders.rows("SELECT id, day FROM copy ORDER BY id") == [
            ("1", "2024-01-01"),
            ("2", "2024-01-02"),
            ("3", "2024-01-02"),
            ("9", None),
        ]
        assert len(orders.rows('SELECT DISTINCT "$path" FROM copy')) == 3

    @pytest.mark.parametrize(
        ("form", "ending"), [("PARQUET", ".parquet"), ("JSON", ".json.gz"), ("TEXTFILE", ".txt.gz")]
    )
    def test_unload_writes_files_and_a_manifest_of_them(self, orders, form, ending):
        done = orders.run(
            f"UNLOAD (SELECT id, amount FROM orders) TO 's3://{orders.bucket}/out/' "
            f"WITH (format = '{form}', compression = 'GZIP')"
        )

        location = done["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{orders.bucket}/")
        manifest = orders.s3.get_object(Bucket=orders.bucket, Key=location)["Body"].read().decode().split()
        keys = [item["Key"] for item in orders.s3.list_objects_v2(Bucket=orders.bucket, Prefix="out/")["Contents"]]
        assert manifest == [f"s3://{orders.bucket}/{key}" for key in keys]
        assert [key.endswith(ending) for key in keys] == [True]

    def test_unload_into_partitions(self, orders):
        orders.run(
            f"UNLOAD (SELECT id, day FROM orders) TO 's3://{orders.bucket}/out/' "
            "WITH (format = 'PARQUET', partitioned_by = ARRAY['day'])"
        )

        found = orders.s3.list_objects_v2(Bucket=orders.bucket, Prefix="out/")["Contents"]
        assert [item["Key"].split("/")[1] for item in found] == ["day=2024-01-01", "day=2024-01-02"]

    def test_a_table_of_a_query_without_rows_has_a_snapshot(self, orders):
        properties = f"table_type = 'ICEBERG', is_external = false, location = 's3://{orders.bucket}/empty/'"
        orders.run(f"CREATE TABLE empty WITH ({properties}) AS SELECT id FROM orders WITH NO DATA")
        orders.run("INSERT INTO empty SELECT id FROM orders")

        assert orders.rows('SELECT parent_id IS NULL, is_current_ancestor FROM "empty$history"') == [
            ("true", "true"),
            ("false", "true"),
        ]
        assert orders.rows("SELECT count(*) FROM empty") == [("3",)]

    def test_a_location_with_files_is_not_written_to(self, orders):
        orders.put("out/a.txt", "mine")

        reason = orders.failure(f"UNLOAD (SELECT 1 AS one) TO 's3://{orders.bucket}/out/' WITH (format = 'JSON')")

        assert reason.startswith("HIVE_PATH_ALREADY_EXISTS")

    @pytest.mark.parametrize("form", ["ORC", "AVRO"])
    def test_the_error_for_an_unsupported_format_names_it(self, orders, form):
        reason = orders.failure(f"UNLOAD (SELECT 1 AS one) TO 's3://{orders.bucket}/out/' WITH (format = '{form}')")

        assert reason == f"NOT_SUPPORTED: Writing files of format {form} is not supported by the local Athena engine"


class TestPartitionProjection:
    def project(self, lake, keys, **properties):
        said = "".join(f", 'projection.{name.replace('__', '.')}'='{value}'" for name, value in properties.items())
        external(lake, "e", keys=keys, properties=f", 'projection.enabled'='true'{said}")

    def test_dates_of_a_range_need_no_partition_in_glue(self, lake):
        self.project(
            lake, "day string", day__type="date", day__format="yyyy-MM-dd", day__range="2024-01-01,NOW"
        )  # fmt: skip
        tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        for number, day in enumerate(("2023-12-31", "2024-01-01", "2024-02-30", "2024-02-29", tomorrow)):
            lake.put(f"e/day={day}/a.json", f'{{"id": {number}}}\n')

        assert lake.rows("SELECT day, id FROM e ORDER BY id") == [("2024-01-01", "1"), ("2024-02-29", "3")]
        assert lake.rows("SELECT id FROM e WHERE day > '2024-01-31'") == [("3",)]

    def test_integers_with_digits_and_enums_in_folders_of_another_layout(self, lake):
        self.project(
            lake, "year int, shop string", year__type="integer", year__range="1,12", year__digits="2",
            shop__type="enum", shop__values="web,store",
        )  # fmt: skip
        lake.run(
            "ALTER TABLE e SET TBLPROPERTIES "
            f"('storage.location.template'='s3://{lake.bucket}/e/${{shop}}/month-${{year}}')"
        )
        for folder in ("web/month-01", "web/month-1", "web/month-13", "app/month-02", "store/month-12/deeper"):
            lake.put(f"e/{folder}/a.json", '{"id": 7}\n')

        assert lake.rows("SELECT year, shop FROM e ORDER BY year") == [("1", "web"), ("12", "store")]

    @pytest.mark.parametrize(
        ("properties", "reason"),
        [
            ({"day__type": "injected"}, "Partition projection of type injected (day) is not supported by the local"),
            ({"day__type": "date", "day__format": "EEE", "day__range": "NOW-1DAYS,NOW"}, "date format 'EEE' (day)"),
            ({"day__type": "integer", "day__range": "1"}, "projection.day.range must be two values"),
            ({}, "projection.day.type must be"),
        ],
    )
    def test_the_error_for_an_invalid_projection_names_the_property(self, lake, properties, reason):
        self.project(lake, "day string", **properties)

        assert reason in lake.failure("SELECT * FROM e")


class TestResultReuse:
    reuse = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}}  # noqa: RUF012

    def test_the_result_of_the_same_query_is_used_again_when_asked_for(self, orders):
        sql = "SELECT count(*) FROM orders"
        first = orders.run(sql, **self.reuse)
        orders.run("DELETE FROM orders WHERE id = 1")

        again = orders.run(sql, **self.reuse)
        fresh = orders.run(sql)

        assert again["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
        assert again["Statistics"]["DataScannedInBytes"] == 0
        assert again["ResultConfiguration"]["OutputLocation"] == first["ResultConfiguration"]["OutputLocation"]
        counts = [
            orders.athena.get_query_results(QueryExecutionId=one["QueryExecutionId"])["ResultSet"]["Rows"][1]["Data"]
            for one in (first, again, fresh)
        ]
        assert [count[0]["VarCharValue"] for count in counts] == ["3", "3", "2"]

    def test_another_text_or_a_result_that_is_gone_is_run(self, orders):
        first = orders.run("SELECT count(*) FROM orders", **self.reuse)
        other = orders.run("SELECT count(*) AS n FROM orders", **self.reuse)
        bucket, _, key = first["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
        orders.s3.delete_object(Bucket=bucket, Key=key)

        again = orders.run("SELECT count(*) FROM orders", **self.reuse)

        assert not other["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
        assert not again["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]


def test_the_end_of_a_query_is_an_event(lake, localaws, name):
    url = localaws.subscribed_queue(name, {"source": ["aws.athena"]})

    done = lake.run("SELECT 1")
    events = [json.loads(body) for body in localaws.received(url)]

    [event] = [e for e in events if e["detail"]["queryExecutionId"] == done["QueryExecutionId"]]
    assert event["detail-type"] == "Athena Query State Change"
    assert (event["detail"]["currentState"], event["detail"]["statementType"]) == ("SUCCEEDED", "DML")


@pytest.mark.parametrize("column", ["f", "p", "action", "t", "c0"])
def test_a_column_may_have_any_name_in_statements_that_change_rows(lake, column):
    lake.create("x", f"id bigint, {column} bigint")
    lake.run("INSERT INTO x VALUES (1, 10), (2, 20), (3, 30)")

    lake.run(f"UPDATE x SET {column} = {column} + 1 WHERE id = 1")
    lake.run(
        f"MERGE INTO x USING (VALUES (2, 200), (4, 400)) s (id, v) ON x.id = s.id "
        f"WHEN MATCHED THEN UPDATE SET {column} = s.v WHEN NOT MATCHED THEN INSERT (id, {column}) VALUES (s.id, s.v)"
    )
    lake.run(f"DELETE FROM x WHERE {column} = 30")

    assert lake.rows(f"SELECT id, {column} FROM x ORDER BY id") == [("1", "11"), ("2", "200"), ("4", "400")]


@pytest.mark.parametrize("column", ["filename", "file_row_number"])
def test_rows_of_a_table_with_a_column_of_the_readers_name_are_not_changed(lake, column):
    lake.create("x", f"id bigint, {column} string")
    lake.run("INSERT INTO x VALUES (1, 'a')")

    assert lake.failure("DELETE FROM x WHERE id = 1").startswith("NOT_SUPPORTED: Changing rows of")
    assert lake.rows("SELECT id FROM x") == [("1",)]
