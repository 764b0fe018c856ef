"""The types that Hive has, and those that it does not have."""

import pytest

from localaws.athena.errors import AthenaError
from localaws.athena.hive_types import HIVE_TYPES, hive_columns, hive_type
from localaws.athena.trino_types import DUCKDB_TYPES, TrinoType, array, decimal, map_of, row

VARCHAR = TrinoType("varchar")
INSTANT = TrinoType("timestamp with time zone", 6)


@pytest.mark.parametrize(
    ("kind", "hive"),
    [
        pytest.param(TrinoType("integer"), "int", id="integer"),
        pytest.param(TrinoType("varchar", 3), "string", id="varchar"),
        pytest.param(decimal(12, 2), "decimal(12,2)", id="decimal"),
        pytest.param(TrinoType("timestamp", 6), "timestamp", id="timestamp"),
        pytest.param(array(row(("a", TrinoType("date")))), "array<struct<a:date>>", id="nested"),
    ],
)
def test_types_that_hive_has(kind, hive):
    assert hive_type(kind) == hive


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        pytest.param(INSTANT, "timestamp(6) with time zone", id="instant"),
        pytest.param(TrinoType("time", 3), "time(3)", id="time"),
        pytest.param(TrinoType("interval day to second"), "interval day to second", id="interval"),
        pytest.param(TrinoType("interval year to month"), "interval year to month", id="months"),
        pytest.param(TrinoType("json"), "json", id="json"),
        pytest.param(TrinoType("uuid"), "uuid", id="uuid"),
        pytest.param(TrinoType("unknown"), "unknown", id="type of null"),
        pytest.param(TrinoType("ipaddress"), "ipaddress", id="ipaddress"),
        pytest.param(TrinoType("HyperLogLog"), "HyperLogLog", id="sketch"),
        pytest.param(array(INSTANT), "timestamp(6) with time zone", id="within an array"),
        pytest.param(map_of(VARCHAR, TrinoType("json")), "json", id="value of a map"),
        pytest.param(row(("a", array(TrinoType("uuid")))), "uuid", id="deep within"),
    ],
)
def test_types_that_hive_does_not_have_are_refused_with_athenas_message(kind, named):
    with pytest.raises(AthenaError) as caught:
        hive_type(kind)

    assert str(caught.value) == f"NOT_SUPPORTED: Unsupported Hive type: {named}"


def test_every_type_of_this_engine_is_accepted_or_refused():
    refused = {"time", "timestamp with time zone", "json", "uuid", "unknown"}
    refused |= {"interval day to second", "interval year to month", "hyperloglog"}

    assert set(DUCKDB_TYPES) - HIVE_TYPES == refused


def test_only_timestamps_in_milliseconds_are_written_to_hive_tables():
    with pytest.raises(AthenaError) as caught:
        hive_columns([("id", TrinoType("bigint")), ("at", TrinoType("timestamp", 6))])

    assert str(caught.value) == (
        "NOT_SUPPORTED: Incorrect timestamp precision for timestamp(6); the configured precision is MILLISECONDS; "
        "column name: at"
    )
    assert hive_columns([("at", TrinoType("timestamp", 3))]) == [{"Name": "at", "Type": "timestamp"}]
