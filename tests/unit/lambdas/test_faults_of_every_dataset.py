"""The file faults that may hit any dataset, against the contract of each: refused by their reasons, good ones taken."""

import codecs
import gzip
import json
from dataclasses import dataclass

import pytest

from cartlake import contracts
from cartlake.ledger import Content
from lambdas.file_validator.content.refusal import Reason
from lambdas.file_validator.content.rules import rules_of
from lambdas.file_validator.domain import Candidate, examine

DATASETS = contracts.names()
EURO = "€"
"""UTF-8 and Latin-9 write it differently."""


@dataclass
class Bytes:
    """A file as the validator reads one."""

    data: bytes

    @property
    def size(self):
        return len(self.data)

    def chunks(self):
        return iter([self.data])

    def parquet_footer(self):
        raise AssertionError("only Parquet files have a footer")


def verdict(dataset, data, kind="csv", *, gz=False):
    rules = rules_of(contracts.load(dataset))
    return examine(Candidate(dataset, kind, gz), rules, Bytes(data))


def good_row(dataset):
    return {column.name: column.examples[0] for column in contracts.load(dataset).table.file_columns}


def csv_row(dataset):
    """The examples under the names of CSV files: with numbers where columns become rows, without numbers of rows."""
    table = contracts.load(dataset).table
    numbered = {column: name.format(n=1) for column, name in reversed(table.unpivot.names)} if table.unpivot else {}
    row = good_row(dataset)
    return {numbered.get(name, name): value for name, value in row.items() if name not in table.counted_columns}


def as_csv(*rows, delimiter=","):
    quoted = [[json.dumps(str(value), ensure_ascii=False) for value in row.values()] for row in rows]
    return "\n".join([delimiter.join(rows[0]), *(delimiter.join(row) for row in quoted), ""]).encode()


def as_json_lines(row):
    return (json.dumps({name: str(value) for name, value in row.items()}) + "\n").encode()


def renamed(row):
    first, *others = row
    return {f"{first}s": row[first]} | {name: row[name] for name in others}


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param("csv", as_csv, id="csv"),
        pytest.param("csv", lambda row: codecs.BOM_UTF8 + as_csv(row), id="csv with a byte order mark"),
        pytest.param("csv", lambda row: as_csv(dict(reversed(row.items()))), id="reordered columns"),
        pytest.param("jsonl", as_json_lines, id="jsonl"),
    ],
)
def test_the_examples_of_a_contract_make_a_good_file(dataset, kind, content):
    row = csv_row(dataset) if kind == "csv" else good_row(dataset)

    assert isinstance(verdict(dataset, content(row), kind), Content)


FAULTS = {
    "no bytes": (lambda row: b"", Reason.EMPTY_FILE),
    "a header and nothing else": (lambda row: as_csv(row).splitlines()[0] + b"\n", Reason.NO_ROWS),
    "no header": (lambda row: as_csv(row).splitlines()[1] + b"\n", Reason.MISSING_HEADER),
    "a missing column": (lambda row: as_csv(dict(list(row.items())[1:])), Reason.MISSING_COLUMNS),
    "an extra column": (lambda row: as_csv(row | {"surprise": "1"}), Reason.EXTRA_COLUMNS),
    "a renamed column": (lambda row: as_csv(renamed(row)), Reason.RENAMED_COLUMNS),
    "semicolons": (lambda row: as_csv(row, delimiter=";"), Reason.WRONG_DELIMITER),
    "UTF-16": (lambda row: as_csv(row).decode().encode("utf-16"), Reason.WRONG_ENCODING),
    "Latin-9": (lambda row: as_csv(row).replace(b"\n", b"\n" + EURO.encode("iso8859-15"), 1), Reason.WRONG_ENCODING),
    "no text": (lambda row: bytes(range(256)) * 64, Reason.BINARY_CONTENT),
    "one endless line": (lambda row: b"x" * (2 << 20), Reason.LINE_TOO_LONG),
}


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_of_any_dataset_is_refused_for_its_reason(dataset, fault):
    spoil, reason = FAULTS[fault]

    found = verdict(dataset, spoil(csv_row(dataset)))

    if fault == "an extra column" and contracts.load(dataset).unknown_columns == "ignore":
        assert isinstance(found, Content)
        return
    assert found.reason is reason
    assert len(found.message) > 20


MADE = {
    "shopify_orders": ["line_number", "shop_system"],
    "woocommerce_orders": ["item_number", "product_name", "shop_system"],
    "stripe_payments": ["provider"],
}
"""Columns whose values no CSV file has: numbers, constants, and what has names with numbers in files."""


@pytest.mark.parametrize(("dataset", "column"), [(name, column) for name, listed in MADE.items() for column in listed])
def test_a_file_with_a_column_that_the_contract_fills_is_refused(dataset, column):
    found = verdict(dataset, as_csv(csv_row(dataset) | {column: "1"}))

    assert found.reason is Reason.EXTRA_COLUMNS
    assert f"fills itself: {column}." in found.message


def test_rows_of_json_lines_have_numbers_and_no_constants():
    row = good_row("woocommerce_orders")

    assert isinstance(verdict("woocommerce_orders", as_json_lines(row), "jsonl"), Content)
    refused = verdict("woocommerce_orders", as_json_lines(row | {"shop_system": "x"}), "jsonl")
    assert refused.reason is Reason.EXTRA_COLUMNS


def test_numbered_columns_are_found_by_their_names_and_needed_where_the_contract_requires_them():
    row = csv_row("woocommerce_orders")
    more = row | {"PRODUCT-ITEM 12 name": "b", "Lineitem 2 sku": "c", "item_total[3]": "4"}

    found = verdict("woocommerce_orders", as_csv(more)).format.header
    assert found[-3:] == ["product_name[12]", "sku[2]", "item_total[3]"]
    assert "product_name[1]" in found

    twice = verdict("woocommerce_orders", as_csv(row | {"Lineitem 1 name": "b"}))
    assert twice.reason is Reason.DUPLICATE_COLUMNS
    without = {name: value for name, value in row.items() if name != "Product Item 1 Quantity"}
    lacks = verdict("woocommerce_orders", as_csv(without))
    assert (lacks.reason, lacks.details["missing"]) == (Reason.MISSING_COLUMNS, ["quantity"])


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_truncated_archive_of_any_dataset_is_refused(dataset):
    archive = gzip.compress(as_csv(*[csv_row(dataset)] * 50))

    assert isinstance(verdict(dataset, archive, gz=True), Content)
    assert verdict(dataset, archive[:-10], gz=True).reason is Reason.TRUNCATED_GZIP
