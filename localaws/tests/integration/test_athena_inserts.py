"""INSERT casts to the types of the table, as Trino does, and fails when a value does not fit."""

import pytest

pytestmark = pytest.mark.integration

# Type of the column, value, what is read then; None: the value does not fit.
VALUES = [
    ("int", "CAST(7 AS bigint)", "7"),
    ("int", "CAST(3000000000 AS bigint)", None),
    ("int", "DECIMAL '1'", "1"),
    ("int", "2.5", "3"),
    ("bigint", "CAST(7 AS integer)", "7"),
    ("float", "1.5", "1.5"),
    ("double", "CAST(1.5 AS real)", "1.5"),
    ("double", "DECIMAL '0.1'", "0.1"),
    ("decimal(5,1)", "DECIMAL '1.25'", "1.3"),
    ("decimal(5,1)", "CAST(12345 AS integer)", None),
    ("decimal(10,2)", "CAST(7 AS integer)", "7.00"),
    ("decimal(10,2)", "0.1", "0.10"),
    ("string", "CAST('a' AS char(3))", "a  "),
    ("date", "TIMESTAMP '2024-01-02 03:04:05'", "2024-01-02"),
    ("timestamp", "DATE '2024-01-02'", "2024-01-02 00:00:00.000000"),
    ("array<int>", "ARRAY[CAST(1 AS bigint), NULL]", "[1, null]"),
    ("array<int>", "ARRAY[CAST(3000000000 AS bigint)]", None),
    ("int", "NULL", None),
]
OTHER_TYPES = [
    ("int", "'1'", "varchar"),
    ("string", "1", "integer"),
    ("date", "1", "integer"),
    ("boolean", "1", "integer"),
]


@pytest.mark.parametrize(("kind", "value", "read"), VALUES, ids=[f"{kind}: {value}" for kind, value, _ in VALUES])
def test_values_are_cast_to_the_type_of_the_column(lake, kind, value, read):
    lake.create("t", f"v {kind}")
    if read is None and value != "NULL":
        codes = {"NUMERIC_VALUE_OUT_OF_RANGE", "INVALID_CAST_ARGUMENT"}
        assert lake.failure(f"INSERT INTO t VALUES ({value})").partition(":")[0] in codes
        assert lake.rows("SELECT count(*) FROM t") == [("0",)]
        return

    lake.run(f"INSERT INTO t VALUES ({value})")
    lake.run(f"INSERT INTO t SELECT {value}")

    assert lake.rows("SELECT v FROM t") == [(read,), (read,)]


@pytest.mark.parametrize(("kind", "value", "found"), OTHER_TYPES)
def test_a_value_of_another_kind_is_refused_by_name(lake, kind, value, found):
    lake.create("t", f"v {kind}")

    reason = lake.failure(f"INSERT INTO t VALUES ({value})")

    assert reason.startswith("TYPE_MISMATCH")
    assert found in reason


def test_plain_files_are_written_in_the_types_of_their_table(lake):
    lake.run(
        f"CREATE EXTERNAL TABLE t (a int, b decimal(5,1), c date) STORED AS PARQUET LOCATION 's3://{lake.bucket}/t/'"
    )
    lake.run("INSERT INTO t SELECT CAST(7 AS bigint), 1.25, TIMESTAMP '2024-01-02 03:04:05'")

    assert lake.rows("SELECT typeof(a), a, typeof(b), b, typeof(c), c FROM t") == [
        ("integer", "7", "decimal(5,1)", "1.3", "date", "2024-01-02")
    ]


def test_a_view_keeps_exact_numbers_exact(lake):
    lake.create("t", "a decimal(10,2)")
    lake.run("INSERT INTO t VALUES (DECIMAL '10.00')")
    lake.run("CREATE VIEW v AS SELECT a * DECIMAL '1.10' AS exact, a * 1.1 AS inexact, DECIMAL '0.1' AS tenth FROM t")

    assert lake.rows("SELECT exact, inexact, tenth FROM v") == [("11.0000", "11.0", "0.1")]
    assert lake.rows("SELECT typeof(exact), typeof(inexact), typeof(tenth) FROM v") == [
        ("decimal(13,4)", "double", "decimal(1,1)")
    ]
    assert "  (a * DECIMAL '1.10') exact" in [line for (line,) in lake.rows("SHOW CREATE VIEW v")]
