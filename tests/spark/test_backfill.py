"""A backfill from end to end: the same files through a corrected contract, and the table as if they came today."""

import json

import pytest

from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = pytest.mark.spark

QUARANTINE = "glue_catalog.ops.quarantine_rows"
KNOWN = "validValues: [EUR, USD, GBP, SEK, PLN]"


@pytest.fixture(params=["spark_lake", "light_lake"])
def lake(request):
    """A lake of each engine."""
    return request.getfixturevalue(request.param)


def line(number, **changes):
    return GOOD | {"order_id": f"ORD-{number:010X}"} | changes


def file_of(*rows):
    return csv(rows, header_of("transactions"))


def counts(report):
    return tuple(report.rows.model_dump().values())


@pytest.fixture
def statuses(lake):
    return lambda: {row["order_id"][-2:]: row["order_status"] for row in lake.rows()}


@pytest.fixture
def refused(lake):
    """Of each row in quarantine whose verdict counts: order and reasons."""

    def rows(*, in_force=True):
        return sorted(
            (json.loads(row["raw_record"])["order_id"][-2:], *row["reasons"])
            for row in lake.rows(QUARANTINE)
            if (row["superseded_by"] is None) is in_force
        )

    return rows


def test_a_relaxed_rule_lets_refused_rows_in_and_a_tightened_one_takes_rows_out(lake, correct, statuses, refused):
    first = lake.drop("a.csv", file_of(line(1), line(2, currency="CHF"), line(3, currency="USD"))).run()
    assert refused() == [("02", "currency_is_known")]
    correct((KNOWN, "validValues: [EUR, CHF]"))

    report = lake.backfill(lake.loaded_by(*first))

    assert counts(report) == (3, 1, 1, 1)  # one is new, one refused, one unchanged
    assert (report.withdrawn, report.touched_days) == (1, ["2026-02-27"])
    assert statuses().keys() == {"01", "02"}
    assert refused() == [("03", "currency_is_known")]
    assert refused(in_force=False) == [("02", "currency_is_known")]  # kept, with the run that judged it again
    old = next(row for row in lake.rows(QUARANTINE) if row["superseded_by"])
    assert (old["superseded_by"], old["superseded_at"] is not None) == (report.run_id, True)


def in_order(rows):
    return sorted(rows, key=lambda row: (row["order_id"], row["line_number"]))


def test_a_second_backfill_changes_nothing(lake, correct, refused):
    first = lake.drop("a.csv", file_of(line(1), line(2, currency="CHF"), line(3, currency="USD"))).run()
    correct((KNOWN, "validValues: [EUR, CHF]"))
    files = lake.loaded_by(*first)
    once = lake.backfill(files)
    rows, verdicts = in_order(lake.rows()), refused()

    twice = lake.backfill(lake.loaded_by(once, files))

    assert (counts(twice), twice.withdrawn, twice.touched_days) == ((3, 0, 1, 2), 0, [])
    assert twice.snapshot_id is None
    assert in_order(lake.rows()) == rows
    assert refused() == verdicts


def test_a_value_that_is_read_differently_replaces_the_stored_one_though_its_version_is_the_same(spark_lake):
    lake = spark_lake
    first = lake.drop("a.csv", file_of(line(1), line(2))).run()
    # The stored row differs from what its file says: as if the contract of that day had read it otherwise.
    lake.spark.sql("update glue_catalog.processed.transactions set tax_amount = 99.00 where order_id like '%01'")

    report = lake.backfill(lake.loaded_by(*first))

    assert {str(row["tax_amount"]) for row in lake.rows()} == {"6.65"}
    assert (counts(report)[1], counts(report)[3]) == (1, 1)


def test_a_row_that_moves_to_another_day_leaves_the_old_one_and_both_are_stale(spark_lake):
    lake = spark_lake
    first = lake.drop("a.csv", file_of(line(1), line(2))).run()
    lake.spark.sql(
        "update glue_catalog.processed.transactions set ordered_at = timestamp '2026-02-20 08:00:00' "
        "where order_id like '%01'"
    )

    report = lake.backfill(lake.loaded_by(*first))

    assert report.touched_days == ["2026-02-20", "2026-02-27"]
    assert sorted(row["ordered_at"].day for row in lake.rows()) == [27, 27]


def test_rows_of_other_files_lose_and_win_by_version_as_ever(lake, correct, statuses):
    chf = {"currency": "CHF"}
    first = lake.drop(
        "a.csv", file_of(line(1, **chf, updated_at="2026-02-27T10:00:00Z"), line(2, **chf), line(3))
    ).run()
    lake.drop("b.csv", file_of(line(1, order_status="placed"), line(2, order_status="shipped"))).run()
    lake.drop("c.csv", file_of(line(3, order_status="shipped", updated_at="2026-02-28T00:00:00Z"))).run()
    correct((KNOWN, "validValues: [EUR, CHF]"))

    report = lake.backfill(lake.loaded_by(*first))

    # 01 is newer than b.csv's row and wins; 02 is of the same version, where the greater values win; 03 lost to c.csv.
    assert statuses() == {"01": "paid", "02": "shipped", "03": "shipped"}
    assert counts(report) == (3, 1, 0, 2)
    assert report.withdrawn == 0


def test_when_the_newest_version_is_refused_the_one_before_it_in_the_window_is_stored_again(lake, correct, statuses):
    old = lake.drop("a.csv", file_of(line(1))).run()
    new = lake.drop(
        "b.csv", file_of(line(1, order_status="shipped", currency="USD", updated_at="2026-02-28T00:00:00Z"))
    ).run()
    correct((KNOWN, "validValues: [EUR]"))

    report = lake.backfill([*lake.loaded_by(*old), *lake.loaded_by(*new)])

    assert statuses() == {"01": "paid"}
    assert (counts(report), report.withdrawn) == ((2, 1, 1, 0), 0)


@pytest.mark.parametrize("lake", ["light_lake"], indirect=True)  # what Spark does of it is in test_backfill_rows
def test_where_the_version_before_lies_outside_the_window_the_row_is_reported_as_withdrawn(lake, correct, statuses):
    lake.drop("a.csv", file_of(line(1), line(2))).run()
    new = lake.drop("b.csv", file_of(line(1, currency="USD", updated_at="2026-02-28T00:00:00Z"))).run()
    correct((KNOWN, "validValues: [EUR]"))

    report = lake.backfill(lake.loaded_by(*new))

    assert (statuses(), report.withdrawn) == ({"02": "paid"}, 1)


def test_a_backfill_that_is_not_published_changes_nothing(lake, correct, refused, statuses):
    first = lake.drop("a.csv", file_of(line(1), line(2, currency="CHF"), line(3, currency="USD"))).run()
    correct((KNOWN, "validValues: [EUR, CHF]"))
    before = statuses(), refused()

    report = lake.backfill(lake.loaded_by(*first), publish=False)

    assert (statuses(), refused()) == before
    held = [row for row in lake.rows(QUARANTINE) if row["run_id"] == report.run_id]
    assert [row["superseded_by"] for row in held] == [report.run_id]


def test_superseding_the_quarantine_twice_changes_nothing_the_second_time(lake, correct, refused):
    first = lake.drop("a.csv", file_of(line(1), line(3, currency="USD"))).run()
    correct((KNOWN, "validValues: [EUR]"))
    report = lake.backfill(lake.loaded_by(*first))
    before = lake.rows(QUARANTINE)

    lake.job(report.run_id, lake.manifest(report.run_id, first[1], backfill=True), "supersede_quarantine")

    assert lake.rows(QUARANTINE) == before
    assert refused() == [("03", "currency_is_known")]


@pytest.mark.parametrize("lake", ["light_lake"], indirect=True)  # the name is the manifest's, on any engine
def test_a_version_that_was_overwritten_is_read_from_its_copy_and_keeps_its_own_name(lake, correct, statuses):
    first = lake.drop("a.csv", file_of(line(1), line(2, currency="CHF"))).run()
    lake.drop("a.csv", file_of(line(5))).run()  # the same key again, with other rows
    name = "s3://raw/incoming/transactions/a.csv"
    correct((KNOWN, "validValues: [EUR, CHF]"))
    [loaded] = lake.loaded_by(*first)
    lake.drop("copy.csv", file_of(line(1), line(2, currency="CHF")))
    copy = lake.files.pop().model_copy(
        update={"file_id": loaded.file_id, "loads": loaded.loads, "source": f"{name}?versionId=one"}
    )

    report = lake.backfill([copy])

    assert (counts(report), report.withdrawn) == ((2, 1, 0, 1), 0)
    assert {row["order_id"][-2:]: row["_source_file"] for row in lake.rows()} == {
        "01": name,
        "02": f"{name}?versionId=one",
        "05": name,
    }
