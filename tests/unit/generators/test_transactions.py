import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from generators.schemas import schema_of
from generators.transactions import BYTES_PER_CSV_ROW, generate_transactions, write_large_csv

from .conftest import SMALL
from .judging import read_csv, typed_value

DAY = date(2026, 3, 8)
COLUMNS = schema_of("transactions")
EXTRAS = {"duplicate_file": True, "late_file": True}


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize(
    ("file_format", "compressed", "suffix"),
    [("csv", False, "csv"), ("csv", True, "csv.gz"), ("jsonl", False, "jsonl"), ("parquet", False, "parquet")],
)
def test_same_arguments_give_the_same_bytes(tmp_path, file_format, compressed, suffix):
    for name in ("one", "two"):
        generate_transactions(tmp_path / name, **SMALL, **EXTRAS, file_format=file_format, compressed=compressed)

    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "two")
    assert f"transactions-2026-03-08.{suffix}" in one
    assert f"transactions-2026-03-08-late.{suffix}" in one
    assert f"transactions-2026-03-06-copy.{suffix}" in one


def test_another_seed_gives_other_rows(small_set, tmp_path):
    _, manifest = small_set

    other = generate_transactions(tmp_path, **SMALL | {"seed": 8}, **EXTRAS)

    assert not {file.sha256 for file in manifest.files} & {file.sha256 for file in other.files}


def test_without_late_file_the_split_is_exact(tmp_path):
    expected = generate_transactions(tmp_path, **SMALL).expected_rows

    assert (expected.read, expected.quarantined) == (4_000, 200)
    assert (expected.published.min, expected.published.max) == (3_800, 3_800)
    assert (expected.duplicate.min, expected.duplicate.max) == (0, 0)


def test_all_formats_carry_the_same_clean_rows(tmp_path):
    arguments = SMALL | {"rows": 500, "days": 1, "dirty": 0.0}
    for file_format in ("csv", "jsonl", "parquet"):
        generate_transactions(tmp_path, **arguments, file_format=file_format)
        if file_format == "csv":
            rows = [
                {name: typed_value(COLUMNS, name, text or None) for name, text in zip(COLUMNS.names, row, strict=True)}
                for row in read_csv(tmp_path / "transactions-2026-03-08.csv")
            ]
        elif file_format == "jsonl":
            lines = (tmp_path / "transactions-2026-03-08.jsonl").read_text().splitlines()
            from_json = [json.loads(line, parse_float=Decimal) for line in lines]

    from_parquet = pq.read_table(tmp_path / "transactions-2026-03-08.parquet").to_pylist()
    assert any(row["customer_email"] is None for row in rows)
    assert from_parquet == rows
    assert [
        {name: typed_value(COLUMNS, name, value and str(value)) for name, value in row.items()} for row in from_json
    ] == rows


def test_compressed_files_hold_the_plain_ones(small_set, tmp_path):
    out, manifest = small_set

    generate_transactions(tmp_path, **SMALL, **EXTRAS, compressed=True)

    for file in manifest.files:
        packed = (tmp_path / f"{file.name}.gz").read_bytes()
        assert packed[4:8] == bytes(4)  # no time of writing in the header, or the bytes would change every second
        assert gzip.decompress(packed) == (out / file.name).read_bytes()


def test_csv_values_are_written_as_the_contract_shows_them(small_rows):
    row = dict(zip(COLUMNS.names, small_rows["transactions-2026-03-04.csv"][0], strict=True))

    assert datetime.fromisoformat(row["ordered_at"]).tzinfo == UTC
    assert row["ordered_at"].endswith("Z")
    assert len(row["unit_price"].partition(".")[2]) == 2


def test_a_new_set_replaces_the_old_one_and_nothing_else(tmp_path):
    generate_transactions(tmp_path, **SMALL, **EXTRAS)
    (tmp_path / "notes.txt").write_text("mine")

    generate_transactions(tmp_path, rows=50, days=2, end_date=DAY)

    assert set(contents(tmp_path)) == {
        "notes.txt",
        "manifest.json",
        "transactions-2026-03-07.csv",
        "transactions-2026-03-08.csv",
    }


def test_a_manifest_that_points_elsewhere_deletes_nothing_there(tmp_path):
    out, precious = tmp_path / "out", tmp_path / "precious.csv"
    manifest = generate_transactions(out, rows=10, days=1, end_date=DAY)
    precious.write_text("keep me")
    stray = manifest.files[0].model_copy(update={"name": "../precious.csv"})
    manifest.model_copy(update={"files": (stray,)}).write(out)

    generate_transactions(out, rows=10, days=1, end_date=DAY)

    assert precious.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"rows": 0}, "one row a day", id="no rows"),
        pytest.param({"rows": 9, "days": 10}, "one row a day", id="fewer rows than days"),
        pytest.param({"days": 0}, "at least one day", id="no days"),
        pytest.param({"seed": -1}, "a seed of 0 or more", id="negative seed"),
        pytest.param({"dirty": 0.6}, "from 0 to 0.5", id="mostly dirt"),
        pytest.param({"file_format": "parquet", "compressed": True}, "Parquet compresses itself", id="gzipped parquet"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        generate_transactions(tmp_path / "out", end_date=DAY, **arguments)

    assert not (tmp_path / "out").exists()


def test_one_row_may_be_all_there_is(tmp_path):
    manifest = generate_transactions(tmp_path, rows=1, days=1, dirty=0.0, end_date=DAY)

    assert manifest.expected_table.rows == 1
    assert len(manifest.files) == 1


def test_a_late_file_without_news_is_refused_and_the_earlier_set_stays(tmp_path):
    # The one order of this seed is placed in the last hours of the last day.
    generate_transactions(tmp_path, rows=10, days=2, end_date=DAY)
    before = contents(tmp_path)

    with pytest.raises(ValueError, match="leave it out"):
        generate_transactions(tmp_path, rows=1, days=1, seed=0, end_date=DAY, late_file=True)

    assert contents(tmp_path) == before


def test_a_large_file_is_one_csv_over_many_days(tmp_path):
    entry = write_large_csv(tmp_path / "large.csv", 20_000, days=40, end_date=DAY)

    rows = read_csv(tmp_path / "large.csv")
    assert entry.rows == len(rows) == 20_000
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert len({row[COLUMNS.names.index("ordered_at")][:10] for row in rows}) == 40
    assert entry.size / entry.rows == pytest.approx(BYTES_PER_CSV_ROW, rel=0.03)


def test_a_large_file_is_named_as_what_it_is(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.csv"):
        write_large_csv(tmp_path / "large.parquet", 10, days=1, end_date=DAY)
