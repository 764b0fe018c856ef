"""Rows that delete their key, from end to end: whatever order they come in, on either engine."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cartlake.runs.ids import DELETED_KEYS
from cartlake.tables.catalog import load_catalog
from lambdas.table_publisher.adapters import IcebergTable
from tests.spark.loading import csv, header_of
from tests.spark.parcels import counts, delete, parcel, write_contracts

pytestmark = pytest.mark.spark

EXAMPLES = settings.default.max_examples // 50


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """Say in the contract of parcels which rows delete their key."""
    folders = iter(range(10))

    def say(condition="op = 'D'"):
        monkeypatch.delenv("CARTLAKE_CONTRACTS_DIR", raising=False)
        folder = tmp_path / f"contracts-{next(folders)}"
        write_contracts(folder, {"cartlake.deletedWhen": condition} if condition else {})
        monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))

    say()
    return say


@pytest.fixture
def lakes(declared, parcel_lakes):
    return parcel_lakes


@pytest.fixture(params=["light", "spark"])
def lake(request, lakes):
    return lakes(request.param)


def test_a_delete_takes_its_key_out_and_an_older_row_that_comes_later_does_not_bring_it_back(lake):
    lake.load("a.csv", parcel("a", 1, day=1), parcel("b", 1, day=2), parcel("c", 1, day=2))

    report = lake.load("b.csv", delete("a", 2), delete("nobody", 2), delete("b", 1))

    assert lake.stored == [("c", 1, 2)]
    assert lake.deleted == [("a", 2), ("b", 1), ("nobody", 2)]
    assert (counts(report), report.deletes, report.deleted) == ((3, 3, 0, 0), 3, 2)
    assert report.touched_days == ["2026-01-01", "2026-01-02"]

    late = lake.load("c.csv", parcel("a", 1, day=3), parcel("a", 2, day=3), parcel("nobody", 1, day=4))

    assert (lake.stored, counts(late), late.touched_days) == ([("c", 1, 2)], (3, 0, 0, 3), [])

    newer = lake.load("d.csv", parcel("a", 3, day=5), parcel("nobody", 3, day=6), delete("a", 1))

    assert lake.stored == [("a", 3, 5), ("c", 1, 2), ("nobody", 3, 6)]
    assert (counts(newer), newer.deletes, newer.deleted) == ((3, 2, 0, 1), 0, 0)
    assert lake.refs == {"main", DELETED_KEYS}


def test_within_a_batch_the_highest_version_counts_and_of_equal_ones_the_delete(lake):
    rows = [delete("a", 2), parcel("a", 3), parcel("b", 3), delete("b", 3), delete("c", 4), parcel("c", 1)]

    report = lake.load("a.csv", *rows)

    assert (lake.stored, lake.deleted) == ([("a", 3, 1)], [("b", 3), ("c", 4)])
    assert (counts(report), report.deletes, report.deleted) == ((6, 3, 0, 3), 2, 0)


def test_a_delete_is_refused_for_what_it_needs_and_for_nothing_else(lake):
    lake.load("a.csv", parcel("a", 1), parcel("b", 1), parcel("c", 1))
    rows = [
        delete("a", 2, grams="a lot", shipped_on="soon"),
        delete("", 2),
        delete("b", 2, updated_at=""),
        delete("c", 2, updated_at="now"),
        parcel("d", 2, grams="0"),
    ]

    report = lake.load("b.csv", *rows)

    assert lake.stored == [("b", 1, 1), ("c", 1, 1)]
    assert (counts(report), report.deleted) == ((5, 1, 4, 0), 1)
    reasons = Counter(reason for row in lake.rows("ops.quarantine_rows") for reason in row["reasons"])
    assert reasons == Counter(
        {"parcel_id_required": 1, "updated_at_required": 2, "uncastable:updated_at": 1, "grams_in_range": 1}
    )


def test_a_delete_keeps_no_more_of_its_row_than_it_needs(lake):
    lake.load("a.csv", parcel("a", 1), delete("b", 2, recipient="Bea", grams="7", shipped_on="2026-01-01"))

    [row] = lake.rows(branch=DELETED_KEYS)

    assert {name for name, value in row.items() if value is not None} == {
        "parcel_id", "op", "updated_at", "_run_id", "_source_file", "_ingested_at",
    }  # fmt: skip


def test_deletes_of_a_run_that_is_not_published_are_not_remembered(lake):
    lake.load("a.csv", parcel("a", 1))
    lake.drop("b.csv", csv([delete("a", 3)], header_of("parcels")))
    refused, _ = lake.run(publish=False)
    assert lake.stored == [("a", 1, 1)]

    lake.load("c.csv", parcel("a", 2))

    assert lake.stored == [("a", 2, 1)]
    IcebergTable(load_catalog().load_table(lake._identifier(lake.table))).drop_branch(refused.branch)
    assert lake.refs == {"main"}


def test_a_run_that_is_repeated_without_the_file_of_its_deletes_remembers_none(lake):
    lake.load("a.csv", parcel("a", 1))
    run_id = "parcels-20260301T120000-0000aa"
    lake.drop("b.csv", csv([delete("a", 3)], header_of("parcels"))).run(run_id, publish=False)

    lake.drop("c.csv", csv([parcel("b", 1)], header_of("parcels"))).run(run_id)

    assert (lake.stored, lake.refs) == ([("a", 1, 1), ("b", 1, 1)], {"main"})


def test_a_backfill_deletes_as_if_the_files_came_today(lake, declared):
    declared(condition=None)
    first = lake.drop("a.csv", csv([parcel("a", 1), parcel("b", 1), parcel("c", 1)], header_of("parcels"))).run()
    rows = [parcel("a", 2, op="D"), parcel("b", 2, op="X"), parcel("d", 2)]
    second = lake.drop("b.csv", csv(rows, header_of("parcels"))).run()
    assert lake.stored == [("a", 2, 1), ("b", 2, 1), ("c", 1, 1), ("d", 2, 1)]
    files = [*lake.loaded_by(*first), *lake.loaded_by(*second)]

    declared("op in ('D', 'X')")
    report = lake.backfill(files)

    assert (lake.stored, lake.deleted) == ([("c", 1, 1), ("d", 2, 1)], [("a", 2), ("b", 2)])
    assert (counts(report), report.deletes) == ((6, 2, 0, 4), 2)
    files = lake.loaded_by(report, files)

    declared("op = 'X'")
    lake.backfill(files)

    assert (lake.stored, lake.deleted) == ([("a", 2, 1), ("c", 1, 1), ("d", 2, 1)], [("b", 2)])


KEYS = st.sampled_from("abcd")
ROW = st.builds(parcel, KEYS, st.integers(1, 4), st.integers(1, 3))
DELETE = st.builds(delete, KEYS, st.integers(1, 4))
BATCHES = st.lists(
    st.tuples(st.sampled_from(["light", "spark"]), st.lists(st.one_of(ROW, ROW, DELETE), min_size=1, max_size=5)),
    min_size=2,
    max_size=4,
)


def expected(rows):
    """What is left of rows: of each key the newest one, unless it deletes the key."""
    ranked = sorted(rows, key=lambda row: (row["updated_at"], row["op"] == "D", row.get("shipped_on", "")))
    newest = {row["parcel_id"]: row for row in ranked}
    return sorted(
        (key, int(row["updated_at"][8:10]), date.fromisoformat(row["shipped_on"]).day)
        for key, row in newest.items()
        if row["op"] != "D"
    )


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
)
@given(batches=BATCHES)
def test_whatever_order_rows_and_deletes_come_in_the_newest_of_each_key_counts(lakes, batches):
    lake = lakes("light")
    for number, (engine, rows) in enumerate(batches):
        lake.engine = engine
        lake.load(f"{number}.csv", *rows)

        assert lake.stored == expected([row for _, some in batches[: number + 1] for row in some])
