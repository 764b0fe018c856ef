"""What Spark's tasks and the light engine make of the records of a file: the same rows, in its order."""

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.csv_copies import split_records
from cartlake.csv_records import CsvLayout
from cartlake.row_shapes import shape_of
from glue_jobs.engines.duckdb.shaped_files import shaped_copy
from glue_jobs.engines.spark.csv_records import split_batches
from glue_jobs.engines.spark.shaped_records import shaped_records
from lambdas.file_validator.content.csv_head import read_header
from lambdas.file_validator.content.rules import rules_of
from tests.spark.record_rows import HEADER, baskets, csv_file

FILES = st.builds(csv_file, st.integers(0, 10**6), records=st.integers(1, 40), broken=st.booleans())


@pytest.fixture(scope="module", params=["refuse", "keep", "ignore"])
def contract(request, tmp_path_factory):
    return baskets(tmp_path_factory.mktemp("contracts"), request.param)


@pytest.fixture(scope="module")
def header(contract):
    return read_header(",".join(HEADER).encode(), rules_of(contract).of_csv)


def on_spark(contents, header, contract, batch):
    """Rows of files as Spark's tasks make them of their lines, a few lines at a time; each with its malformed text."""
    layout, shape = CsvLayout(len(header), record_bytes=contract.max_line_bytes), shape_of(contract)
    lines = [(str(n), line.decode()) for n, content in enumerate(contents) for line in content.split(b"\n")[:-1]]
    parts = [lines[start : start + batch] for start in range(0, len(lines), batch)]
    batches = (
        pa.RecordBatch.from_arrays(list(map(pa.array, zip(*part, strict=True))), ["_path", "value"]) for part in parts
    )
    found = shaped_records(split_batches(batches, layout), header, shape)
    return [tuple(row.values()) for one in found for row in one.to_pylist()]


def on_light(contents, header, contract, folder):
    """Rows of files as the light engine copies them."""
    layout, shape = CsvLayout(len(header), record_bytes=contract.max_line_bytes), shape_of(contract)
    rows, nothing = [], [None] * len(shape.columns_of(header))
    for number, content in enumerate(contents):
        good, malformed = folder / "a.good", io.BytesIO()
        with good.open("wb") as target:
            split_records(io.BytesIO(content), target, malformed, layout, block_bytes=64, part_bytes=16)
        copied = shaped_copy(good, header, layout, shape).read_bytes().decode()
        rows += [
            (*(cell or None for cell in row), None, str(number)) for row in csv.reader(io.StringIO(copied, newline=""))
        ]
        texts = csv.reader(io.StringIO(malformed.getvalue().decode(), newline=""))
        rows += [(*nothing, *text, str(number)) for text in texts]
    return rows


@settings(max_examples=40)
@given(contents=st.lists(FILES, min_size=1, max_size=3), batch=st.integers(1, 50))
def test_both_engines_make_the_same_rows_of_generated_files(contract, header, tmp_path, contents, batch):
    spark, light = on_spark(contents, header, contract, batch), on_light(contents, header, contract, tmp_path)

    def well_formed(rows):
        return [row for row in rows if row[-2] is None]

    assert well_formed(spark) == well_formed(light)
    assert sorted(spark, key=repr) == sorted(light, key=repr)


def test_a_group_that_goes_on_in_the_next_batch_is_filled_and_one_in_the_next_file_is_not(contract, header):
    first = b"header\n#1,1,2026-01-15,note,,,,a,1.00,,\n#1,,,,,b,,,,,\n#1,,,,,b,,,,,\n"
    second = b"header\n#1,,,,,b,,,,,\n"

    rows = on_spark([first, second], header, contract, batch=1)

    names = shape_of(contract).columns_of(header)
    cells = [dict(zip(names, row, strict=False)) for row in rows]
    assert [(row["order_id"], row["line"], row["item_number"]) for row in cells] == [
        ("1", "1", "1"),
        ("1", "2", "2"),
        ("1", "3", "2"),
        (None, "1", "2"),
    ]
