"""Columns agree with what Python makes of single values, and every format gives back the rows that were written."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generators.files.arrays import amounts, chosen, dates, hex_identifiers, identifiers, instants, table_of, texts
from generators.files.dirty_rows import DirtyRows
from generators.files.formats import CsvSink, JsonSink
from generators.files.row_file import FileType, RowFile
from generators.files.text import as_text
from generators.schemas import arrow_type, schema_of

RANDOM = np.random.default_rng(1)
AWKWARD = ["plain", "a, b", 'say "so"', "Grüße\nzwei", "back\\slash", None, "", "tab\there", "\r\n"]
COLUMNS = pa.schema([("number", pa.int32()), ("price", pa.decimal128(12, 2)), ("text", pa.string())])


@pytest.mark.parametrize("width", [1, 2, 4, 5, 7, 8, 10, 12, 16])
def test_hexadecimal_identifiers(width):
    numbers = RANDOM.integers(0, 1 << 62, 50).astype(np.uint64) * np.uint64(3)

    text = hex_identifiers("X-", numbers, width).to_pylist()

    assert text == [f"X-{number:016X}"[:2] + f"{number:016X}"[-width:] for number in numbers.tolist()]


@pytest.mark.parametrize("width", [1, 5, 12, 14])
def test_decimal_identifiers_have_at_least_so_many_digits(width):
    numbers = RANDOM.integers(0, 10**12, 50)

    assert identifiers("N-", numbers, width).to_pylist() == [f"N-{number:0{width}d}" for number in numbers.tolist()]


@pytest.mark.parametrize("make", [identifiers, hex_identifiers])
def test_missing_identifiers_are_null(make):
    numbers, known = np.array([1, 2, 3, 4]), np.array([False, True, False, True])

    assert make("N-", numbers, 2, known).to_pylist() == [None, "N-02", None, "N-04"]
    assert make("N-", numbers, 2, np.full(4, fill_value=False)).to_pylist() == [None] * 4
    assert make("N-", numbers[:0], 2).to_pylist() == []


def test_times_are_shown_in_utc_with_seconds():
    seconds = np.concatenate([RANDOM.integers(-(10**8), 4 * 10**9, 50), [0, 86_399, 86_400]])

    text = as_text(pa.table({"at": instants(seconds)}))["at"].to_pylist()

    assert text == [datetime.fromtimestamp(s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for s in seconds.tolist()]


def test_dates_flags_and_whole_numbers():
    days = dates(np.array([0, 20_000]), np.array([True, False]))
    rows = pa.table({"day": days, "flag": pa.array([True, False]), "number": pa.array([5, -1])})

    assert days.to_pylist() == [date(1970, 1, 1), None]
    assert as_text(rows).to_pylist() == [
        {"day": "1970-01-01", "flag": "true", "number": "5"},
        {"day": None, "flag": "false", "number": "-1"},
    ]


def test_amounts_keep_all_digits_of_their_type():
    cents = np.array([0, 5, 99, 100, 123_456_789])
    rows = pa.table({"price": amounts(cents).cast(pa.decimal128(12, 2))})
    rates = pa.table({"rate": amounts(np.array([108_560, 7]), 5).cast(pa.decimal128(18, 8))})

    assert as_text(rows)["price"].to_pylist() == ["0.00", "0.05", "0.99", "1.00", "1234567.89"]
    assert rows["price"].to_pylist() == [Decimal(value) / 100 for value in cents.tolist()]
    assert as_text(rates)["rate"].to_pylist() == ["1.08560000", "0.00007000"]


def test_an_amount_that_does_not_fit_is_not_rounded():
    with pytest.raises(pa.ArrowInvalid):
        table_of({"price": amounts(np.array([123_456]), 5)}, pa.schema([("price", pa.decimal128(12, 2))]))


def test_choices_are_null_where_the_code_is_minus_one():
    assert chosen(texts(["a", "b", None]), np.array([1, -1, 0, 2])).to_pylist() == ["b", None, "a", None]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        pytest.param({"number": np.array([1])}, "not generated: .'price', 'text'.", id="missing"),
        pytest.param(dict.fromkeys([*COLUMNS.names, "more"], np.array([1])), "lacks these: .'more'.", id="too many"),
    ],
)
def test_columns_that_the_contract_and_the_generator_do_not_share_are_named(batch, message):
    with pytest.raises(KeyError, match=message):
        table_of(batch, COLUMNS)


def test_schemas_follow_the_contracts():
    assert schema_of("fx_rates").field("rate").type == pa.decimal128(18, 8)
    assert schema_of("fx_rates").names == ["rate_date", "currency", "rate", "updated_at"]
    with pytest.raises(ValueError, match="ARROW_TYPES"):
        arrow_type("map<string,int>")


def table(values):
    """Rows of these texts, with a number and a price each."""
    numbers = np.arange(len(values))
    return table_of({"number": numbers, "price": amounts(numbers * 10), "text": texts(values)}, COLUMNS)


def records(values):
    return [{"number": str(n), "price": f"{n / 10:.2f}", "text": value} for n, value in enumerate(values)]


def csv_rows(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def as_csv_row(record):
    return [value or "" for value in record.values()]


@pytest.mark.parametrize("values", [AWKWARD, ["all", "plain", None]])
def test_text_survives_csv_and_json(values):
    csv_file, json_file = io.BytesIO(), io.BytesIO()

    CsvSink(csv_file).write(table(values), DirtyRows(np.array([], dtype=np.int64), ()))
    JsonSink(json_file).write(table(values), DirtyRows(np.array([], dtype=np.int64), ()))

    assert csv_rows(csv_file.getvalue()) == [as_csv_row(record) for record in records(values)]
    assert [json.loads(line) for line in json_file.getvalue().decode().split("\n")[:-1]] == [
        {"number": n, "price": n / 10, "text": value} for n, value in enumerate(values)
    ]


@pytest.mark.parametrize("values", [AWKWARD, ["all", "plain", None]])
@pytest.mark.parametrize("extra", [False, True])
@pytest.mark.parametrize(
    "malformed",
    [
        pytest.param({"number": "1"}, id="too few"),
        pytest.param({"number": "1", "price": "2", "text": 'a "b", c', "_surplus": "x"}, id="too many"),
    ],
)
def test_dirty_rows_stand_at_their_places_in_csv_whatever_their_number_of_columns(values, extra, malformed):
    not_a_number = {"number": "two", "price": "n/a", "text": None}
    dirty = DirtyRows(np.array([0, 2]), [malformed, not_a_number], extra=extra)
    file = io.BytesIO()

    CsvSink(file).write(table(values), dirty)

    rows, kept = [as_csv_row(record) for record in records(values)], 0 if extra else 1
    first, second = as_csv_row(malformed), as_csv_row(not_a_number)
    assert csv_rows(file.getvalue()) == [first, *rows[kept:2], second, *rows[2 + kept :]]
    assert dirty.total(len(values)) == len(csv_rows(file.getvalue()))


def test_dirty_rows_stand_at_their_places_in_json_and_keep_their_text():
    dirty = [{"number": "two", "price": "1,5", "text": "3"}, {"number": None, "price": "true", "text": None}]
    file = io.BytesIO()

    JsonSink(file).write(table(["a", "b", "c"]), DirtyRows(np.array([1, 3]), dirty, extra=True))

    assert [json.loads(line) for line in file.getvalue().splitlines()] == [
        {"number": 0, "price": 0.0, "text": "a"},
        {"number": "two", "price": "1,5", "text": "3"},
        {"number": 1, "price": 0.1, "text": "b"},
        {"number": 2, "price": 0.2, "text": "c"},
        {"number": None, "price": True, "text": None},
    ]


def test_dirty_rows_stand_at_their_places_in_parquet(tmp_path):
    dirty = DirtyRows(np.array([1]), [{"number": "5000", "price": None, "text": "dirty"}])

    with closing(RowFile(tmp_path, "rows", COLUMNS, FileType("parquet", compressed=False))) as file:
        file.write(table(["a", "b", "c"]), dirty)
        file.write(table(["d"]))

    written = pq.read_table(tmp_path / "rows.parquet")
    assert written.schema.remove_metadata() == COLUMNS
    assert written["number"].to_pylist() == [0, 5000, 2, 0]
    assert written["text"].to_pylist() == ["a", "dirty", "c", "d"]
    assert (file.entry("daily").rows, file.entry("daily").dirty_rows) == (4, 1)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_csv_file_has_its_header_once_and_all_chunks(tmp_path, compressed):
    with closing(RowFile(tmp_path, "rows", COLUMNS, FileType("csv", compressed=compressed))) as file:
        file.write(table(["a"]))
        file.write(table(["b, c"]))

    content = file.path.read_bytes()
    rows = csv_rows(gzip.decompress(content) if compressed else content)
    assert rows == [["number", "price", "text"], ["0", "0.00", "a"], ["0", "0.00", "b, c"]]
    assert file.entry("daily").size == len(content)


def test_another_process_writes_the_same_bytes(tmp_path):
    """Python and its libraries order sets in another way in every process."""
    code = (
        "import sys; from datetime import date; from pathlib import Path; from generators.world import generate_world\n"
        "generate_world(Path(sys.argv[1]), days=2, orders_per_day=30, seed=4, start_date=date(2026, 1, 5))"
    )
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / seed)], check=True, env=environment)

    assert (tmp_path / "1" / "manifest.json").read_bytes() == (tmp_path / "2" / "manifest.json").read_bytes()
