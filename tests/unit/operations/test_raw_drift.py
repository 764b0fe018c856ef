"""What counts as a difference between crawled files and a contract, format by format."""

from dataclasses import replace

import pytest

from cartlake import contracts
from cartlake_cli.operations.raw_files.drift import RawTable, drift_of, fits
from localaws.crawler import discovery as crawling

TRANSACTIONS = contracts.load("transactions")


def crawled(kind, columns, **parameters):
    classification = {"jsonl": "json"}.get(kind, kind)
    entry = {
        "Name": "transactions",
        "Parameters": {"classification": classification, "objectCount": "2", **parameters},
        "StorageDescriptor": {
            "Location": "s3://raw/incoming/transactions/",
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
        },
    }
    return RawTable.of(entry)


def as_sent():
    return {column.name: column.type for column in TRANSACTIONS.table.file_columns}


def differences(kind, columns):
    found = drift_of(TRANSACTIONS, [crawled(kind, columns)])
    return [(one.difference, one.column, one.found, one.wanted) for one in found]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_files_as_the_contract_says_do_not_drift(kind):
    assert differences(kind, as_sent()) == []


def test_columns_are_missing_and_unknown_by_name():
    columns = as_sent() | {"Coupon": "string"}
    del columns["channel"], columns["customer_email"]

    assert differences("csv", columns) == [
        ("missing", "customer_email", None, "string"),
        ("missing", "channel", None, "string"),
        ("unknown", "coupon", "string", None),
    ]


def test_columns_are_known_by_the_names_that_files_may_use():
    channel = TRANSACTIONS.table.column("channel")
    columns = [
        replace(one, aliases=("Sales Channel",)) if one == channel else one for one in TRANSACTIONS.table.columns
    ]
    called = replace(TRANSACTIONS, tables=(replace(TRANSACTIONS.table, columns=tuple(columns)),))
    sent = {"sales channel" if name == "channel" else name: kind for name, kind in as_sent().items()}

    assert drift_of(called, [crawled("csv", sent)]) == []
    assert [one.column for one in drift_of(TRANSACTIONS, [crawled("csv", sent)])] == ["channel", "sales channel"]


def test_columns_that_the_contract_leaves_to_files_do_not_drift():
    ignoring = replace(TRANSACTIONS, unknown_columns="ignore")

    assert drift_of(ignoring, [crawled("csv", as_sent() | {"coupon": "string"})]) == []


def test_csv_files_have_numbered_columns_and_no_numbers_of_rows():
    shop = contracts.load("woocommerce_orders")
    names = [column.name for column in shop.table.file_columns if column.name not in {"item_number", "product_name"}]
    sent = dict.fromkeys([*names, "product item 1 name", "product item 2 name"], "string")

    assert {one.column for one in drift_of(shop, [crawled("csv", sent)])} == set()
    assert [one.column for one in drift_of(shop, [crawled("csv", dict.fromkeys(names, "string"))])] == ["product_name"]


def test_objects_may_leave_out_what_is_optional():
    columns = as_sent()
    del columns["channel"], columns["customer_email"]

    assert differences("jsonl", columns) == [("missing", "channel", None, "string")]


def test_a_required_column_says_what_becomes_of_its_rows():
    columns = as_sent()
    del columns["channel"], columns["customer_email"]

    optional, required = drift_of(TRANSACTIONS, [crawled("csv", columns)])

    assert "quarantined" in required.advice
    assert "read as null" in optional.advice


def test_a_format_that_is_not_accepted_is_named():
    [drift] = drift_of(TRANSACTIONS, [crawled("avro", as_sent())])

    assert (drift.difference, drift.found, drift.wanted) == ("format", "avro", "csv, jsonl, parquet")


@pytest.mark.parametrize(
    ("wanted", "found", "kind", "answer"),
    [
        ("int", "string", "csv", True),  # empty values only, or one bad row: rows are judged one by one
        ("string", "bigint", "csv", True),
        ("decimal(12,2)", "double", "jsonl", True),
        ("int", "struct<a:int>", "jsonl", False),
        ("string", "array<string>", "jsonl", False),
        ("array<string>", "array<string>", "jsonl", True),
        ("array<string>", "bigint", "jsonl", False),
        ("struct<a:int>", "struct<a:bigint>", "jsonl", True),
        ("struct<a:int>", "array<bigint>", "jsonl", False),
        ("struct<a:int>", "string", "csv", True),
        ("struct<a:int>", "struct<a:int>", "parquet", True),
        ("struct<a:int>", "string", "parquet", False),
        ("timestamp", "timestamp", "parquet", True),
        ("timestamp", "string", "parquet", True),
        ("timestamp", "bigint", "parquet", False),
        ("int", "bigint", "parquet", True),
        ("int", "double", "parquet", False),
        ("string", "bigint", "parquet", False),
        ("decimal(12,2)", "decimal(10,2)", "parquet", True),
        ("boolean", "int", "parquet", False),
    ],
)
def test_types_fit_or_not(wanted, found, kind, answer):
    assert fits(wanted, found, kind) is answer


def test_what_the_local_crawler_makes_of_a_good_file_does_not_drift():
    header = ",".join(as_sent())
    line = ",".join("1" for _ in as_sent())

    assert differences("csv", crawling.csv_columns(f"{header}\n{line}\n".encode())) == []
