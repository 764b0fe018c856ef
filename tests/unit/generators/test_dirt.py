"""Each kind of dirt on one known record: exactly the fault it is named for, nothing else touched."""

import pytest

from generators.dirt.order_lines import KINDS, kinds_for
from generators.files.formats import csv_line, json_lines
from generators.files.text import from_records
from generators.schemas import schema_of

COLUMNS = schema_of("transactions")
CLEAN = dict(
    zip(
        COLUMNS.names,
        [
            *("ORD-00000A17F3", "2", "CUS-0004211", "ada@example.org", "PRD-00042", "paid", "web", "card", "DE", "EUR"),
            *("2", "19.99", "5.00", "6.65", "41.63", "2024-02-29T12:34:56Z", "2024-03-01T08:00:00Z"),
        ],
        strict=True,
    )
)
BY_NAME = {kind.name: kind for kind in KINDS}


def spoiled(kind, choice=0):
    record = dict(CLEAN)
    BY_NAME[kind].spoil(record, choice)
    return record


def changes(kind, choice=0):
    record = spoiled(kind, choice)
    return {name: value for name, value in record.items() if CLEAN.get(name) != value}


@pytest.mark.parametrize(
    ("kind", "choice", "expected"),
    [
        ("missing_customer_id", 0, {"customer_id": None}),
        ("missing_unit_price", 0, {"unit_price": None}),
        ("bad_order_id", 0, {"order_id": "ORD_00000A17F3"}),
        ("bad_order_id", 1, {"order_id": "00000A17F3"}),
        ("bad_order_id", 2, {"order_id": "ORD-00000A"}),
        ("bad_order_id", 3, {"order_id": "ORD-00000A17FG"}),
        ("unknown_currency", 0, {"currency": "XXX"}),
        ("unknown_status", 0, {"order_status": "pending"}),
        ("quantity_zero", 0, {"quantity": "0", "discount_amount": "0.00", "line_total": "6.65"}),
        ("quantity_too_large", 0, {"quantity": "5000", "line_total": "99951.65"}),
        ("quantity_not_a_number", 0, {"quantity": "two"}),
        ("line_total_off", 0, {"line_total": "42.63"}),
        ("line_total_off", 49, {"line_total": "91.63"}),
        ("future_timestamp", 0, {"ordered_at": "2099-02-28T12:34:56Z", "updated_at": "2099-03-01T08:00:00Z"}),
        ("unparseable_timestamp", 0, {"ordered_at": "yesterday"}),
        ("updated_before_ordered", 0, {"updated_at": "2023-02-28T12:34:56Z"}),
        ("lower_case_country", 0, {"country_code": "de"}),
        ("discount_above_value", 0, {"discount_amount": "40.98", "tax_amount": "42.63"}),
        ("malformed_row", 1, {"_surplus": "unexpected"}),
    ],
)
def test_a_kind_changes_what_it_says(kind, choice, expected):
    assert changes(kind, choice) == expected


@pytest.mark.parametrize(("choice", "columns"), [(0, 16), (1, 18), (2, 14), (4, 15)])
def test_a_malformed_row_has_another_number_of_columns(choice, columns):
    assert csv_line(spoiled("malformed_row", choice)).count(b",") + 1 == columns


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("choice", range(8))
def test_every_variant_of_every_kind_spoils_the_record_and_needs_no_quoting(kind, choice):
    record = spoiled(kind.name, choice)

    assert record != CLEAN
    assert not set('",\n\\') & set("".join(value or "" for value in record.values()))


@pytest.mark.parametrize(("file_format", "kinds"), [("csv", 15), ("jsonl", 14), ("parquet", 12)])
def test_every_format_carries_at_least_ten_kinds(file_format, kinds):
    assert len(kinds_for(file_format)) == kinds >= 10


def test_json_keeps_numbers_as_numbers_and_faults_as_text():
    rows = [spoiled("quantity_not_a_number"), spoiled("missing_unit_price"), CLEAN]

    lines = json_lines(from_records(rows, COLUMNS), COLUMNS)["line"].to_pylist()

    assert '"quantity":"two"' in lines[0]
    assert '"unit_price":null' in lines[1]
    assert '"quantity":2,"unit_price":19.99,' in lines[2]
