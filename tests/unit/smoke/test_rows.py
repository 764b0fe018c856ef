"""The files of a smoke test: their keys fit the contracts, their day is in one week of one month."""

import csv
import io
import re
from datetime import date, timedelta

import pyarrow.parquet
import pytest

from cartlake import contracts
from cartlake_cli.smoke.rows import MONTHS, QUICK, Keys, day_of, known_datasets, smoke_files

PATTERNS = {
    "order": r"ORD-[0-9A-F]{10}",
    "customer": r"CUS-[0-9]{7}",
    "product": r"PRD-[0-9]{5}",
    "vendor": r"VEN-[0-9]{4}",
    "review": r"REV-[0-9A-F]{10}",
    "visitor": r"VIS-[0-9A-F]{12}",
    "hubspot": r"[1-9][0-9]{17}",
    "event": r"EVT-[0-9A-F]{14}",
}


def files(*datasets):
    return smoke_files(datasets or known_datasets(), MONTHS[0], Keys.new(), "abcd1234")


@pytest.mark.parametrize("month", MONTHS)
def test_the_week_of_the_day_is_in_one_month_of_the_calendar(month):
    day = day_of(month)
    assert (day.weekday(), day.year, day.month) == (0, month.year, month.month)
    assert (day + timedelta(days=6)).month == month.month


@pytest.mark.parametrize("name", PATTERNS)
def test_keys_fit_the_contracts(name):
    assert all(re.fullmatch(PATTERNS[name], getattr(Keys.new(), name)) for _ in range(20))


def test_there_are_rows_for_every_dataset_that_is_shipped():
    assert set(known_datasets()) == set(contracts.names())
    assert QUICK in known_datasets()


def test_every_dataset_has_one_file_with_a_good_and_a_bad_row_below_its_own_folder():
    found = [file for file in files() if file.good]
    assert [file.dataset for file in found] == list(known_datasets())
    assert all(file.good >= 1 and file.bad == 1 for file in found)
    assert all(file.key.startswith(f"incoming/{file.dataset}/smoke/") for file in files())
    assert {file.name.rpartition(".")[2] for file in found} == {"csv", "jsonl", "parquet"}


def test_one_content_comes_twice_and_one_file_is_no_file_of_its_dataset():
    found = files(QUICK)
    first, again, wrong = found
    assert (again.content, again.repeats, again.key != first.key) == (first.content, True, True)
    assert wrong.reason == "missing_header"
    assert len({file.key for file in files()}) == len(files())


def test_csv_files_have_the_columns_of_their_contract_and_parquet_its_types():
    by_name = {file.dataset: file for file in files() if file.good}
    [header, *rows] = csv.reader(io.StringIO(by_name["transactions"].content.decode()))
    assert header == [column.name for column in contracts.load("transactions").table.file_columns]
    assert {row[header.index("ordered_at")][:10] for row in rows} == {str(day_of(MONTHS[0]))}
    table = pyarrow.parquet.read_table(io.BytesIO(by_name["products"].content))
    assert table.num_rows == 2
    assert date(2015, 1, 1) <= table["launched_on"][0].as_py() < date(2015, 2, 1)


def test_without_a_known_dataset_there_is_no_file():
    assert files("parcels") == []
