"""Nested columns and unknown ones, read by Spark and by DuckDB: the same rows, reasons and values."""

import pytest

from tests.spark.both_readers import agreed
from tests.spark.nested import baskets, csv_file, json_lines, parquet_file

pytestmark = pytest.mark.spark


@pytest.mark.parametrize("unknown", ["refuse", "keep", "ignore"])
def test_dirty_nested_rows_are_judged_alike(read, tmp_path, unknown):
    contract = baskets(tmp_path, unknown)
    header = csv_file(0).splitlines()[0].decode().split(",")
    files = [
        read.dropped(contract, f"{unknown}.jsonl", json_lines(1), kind="jsonl", header=[]),
        read.dropped(contract, f"{unknown}.csv", csv_file(2), header=header, line_is_record=True),
        read.dropped(contract, f"{unknown}-broken.csv", csv_file(3), header=header, line_is_record=False),
        read.dropped(contract, f"{unknown}.parquet", parquet_file(4), kind="parquet", header=header[:5]),
    ]

    rows = agreed(read.judged(contract, files))

    assert len(rows) == 550
    reasons = [
        "'_broken': ''",
        "uncastable:items[",
        "uncastable:items'",
        ".sku_required",
        "price_in_range",
        "geo.lat_in_range",
    ]
    assert [sum(reason in row for row in rows) > 5 for reason in reasons] == [True] * len(reasons)
