"""A key stands once in a table, whatever the event times of its rows were: the job itself, on both engines."""

import shutil
from collections import Counter
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.aws.clients import client
from glue_jobs.engines.base import Branch
from glue_jobs.engines.spark import writing
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN

pytestmark = pytest.mark.spark

TABLE = contracts.load("transactions").table
WORD = "      - property: cartlake.eventTimeFixed\n        value: true\n"
FEBRUARY = "2026-02-{:02}".format
worlds = count(1)


BY_SHUFFLE = "spark by shuffle"


@pytest.fixture(params=["spark_lake", BY_SHUFFLE, "light_lake"])
def lake(request, monkeypatch):
    """A lake of each engine, and one of Spark that merges every batch as it does large ones."""
    if request.param == BY_SHUFFLE:
        monkeypatch.setattr(writing, "_MOST_BROADCAST_ROWS", -1)
    return request.getfixturevalue("spark_lake" if request.param == BY_SHUFFLE else request.param)


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """Say in the contract of transactions that event times never change, and take the word out again."""
    folder = tmp_path / "contracts"
    shutil.copytree(Path(contracts.load("transactions").source).parent, folder)
    path = folder / "transactions.odcs.yaml"
    place = "    properties:\n      - name: order_id\n"
    assert place in path.read_text()
    path.write_text(path.read_text().replace(place, WORD + place))

    def say(*, fixed):
        if fixed:
            monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))
        else:
            monkeypatch.delenv("CARTLAKE_CONTRACTS_DIR")

    return say


def line(number, day, version=0, world=0, **changes):
    """An order line of a day of February; versions follow each other by hours of the first of March."""
    times = {"ordered_at": f"{FEBRUARY(day)}T08:00:00Z", "updated_at": f"2026-03-01T{version:02}:00:00Z"}
    return AS_WRITTEN | {"order_id": f"ORD-{world * 256 + number:010X}"} | times | changes


def places(lake, branch=None, world=0):
    """Day of February, hour of the version and number of stored rows, by the number of the order."""
    found = Counter()
    for row in lake.rows(branch=branch):
        number = int(row["order_id"].removeprefix("ORD-"), 16)
        if number // 256 == world:
            found[number % 256, row["ordered_at"].day, row["updated_at"].hour] += 1
    return found


def once(*rows):
    return Counter(rows)


def counts(report):
    return tuple(report.rows.model_dump().values())


STORED = [
    line(1, 27, 5), line(2, 19, 5), line(3, 27, 5), line(4, 26, 5), line(5, 17, 5), line(7, 23, 5), line(8, 16, 5),
]  # fmt: skip
"""The table before the batch: number of the order, day, version."""
BATCH = {
    "a newer row moves to a day without rows": [line(1, 20, 6)],
    "an older row of another day loses, and its day is not touched": [line(2, 18, 4)],
    "a newer row moves to a day with rows": [line(3, 26, 6)],
    "of equal versions the greater values win, here of the event time": [line(4, 27, 5)],
    "of equal versions the lesser values lose": [line(5, 15, 5)],
    "a new key twice, on two days": [line(6, 25, 5), line(6, 24, 6)],
    "a stored key twice, on two other days": [line(7, 21, 7), line(7, 22, 6)],
    "the same row again": [line(8, 16, 5)],
    "a new key on a new day": [line(9, 20, 5)],
}
AFTER = once((1, 20, 6), (2, 19, 5), (3, 26, 6), (4, 27, 5), (5, 17, 5), (6, 24, 6), (7, 21, 7), (8, 16, 5), (9, 20, 5))
LEFT, ENTERED = {27, 26, 23}, {20, 26, 27, 24, 21}


def test_moved_rows_leave_their_old_day_and_every_row_is_counted(lake):
    lake.load("stored.csv", *STORED)
    before = places(lake)
    lake.drop("batch.csv", csv([row for rows in BATCH.values() for row in rows], header_of("transactions")))

    report, _ = lake.run(publish=False)

    assert places(lake) == before  # readers see the old rows until all of it is published in one step
    assert places(lake, report.branch) == AFTER
    assert counts(report) == (11, 6, 0, 5)
    assert report.touched_days == sorted(map(FEBRUARY, LEFT | ENTERED))
    lake.publish(report)
    assert places(lake) == AFTER


def test_a_row_that_moves_between_days_of_the_batch_makes_both_stale(lake):
    lake.load("stored.csv", line(1, 27), line(2, 26), line(3, 27))

    report = lake.load("batch.csv", line(1, 26, 1), line(3, 27))

    assert places(lake) == once((1, 26, 1), (2, 26, 0), (3, 27, 0))
    assert counts(report) == (2, 1, 0, 1)
    assert report.touched_days == ["2026-02-26", "2026-02-27"]  # nothing was published of the 27th


def test_keys_that_stand_twice_stand_once_again_when_the_word_is_taken_back(lake, declared):
    first = lake.drop("a.csv", csv([line(n, 27, 1) for n in (1, 2, 3)], header_of("transactions"))).run()
    declared(fixed=True)
    second = lake.drop("b.csv", csv([line(n, 20, 2) for n in (1, 2, 3)], header_of("transactions"))).run()
    assert set(places(lake)) == {(n, *place) for n in (1, 2, 3) for place in ((27, 1), (20, 2))}
    declared(fixed=False)

    report = lake.load("c.csv", line(1, 21, 3), line(2, 22, 0))

    assert places(lake) == once((1, 21, 3), (2, 20, 2), (3, 27, 1), (3, 20, 2))
    assert counts(report) == (2, 1, 0, 1)
    assert report.touched_days == ["2026-02-20", "2026-02-21", "2026-02-27"]

    backfilled = lake.backfill([*lake.loaded_by(*first), *lake.loaded_by(*second)])

    assert places(lake) == once((1, 21, 3), (2, 20, 2), (3, 20, 2))
    assert counts(backfilled) == (6, 0, 0, 6)
    assert backfilled.touched_days == ["2026-02-20", "2026-02-27"]


def lose_files_of(lake, warehouse, day):
    """Delete the data files of a day behind the back of the table."""
    folder = f"ordered_at_day={FEBRUARY(day)}"
    if lake.spark:
        found = list(warehouse.glob(f"processed/transactions/data/{folder}/*.parquet"))
        for path in found:
            path.unlink()
    else:
        listed = client("s3").list_objects_v2(Bucket="lake", Prefix=f"{lake.prefix}processed/")["Contents"]
        found = [one["Key"] for one in listed if f"{folder}/" in one["Key"]]
        for key in found:
            client("s3").delete_object(Bucket="lake", Key=key)
    assert found


def test_with_the_word_in_the_contract_no_file_of_another_day_is_read(lake, warehouse, declared):
    declared(fixed=True)
    lake.load("a.csv", line(1, 27), line(2, 20))
    lose_files_of(lake, warehouse, 20)

    report = lake.load("b.csv", line(1, 27, 1), line(3, 26))

    assert counts(report) == (2, 2, 0, 0)
    assert report.touched_days == ["2026-02-26", "2026-02-27"]


def test_spark_looks_keys_up_in_the_columns_of_key_and_event_time_alone(spark, tables):
    name = tables["processed.transactions"]
    spark.sql(f"alter table {name} create branch looked_up")

    found = writing.moved_keys(spark, spark.table(name), 10, Branch(name, "looked_up", None), TABLE)

    plan = found._jdf.queryExecution().optimizedPlan().toString()
    scans = [text for text in plan.splitlines() if "Relation" in text]
    columns = {part.partition("#")[0] for text in scans for part in text[text.index("[") + 1 :].split(", ")}
    assert columns == {"order_id", "line_number", "ordered_at"}


rows_of_keys = st.lists(st.tuples(st.integers(0, 14), st.integers(5, 27), st.integers(0, 3)), min_size=10, max_size=25)


def newest(rows):
    """What a table must hold of rows of key, day and version: by key the highest version, then the latest day."""
    found = {}
    for number, day, version in rows:
        found[number] = max(found.get(number, (-1, -1)), (version, day))
    return once(*((number, day, version) for number, (version, day) in found.items()))


def days_of(rows):
    return {day: sorted(one for one in rows if one[1] == day) for _, day, _ in rows}


def changed_days(before, after):
    one, other = days_of(before), days_of(after)
    return sorted(date(2026, 2, day).isoformat() for day in one.keys() | other.keys() if one.get(day) != other.get(day))


@settings(
    max_examples=3,
    derandomize=True,
    phases=[Phase.generate],  # a batch takes a second: shrinking one would take minutes
)
@given(batches=st.lists(rows_of_keys, min_size=3, max_size=3))
def test_random_batches_of_moving_rows_end_as_if_they_came_at_once(lake, batches):
    world, read = next(worlds), []
    for rows in batches:
        before = newest(read)
        read += rows

        report = lake.load(f"{world}-{len(read)}.csv", *(line(*row, world=world) for row in rows))

        assert places(lake, world=world) == newest(read)
        assert report.touched_days == changed_days(before, newest(read))
