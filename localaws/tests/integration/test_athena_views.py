"""CREATE VIEW, and other statements whose columns must have types of Hive."""

import base64
import json

import pytest

pytestmark = pytest.mark.integration

NOT_IN_HIVE = {
    "current_timestamp": "timestamp(3) with time zone",
    "cast('10:00' as time)": "time(3)",
    "interval '2' day": "interval day to second",
    "interval '2' month": "interval year to month",
    "json_parse('1')": "json",
    "cast('12151fd2-7586-11e9-8f9e-2a86e4085a59' as uuid)": "uuid",
    "array[current_timestamp]": "timestamp(3) with time zone",
}


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("CREATE OR REPLACE VIEW v AS SELECT 1 AS a, {} AS b", id="view"),
        pytest.param("CREATE TABLE t WITH (format = 'PARQUET') AS SELECT 1 AS a, {} AS b", id="table"),
        pytest.param("UNLOAD (SELECT 1 AS a, {} AS b) TO 's3://nowhere/out/' WITH (format = 'PARQUET')", id="unload"),
    ],
)
def test_types_that_hive_does_not_have_are_refused(orders, statement):
    statement = statement.replace("nowhere", orders.bucket)

    reasons = {expression: orders.failure(statement.format(expression)) for expression in NOT_IN_HIVE}

    assert reasons == {
        expression: f"NOT_SUPPORTED: Unsupported Hive type: {kind}" for expression, kind in NOT_IN_HIVE.items()
    }
    assert {table["Name"] for table in orders.glue.get_tables(DatabaseName=orders.database)["TableList"]} == {"orders"}


def test_microseconds_are_not_written_to_plain_files(orders):
    reason = orders.failure("CREATE TABLE t AS SELECT cast(at AS timestamp(6)) AS at FROM orders")

    assert reason == (
        "NOT_SUPPORTED: Incorrect timestamp precision for timestamp(6); the configured precision is MILLISECONDS; "
        "column name: at"
    )


def test_a_view_is_stored_formatted_and_answers_as_before(orders):
    sent = "SELECT id, amount * 2 AS twice FROM orders WHERE amount > 10 and id < 3 -- the dear ones"
    orders.run(f"CREATE VIEW v AS {sent}")

    text = orders.glue.get_table(DatabaseName=orders.database, Name="v")["Table"]["ViewOriginalText"]
    stored = json.loads(base64.b64decode(text.removeprefix("/* Presto View: ").removesuffix(" */")))["originalSql"]
    assert stored == "SELECT\n  id\n, (amount * 2) twice\nFROM\n  orders\nWHERE ((amount > 10) AND (id < 3))"
    assert orders.rows("SELECT * FROM v ORDER BY id") == orders.rows(f"{sent}\nORDER BY id") != []
