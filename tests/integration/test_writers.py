"""Several writers of one table, and writers that die: nothing is lost, doubled, or half there."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pyarrow as pa
import pytest

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.tables.catalog import load_catalog

pytestmark = pytest.mark.integration

CONFLICT = "ICEBERG_COMMIT_ERROR"

RESULTS = next(table for table in contracts.load("ops").tables if table.name == "quality_results")

# Appends a row, and dies as only a power cut can: at the place it is told.
WRITER = """
import os, sys
import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from cartlake.tables.catalog import load_catalog

database, place = sys.argv[1:]
update = GlueCatalog._update_glue_table


def dying(self, *arguments, **options):
    if place == "before":
        os._exit(9)
    update(self, *arguments, **options)
    if place == "after":
        os._exit(9)


table = load_catalog().load_table((database, "t"))
if place == "during":  # data is written, metadata is not
    GlueCatalog._write_metadata = lambda *arguments, **options: os._exit(9)
GlueCatalog._update_glue_table = dying
table.append(pa.table({"id": pa.array([2], pa.int64())}))
"""


@pytest.fixture
def write(lake, localaws):
    """Append the row 2 in a process of its own that dies at `place`."""

    def run(place):
        environment = {**os.environ, **localaws.env}
        return subprocess.run([sys.executable, "-c", WRITER, lake.database, place], env=environment, check=False)

    return run


def data_files(lake):
    return {found["Key"] for found in lake.s3.list_objects_v2(Bucket=lake.bucket, Prefix="t/data/")["Contents"]}


def test_rows_inserted_at_the_same_time_are_all_there(lake):
    lake.create("t", "id bigint")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: lake.run(f"INSERT INTO t VALUES ({number})"), range(12)))

    assert lake.rows("SELECT id FROM t ORDER BY id") == [(str(number),) for number in range(12)]


def test_of_writers_that_change_one_row_the_losers_try_again_and_no_change_is_lost(orders):
    def add(amount):
        """What a client does whose commit was too late: it asks again."""
        sql = f"UPDATE orders SET amount = CAST(amount + {amount} AS DECIMAL(12,2)) WHERE id = 1"
        for tries in range(1, 50):
            status = orders.ended(orders.start(sql))["Status"]
            if status["State"] == "SUCCEEDED":
                return tries
            assert status["StateChangeReason"].startswith(CONFLICT)
        raise AssertionError("never its turn")

    with ThreadPoolExecutor(4) as pool:
        tries = list(pool.map(add, (1, 2, 4, 8)))

    [(amount,)] = orders.rows("SELECT amount FROM orders WHERE id = 1")
    assert Decimal(amount) == Decimal("10.50") + 15
    assert sum(tries) > 4, "no writer met another, so this test showed nothing"
    snapshots = orders.rows("""SELECT operation FROM "orders$snapshots" """)
    assert len(snapshots) == 1 + 4


@pytest.mark.parametrize(
    ("place", "committed"),
    [
        pytest.param("during", False, id="after its data, before its metadata"),
        pytest.param("before", False, id="before the commit"),
        pytest.param("after", True, id="after the commit, before the answer"),
    ],
)
def test_a_writer_that_dies_has_written_all_or_nothing_and_the_next_one_writes(lake, write, place, committed):
    lake.create("t", "id bigint")
    lake.run("INSERT INTO t VALUES (1)")

    died = write(place)

    assert died.returncode == 9
    assert lake.rows("SELECT id FROM t ORDER BY id") == [("1",), ("2",)][: 1 + committed]
    lake.run("INSERT INTO t VALUES (3)")
    assert lake.rows("SELECT id FROM t ORDER BY id") == [("1",), *([("2",)] if committed else []), ("3",)]


def test_what_a_dead_writer_left_is_removed_and_no_row_with_it(lake, write):
    lake.create("t", "id bigint", vacuum_max_snapshot_age_seconds="1")
    lake.run("INSERT INTO t VALUES (1)")
    write("before")
    left = data_files(lake)
    lake.run("INSERT INTO t VALUES (3)")

    time.sleep(1.5)
    lake.run("VACUUM t")

    assert len(left) == 2
    assert len(data_files(lake)) == 2
    assert lake.rows("SELECT id FROM t ORDER BY id") == [("1",), ("3",)]


def commits_left_to_the_properties(number, tables, barrier):
    """Append a row to a table that nineteen others append to at this moment, each through a client of its own."""
    table = tables[number]
    barrier.wait(60)
    table.append(pa.table({"id": pa.array([number], pa.int64())}))


def test_of_twenty_runs_that_commit_at_the_same_time_none_gives_up(lake, localaws, monkeypatch):
    lake.create("t", "id bigint")
    for name, value in {**localaws.env, "AWS_DEFAULT_REGION": localaws.env["AWS_REGION"]}.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    retries = {name: value for name, value in RESULTS.table_properties.items() if name.startswith("commit.retry.")}
    with load_catalog().load_table((lake.database, "t")).transaction() as change:
        change.set_properties(retries)
    tables, barrier = [load_catalog().load_table((lake.database, "t")) for _ in range(20)], Barrier(20)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda number: commits_left_to_the_properties(number, tables, barrier), range(20)))

    client.cache_clear()
    assert lake.rows("SELECT count(DISTINCT id), count(*) FROM t") == [("20", "20")]
