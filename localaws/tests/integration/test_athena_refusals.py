"""What Athena refuses and a lenient engine would accept without a word; and names that it accepts."""

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

ICEBERG = "table_type = 'ICEBERG', is_external = false, location = 's3://{bucket}/{name}/'"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param(
            "SELECT 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1", id="unnamed"
        ),
        pytest.param(
            "SELECT 1 AS a, count(*) FROM (VALUES 1) t (x)", "not specified at position 2", id="second unnamed"
        ),
        pytest.param("SELECT * FROM (SELECT 1)", "not specified at position 1", id="unnamed below"),
        pytest.param("WITH c AS (VALUES (1, 2)) SELECT * FROM c", "not specified at position 1", id="unnamed in a CTE"),
        pytest.param("SELECT 1 UNION SELECT 2 AS a", "not specified at position 1", id="first side unnamed"),
        pytest.param("SELECT CAST(a AS varchar) FROM (SELECT 1 AS a)", "not specified at position 1", id="a cast"),
        pytest.param("SELECT NULL AS y", "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown", id="no type"),
        pytest.param(
            "SELECT 1 AS foo, 2 AS FOO",
            "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'foo' specified more than once",
            id="twice",
        ),
    ],
)
def test_tables_and_views_need_columns_with_names_and_types(lake, query, reason):
    place = ICEBERG.format(bucket=lake.bucket, name="i")
    for head in ("CREATE TABLE t AS", f"CREATE TABLE t WITH ({place}) AS", "CREATE VIEW t AS"):
        assert reason in lake.failure(f"{head} {query}")
    assert lake.rows("SHOW TABLES") == []


def test_a_column_may_be_called_as_unnamed_ones_are_shown(lake):
    lake.run("CREATE TABLE t AS SELECT 1 AS _col0")

    assert lake.rows("SELECT _col0 FROM t") == [("1",)]


def test_an_unloaded_column_needs_a_type(lake):
    sql = f"UNLOAD (SELECT NULL AS y) TO 's3://{lake.bucket}/u/' WITH (format = 'PARQUET')"

    assert lake.failure(sql).startswith("COLUMN_TYPE_UNKNOWN")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("timestamp(3)", 'Timestamp precision (3) not supported for Iceberg. Use "timestamp(6)" instead.'),
        ("timestamp(0)", 'Timestamp precision (0) not supported for Iceberg. Use "timestamp(6)" instead.'),
        (
            "timestamp(3) with time zone",
            'Timestamp precision (3) not supported for Iceberg. Use "timestamp(6) with time zone" instead.',
        ),
        ("array(timestamp(3))", 'Timestamp precision (3) not supported for Iceberg. Use "timestamp(6)" instead.'),
        ("smallint", "Type not supported for Iceberg: smallint"),
        ("tinyint", "Type not supported for Iceberg: tinyint"),
        ("char(3)", "Type not supported for Iceberg: char(3)"),
    ],
)
def test_iceberg_takes_only_types_that_it_has(lake, kind, reason):
    place = ICEBERG.format(bucket=lake.bucket, name="t")

    failure = lake.failure(f"CREATE TABLE t WITH ({place}) AS SELECT CAST(NULL AS {kind}) AS x")

    assert failure == f"NOT_SUPPORTED: {reason}"


@pytest.mark.parametrize("kind", ["timestamp(6)", "timestamp(6) with time zone", "varchar(3)", "date", "real"])
def test_iceberg_takes_the_types_that_it_has(lake, kind):
    lake.run(
        f"CREATE TABLE t WITH ({ICEBERG.format(bucket=lake.bucket, name='t')}) AS SELECT CAST(NULL AS {kind}) AS x"
    )

    assert lake.rows("SELECT * FROM t") == [(None,)]


@pytest.mark.parametrize("kind", ["timestamp(6)", "timestamp(0)", "array(timestamp(6))"])
def test_plain_files_take_milliseconds_only(lake, kind):
    failure = lake.failure(f"CREATE TABLE t AS SELECT CAST(NULL AS {kind}) AS x")

    assert failure.startswith("NOT_SUPPORTED: Incorrect timestamp precision for timestamp(")


class TestPartitionsOfOneStatement:
    def test_more_than_a_hundred_are_refused_and_nothing_is_written(self, lake):
        rows = "SELECT n, n AS p FROM UNNEST(sequence(1, {last})) t (n)"
        with_ = f"{ICEBERG.format(bucket=lake.bucket, name='i')}, partitioning = ARRAY['p']"
        reason = "ICEBERG_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions"

        assert lake.failure(f"CREATE TABLE i WITH ({with_}) AS {rows.format(last=101)}").startswith(reason)
        assert lake.rows("SHOW TABLES") == []
        lake.run(f"CREATE TABLE i WITH ({with_}) AS {rows.format(last=100)}")
        assert lake.failure(f"INSERT INTO i {rows.format(last=101)}").startswith(reason)
        lake.run("INSERT INTO i SELECT n, 1 FROM UNNEST(sequence(1, 500)) t (n)")
        lake.run("INSERT INTO i SELECT n, n + 100 FROM UNNEST(sequence(1, 100)) t (n)")
        assert lake.failure("UPDATE i SET n = 0").startswith(reason)
        assert lake.failure(
            "MERGE INTO i USING (SELECT n FROM UNNEST(sequence(1, 101)) t (n)) s ON i.n = -s.n "
            "WHEN NOT MATCHED THEN INSERT (n, p) VALUES (s.n, s.n)"
        ).startswith(reason)
        assert lake.rows("SELECT count(*), min(n) FROM i") == [("700", "1")]
        lake.run("DELETE FROM i WHERE n > 0")  # writes no rows
        assert lake.rows("SELECT count(*) FROM i") == [("0",)]

    @pytest.mark.parametrize(
        ("transform", "fits"),
        [("day(at)", False), ("month(at)", True), ("bucket(16, n)", True), ("truncate(n, 10)", True)],
    )
    def test_partitions_are_counted_and_not_values(self, lake, transform, fits):
        lake.create("t", "n bigint, at timestamp", transform)
        sql = (
            "INSERT INTO t SELECT n, date_add('day', n, TIMESTAMP '2024-01-01 00:00:00') "
            "FROM UNNEST(sequence(1, 150)) t (n)"
        )

        if fits:
            lake.run(sql)
            assert lake.rows("SELECT count(*) FROM t") == [("150",)]
        else:
            assert lake.failure(sql).startswith("ICEBERG_TOO_MANY_OPEN_PARTITIONS")


class TestStaleViews:
    @pytest.mark.parametrize(
        ("change", "stale"),
        [
            pytest.param("ADD COLUMNS (later int)", "stored view column count (2)", id="a column more"),
            pytest.param("DROP COLUMN b", "stored view column count (2)", id="a column less"),
            pytest.param("CHANGE COLUMN b c int", "column [c] of type integer", id="another name"),
            pytest.param("CHANGE COLUMN a a bigint", "column [a] of type bigint", id="a wider type"),
        ],
    )
    def test_a_view_of_all_columns_is_stale_when_they_change(self, lake, change, stale):
        lake.create("t", "a int, b int")
        lake.run("CREATE VIEW every AS SELECT * FROM t")
        lake.run("CREATE VIEW above AS SELECT a FROM every")
        lake.run(
            "CREATE VIEW one AS SELECT b AS kept FROM t" if "b" not in change else "CREATE VIEW one AS SELECT 1 kept"
        )
        lake.run("INSERT INTO t VALUES (1, 2)")

        lake.run(f"ALTER TABLE t {change}")

        for view in ("every", "above"):
            failure = lake.failure(f"SELECT * FROM {view}")
            assert failure.startswith(f"VIEW_IS_STALE: View 'awsdatacatalog.{lake.database}.every' is stale")
            assert stale in failure
        assert lake.rows("SELECT kept FROM one")
        lake.run("CREATE OR REPLACE VIEW every AS SELECT * FROM t")
        assert lake.rows("SELECT count(*) FROM every") == [("1",)]

    def test_a_view_keeps_its_types_when_the_column_gets_a_narrower_one(self, lake):
        lake.run("CREATE VIEW inner_ AS SELECT CAST(1 AS bigint) AS a")
        lake.run("CREATE VIEW outer_ AS SELECT a FROM inner_")

        lake.run("CREATE OR REPLACE VIEW inner_ AS SELECT CAST(1 AS integer) AS a")

        assert lake.rows("SELECT typeof(a) FROM outer_") == [("bigint",)]


class TestNames:
    @pytest.mark.parametrize("catalog", ["awsdatacatalog.", "`awsdatacatalog`.", "AwsDataCatalog."])
    def test_statements_take_names_with_the_catalog(self, lake, catalog):
        at = f"{catalog}`{lake.database}`."
        external = "(a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"
        lake.put("raw/1.csv", "7\n")

        lake.run(f"CREATE EXTERNAL TABLE IF NOT EXISTS {at}`raw` {external} LOCATION 's3://{lake.bucket}/raw/'")
        lake.run(
            f"CREATE TABLE {at}i (a int, d date) PARTITIONED BY (day(d)) LOCATION 's3://{lake.bucket}/i/' "
            "TBLPROPERTIES ('table_type'='ICEBERG')"
        )
        lake.run(f"ALTER TABLE {at}i ADD COLUMNS (`a-b` string, `a b` int)")

        assert [name for name, _, _ in lake.rows(f"DESCRIBE {at}i")] == ["a", "d", "a-b", "a b"]
        assert lake.rows("SELECT a FROM raw") == [("7",)]
        lake.run(f"ALTER TABLE {at}i DROP COLUMN `a-b`")
        double = at.replace("`", '"')
        lake.run(f"CREATE TABLE {double}c AS SELECT 1 AS x")
        lake.run(f"CREATE VIEW {double}v AS SELECT 1 AS x")
        assert lake.rows("SHOW TABLES") == [("c",), ("i",), ("raw",), ("v",)]
        lake.run(f"DROP VIEW {double}v")
        for table in ("c", "i", "raw"):
            lake.run(f"DROP TABLE {at}{table}")
        assert lake.rows("SHOW TABLES") == []

    @pytest.mark.parametrize(
        "sql",
        [
            "CREATE EXTERNAL TABLE other.d.t (a int) LOCATION 's3://b/t/'",
            "CREATE TABLE other.d.t AS SELECT 1 AS x",
            "CREATE VIEW other.d.t AS SELECT 1 AS x",
            "DROP TABLE other.d.t",
            "ALTER TABLE other.d.t ADD COLUMNS (a int)",
            "DESCRIBE other.d.t",
        ],
    )
    def test_another_catalog_is_refused_and_not_dropped_from_the_name(self, lake, sql):
        assert lake.failure(sql).startswith("CATALOG_NOT_FOUND: Catalog 'other' does not exist")

    def test_comments_may_hold_quotes(self, lake):
        lake.run(
            rf"CREATE EXTERNAL TABLE t (a int COMMENT 'it\'s', b int COMMENT 'it''s') COMMENT 'a \'t\'' "
            rf"LOCATION 's3://{lake.bucket}/t/'"
        )

        assert lake.rows("DESCRIBE t") == [("a", "int", "it's"), ("b", "int", "it's")]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1,",
        "SELECT id FROM orders@1",
        "SELECT id FROM orders LIMIT 2 OFFSET 1",
        "SELECT id FROM orders LIMIT 1, 2",
    ],
)
def test_other_dialects_are_refused_when_the_query_starts(orders, sql):
    with pytest.raises(ClientError, match="mismatched input"):
        orders.start(sql)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT DISTINCT day FROM orders ORDER BY day", 2),
        ("SELECT DISTINCT day AS d FROM orders ORDER BY d DESC", 2),
        ("SELECT DISTINCT day FROM orders ORDER BY 1", 2),
        ("SELECT DISTINCT o.day FROM orders o ORDER BY o.day", 2),
        ("SELECT DISTINCT id + 1 FROM orders ORDER BY id + 1", 3),
        ("SELECT DISTINCT day FROM orders ORDER BY id", None),
        ("SELECT DISTINCT day FROM orders ORDER BY day, amount", None),
        ("SELECT DISTINCT day FROM orders ORDER BY year(day)", None),
    ],
)
def test_distinct_rows_are_ordered_by_their_own_columns_only(orders, sql, rows):
    if rows is None:
        assert orders.failure(sql).startswith("EXPRESSION_NOT_IN_DISTINCT: line 1:")
    else:
        assert len(orders.rows(sql)) == rows
