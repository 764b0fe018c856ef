"""The manifest tells the truth: counted again from the files, by the rules of the lake, in plain Python."""

import hashlib
import random
from collections import Counter
from decimal import Decimal

import pytest

from generators.dirt.order_lines import KINDS
from generators.manifests.transactions import Manifest
from generators.schemas import schema_of


@pytest.fixture(scope="module")
def good_rows(small_set, small_rows):
    """The rows that are not planted, as records, by file name."""
    _, manifest = small_set
    planted = {(name, row) for dirt in manifest.dirt.values() for name, rows in dirt.rows.items() for row in rows}
    return {
        name: [
            dict(zip(schema_of("transactions").names, values, strict=True))
            for row, values in enumerate(rows, start=1)
            if (name, row) not in planted
        ]
        for name, rows in small_rows.items()
    }


def load(runs):
    """The final table, and how many rows were published: each run merges the newest version of each of its keys."""
    table, published = {}, 0
    for run in runs:
        newest = {}
        for row in run:
            key = row["order_id"], row["line_number"]
            if key not in newest or row["updated_at"] > newest[key]["updated_at"]:
                newest[key] = row
        for key, row in newest.items():
            if key not in table or row["updated_at"] > table[key]["updated_at"]:
                table[key] = row
                published += 1
    return list(table.values()), published


def test_every_file_is_as_listed(small_set, small_rows):
    out, manifest = small_set

    for file in manifest.files:
        content = (out / file.name).read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert file.clean_rows + file.dirty_rows == file.rows
    assert {file.name: file.rows for file in manifest.files if file.role != "duplicate"} == {
        name: len(rows) for name, rows in small_rows.items()
    }
    assert {path.name for path in out.iterdir()} == {file.name for file in manifest.files} | {"manifest.json"}


def test_the_written_manifest_is_the_returned_one(small_set):
    out, manifest = small_set

    assert Manifest.read(out) == manifest


def test_the_daily_files_hold_the_rows_asked_for_and_a_file_a_day(small_set):
    _, manifest = small_set
    daily = [file for file in manifest.files if file.role == "daily"]

    assert [file.name for file in daily] == [f"transactions-2026-03-{day:02d}.csv" for day in range(4, 9)]
    assert sum(file.rows for file in daily) == 4_000


def test_dirt_is_planted_evenly_and_only_once_a_row(small_set):
    _, manifest = small_set
    rows = [(name, row) for dirt in manifest.dirt.values() for name, numbers in dirt.rows.items() for row in numbers]
    counts = [dirt.count for dirt in manifest.dirt.values()]

    assert len(rows) == len(set(rows)) == sum(counts) == 200
    assert set(manifest.dirt) == {kind.name for kind in KINDS}
    assert max(counts) - min(counts) <= 1
    assert Counter(name for name, _ in rows) == {
        file.name: file.dirty_rows for file in manifest.files if file.role == "daily"
    }


def test_the_repeated_file_is_an_exact_copy_and_in_no_total(small_set, small_rows):
    _, manifest = small_set
    (copy,) = [file for file in manifest.files if file.role == "duplicate"]
    (original,) = [file for file in manifest.files if file.name == copy.duplicate_of]

    assert copy.name != original.name
    assert copy.sha256 == original.sha256
    assert manifest.expected_rows.read == sum(map(len, small_rows.values()))
    assert manifest.expected_rows.duplicate_files == 1


def test_late_file_holds_updates_stale_versions_and_exact_repeats(small_set, good_rows):
    _, manifest = small_set
    (late,) = [file.name for file in manifest.files if file.role == "late"]
    stored = {
        (row["order_id"], row["line_number"]): row for name in good_rows if name != late for row in good_rows[name]
    }
    distinct = {tuple(row.items()): row for row in good_rows[late]}.values()
    pairs = [(row, stored[row["order_id"], row["line_number"]]) for row in distinct]
    newer = [(row, old) for row, old in pairs if row["updated_at"] > old["updated_at"]]
    older = [(row, old) for row, old in pairs if row["updated_at"] < old["updated_at"]]

    assert len(newer) == manifest.late.updates > 0
    assert len(older) == manifest.late.stale > 0
    assert len(good_rows[late]) - len(distinct) == manifest.late.exact_duplicates > 0
    assert len(newer) + len(older) == len(distinct)
    assert all(row["order_status"] != old["order_status"] for row, old in newer)
    assert max(row["updated_at"] for row in distinct) < "2026-03-09T00:00:00Z"


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_grouping_of_the_files_gives_the_expected_table(small_set, good_rows, seed):
    _, manifest = small_set
    expected = manifest.expected_rows
    chance = random.Random(seed)
    files = list(good_rows.values())
    chance.shuffle(files)
    runs = [[] for _ in range(chance.randint(1, len(files)))]
    for file in files:
        chance.choice(runs).extend(file)

    table, published = load(runs)

    assert len(table) == manifest.expected_table.rows
    assert Counter(row["order_status"] for row in table) == manifest.expected_table.by_status
    assert expected.published.min <= published <= expected.published.max
    duplicate = expected.read - expected.quarantined - published
    assert expected.duplicate.min <= duplicate <= expected.duplicate.max


def test_splits_are_exact_for_the_two_usual_orders(small_set, good_rows):
    _, manifest = small_set
    expected = manifest.expected_rows
    (late,) = [file.name for file in manifest.files if file.role == "late"]
    originals = [row for name, rows in good_rows.items() if name != late for row in rows]

    _, together = load([[*good_rows[late], *originals]])
    _, apart = load([originals, good_rows[late]])

    assert expected.all_in_one_run.published == together
    assert expected.late_file_in_a_later_run.published == apart
    for split in (expected.all_in_one_run, expected.late_file_in_a_later_run):
        assert split.read == split.published + split.quarantined + split.duplicate
        assert (split.read, split.quarantined) == (expected.read, expected.quarantined)


def test_sums_of_the_table_are_exact_by_day_and_currency(small_set, good_rows):
    _, manifest = small_set
    table, _ = load([[row for rows in good_rows.values() for row in rows]])
    days = {}
    for row in table:
        days.setdefault((row["ordered_at"][:10], row["currency"]), []).append(row)

    found = {
        cell: (
            len(rows),
            sum(int(row["quantity"]) for row in rows),
            str(sum(Decimal(row["line_total"]) for row in rows)),
            sum(row["order_status"] == "cancelled" for row in rows),
            sum(int(row["quantity"]) for row in rows if row["order_status"] == "cancelled"),
            sum(Decimal(row["line_total"]) for row in rows if row["order_status"] == "cancelled"),
            sum(row["order_status"] == "refunded" for row in rows),
        )
        for cell, rows in days.items()
    }

    assert found == {
        (day.day, day.currency): (
            day.rows,
            day.units,
            day.line_total,
            day.cancelled_rows,
            day.cancelled_units,
            Decimal(day.cancelled_line_total),
            day.refunded_rows,
        )
        for day in manifest.expected_table.by_day_and_currency
    }


def test_currency_totals_are_the_sums_of_their_days(small_set):
    _, manifest = small_set
    expected = manifest.expected_table

    for currency, totals in expected.by_currency.items():
        days = [day for day in expected.by_day_and_currency if day.currency == currency]
        assert totals.rows == sum(day.rows for day in days)
        assert totals.units == sum(day.units for day in days)
        assert Decimal(totals.line_total) == sum(Decimal(day.line_total) for day in days)
    assert sum(totals.rows for totals in expected.by_currency.values()) == expected.rows
