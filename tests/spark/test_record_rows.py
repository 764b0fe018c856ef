"""CSV files that are filled down and unpivoted, read by Spark and by DuckDB: the same rows, reasons and identifiers."""

import csv
import gzip
import io

import pytest

from cartlake.ledger import Content
from lambdas.file_validator.content.rules import rules_of
from lambdas.file_validator.domain import Candidate, examine
from tests.spark.both_readers import agreed
from tests.spark.record_rows import HEADER, baskets, csv_file
from tests.unit.lambdas.test_faults_of_every_dataset import Bytes

pytestmark = pytest.mark.spark


def dropped(read, contract, name, content):
    """A file as the validator describes it."""
    kind, is_gzip = ("csv" if ".csv" in name else "jsonl"), name.endswith(".gz")
    verdict = examine(Candidate(contract.name, kind, is_gzip), rules_of(contract), Bytes(content))
    assert isinstance(verdict, Content), verdict
    return read.dropped(contract, name, content, **verdict.format.model_dump())


@pytest.mark.parametrize("unknown", ["refuse", "keep", "ignore"])
def test_dirty_files_are_judged_alike_and_refused_rows_have_the_same_ids(read, tmp_path, unknown):
    contract = baskets(tmp_path, unknown)
    more = [] if unknown == "refuse" else ["colour"]
    padded = gzip.compress(csv_file(5)) + bytes(512)
    files = [
        dropped(read, contract, f"{unknown}-broken.csv", csv_file(1)),
        dropped(read, contract, f"{unknown}-whole.csv", csv_file(2, broken=False)),
        dropped(read, contract, f"{unknown}-zipped.csv.gz", gzip.compress(csv_file(3))),
        dropped(read, contract, f"{unknown}-padded.csv.gz", padded),
        dropped(read, contract, f"{unknown}-more.csv", csv_file(4, header=[*HEADER[:-1], *(more or HEADER[-1:])])),
    ]

    rows, refused = agreed(read.judged(contract, files)), agreed(read.refused(contract, files))

    assert len(refused) == sum("'_broken': ''" not in row for row in rows) > 100
    assert sum("'_broken': ''" in row for row in rows) > 50
    reasons = ["malformed_row", "order_id_required", "item_number_required", "line_required", "uncastable:price"]
    assert [sum(reason in row for row in rows) > 3 for reason in reasons] == [True] * len(reasons)
    assert all(r"""'shop': 'Shop "A", it\'s \\ one'""" in row for row in rows)
    assert "'shop'" not in "".join(refused)


def test_a_file_of_many_parts_is_read_in_its_order_by_spark(read, tmp_path):
    """Partitions of 4 KiB cut the file into many tasks; each order has its time in its first row alone."""
    contract = baskets(tmp_path, "refuse")
    lines = [",".join(HEADER)]
    for order in range(400):
        lines.append(f"#{order},{order},2026-01-15 10:00:00,note {order},,,,a,1.00,,")
        lines += [f"#{order},,,,,b,,,,,"] * (order % 4)
    content = ("\n".join(lines) + "\n").encode()
    file = dropped(read, contract, "parts.csv", content)

    read.spark.conf.set("spark.sql.files.maxPartitionBytes", "4096")
    try:
        rows = agreed(read.rows(contract, [file]))
    finally:
        read.spark.conf.unset("spark.sql.files.maxPartitionBytes")

    assert len(rows) == len(lines) - 1
    assert {(row[0], row[5]) for row in rows} == {(str(order), f"note {order}") for order in range(400)}
    assert sorted(int(row[1]) for row in rows) == sorted(n + 1 for order in range(400) for n in range(order % 4 + 1))


def test_rows_that_are_replayed_are_as_they_were_read(read, tmp_path):
    """A replay writes quarantined rows as JSON lines: filled, numbered and unpivoted, and without constants."""
    contract = baskets(tmp_path, "refuse")
    line = '{"order_id":"1","line":"2","item_number":"1","order_name":"#1","placed_at":"2026-01-15","item":"a"}\n'
    file = dropped(read, contract, "replay.jsonl", line.encode() * 2)

    [row, _] = agreed(read.judged(contract, [file]))

    assert "'line': 2" in row
    assert "'_broken': ''" in row
    assert '''\'shop': 'Shop "A"''' in row


def test_as_many_rows_are_read_as_records_have_numbers_with_values(read, tmp_path):
    """What rows read mean: one for each number with a value, one for a record without any."""
    contract, content = baskets(tmp_path, "refuse"), csv_file(7, broken=False)
    records = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    pairs = [[any(record[place : place + 2]) for place in (5, 7, 9)] for record in records]

    rows = agreed(read.rows(contract, [dropped(read, contract, "counted.csv", content)]))

    assert len(rows) == sum(max(1, sum(pair)) for pair in pairs) > len(records)
