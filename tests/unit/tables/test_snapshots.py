"""Versions of a table on a real pyiceberg catalog: Glue answered by moto, files in a local folder."""

import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from moto import mock_aws
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField

from cartlake.errors import TransientError
from cartlake.tables.snapshots import RUN_PROPERTY, UnknownVersionError, find_version, go_back, versions

RUNS = ("events-20260131T080000-aaaaaa", "events-20260131T090000-bbbbbb", "events-20260131T100000-cccccc")


@pytest.fixture
def catalog(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        catalog = GlueCatalog("test", **{"glue.region": "us-east-1"})
        catalog.create_namespace("processed")
        yield catalog


@pytest.fixture
def table(catalog, tmp_path):
    """Three runs, each of which added one row more than the last: 1, 3, 6 rows."""
    schema = Schema(NestedField(1, "id", LongType(), required=False))
    table = catalog.create_table(("processed", "events"), schema=schema, location=tmp_path.as_uri())
    for rows, run in enumerate(RUNS, start=1):
        table.append(pa.table({"id": pa.array(range(rows), pa.int64())}), snapshot_properties={RUN_PROPERTY: run})
    return table


def rows_of(catalog):
    return catalog.load_table(("processed", "events")).scan().to_arrow().num_rows


def test_versions_are_newest_first_with_their_run_and_their_rows(table):
    newest, _, first = versions(table)

    assert (newest.run_id, newest.rows, newest.added_rows, newest.is_current) == (RUNS[2], 6, 3, True)
    assert (first.run_id, first.rows, first.data_files, first.is_current) == (RUNS[0], 1, 1, False)
    assert first.since <= newest.since <= datetime.now(UTC)


def test_a_table_that_was_never_written_has_no_versions(catalog, tmp_path):
    schema = Schema(NestedField(1, "id", LongType(), required=False))
    empty = catalog.create_table(("processed", "empty"), schema=schema, location=tmp_path.as_uri())

    assert versions(empty) == []
    with pytest.raises(UnknownVersionError, match="it was never written"):
        find_version(empty, "processed.empty", "2026-01-01")


def test_a_version_is_found_by_snapshot_by_run_and_by_time(table):
    newest, second, first = versions(table)

    assert find_version(table, "processed.events", str(first.snapshot_id)) == first
    assert find_version(table, "processed.events", RUNS[1]) == second
    assert find_version(table, "processed.events", second.since.isoformat()) == second
    assert find_version(table, "processed.events", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}") == newest


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("123456789", "processed.events has no version 123456789: the oldest is of "),
        ("events-20260131T110000-dddddd", "processed.events has no version events-20260131T110000-dddddd"),
        ("2020-01-01", "processed.events has no version 2020-01-01"),
        ("yesterday", "'yesterday' is not a version of processed.events: give a snapshot id, a run id, or a time"),
    ],
)
def test_what_is_no_version_is_named_with_what_to_do(table, wanted, message):
    with pytest.raises(UnknownVersionError, match=re.escape(message)):
        find_version(table, "processed.events", wanted)


def test_going_back_shows_readers_the_earlier_rows_and_loses_nothing(catalog, table):
    newest, _, first = versions(table)

    go_back(table, first.snapshot_id)

    assert rows_of(catalog) == 1
    after = catalog.load_table(("processed", "events"))
    assert [version.snapshot_id for version in versions(after)][:2] == [first.snapshot_id, newest.snapshot_id]
    go_back(after, newest.snapshot_id)
    assert rows_of(catalog) == 6


def test_a_commit_that_came_first_wins_and_nothing_goes_back(catalog, table):
    first = versions(table)[-1]
    catalog.load_table(("processed", "events")).append(pa.table({"id": pa.array([9], pa.int64())}))

    with pytest.raises(TransientError, match="was changed by another writer"):
        go_back(table, first.snapshot_id)

    assert rows_of(catalog) == 7


def test_a_snapshot_that_expired_is_no_version(table):
    first = versions(table)[-1]
    table.maintenance.expire_snapshots().by_id(first.snapshot_id).commit()

    with pytest.raises(UnknownVersionError, match="Older versions have expired"):
        find_version(table, "processed.events", str(first.snapshot_id))
    with pytest.raises(UnknownVersionError):
        find_version(table, "processed.events", (first.since - timedelta(days=1)).isoformat())
