"""Records of CSV files become rows: filled from above, and unpivoted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake.contracts.custom_properties.record_mapping import FillDown, Unpivot
from cartlake.record_rows import RecordRows, filler, unpivoter

FILL = FillDown("order", ("at", "currency"), "line")
UNPIVOT = Unpivot((("item", "Item {n}"), ("item", "Product {n} name"), ("price", "Price {n}")), "number")
ORDERS = ["order", "at", "currency", "sku"]
WIDE = ["order", "item[1]", "price[1]", "item[2]", "price[2]", "item[10]"]

cells = st.sampled_from([None, "a", "b", "c"])


def filled(*records, fill=FILL, header=ORDERS):
    function = filler(header, fill)
    return [list(function(record)) for record in records]


def test_an_empty_cell_has_the_value_of_the_row_above_in_its_group_and_rows_are_numbered():
    assert filled(
        ["#1", "monday", "EUR", "a"],
        ["#1", None, None, "b"],
        ["#2", "tuesday", None, "a"],
        ["#2", None, None, "c"],
    ) == [
        ["#1", "monday", "EUR", "a", "1"],
        ["#1", "monday", "EUR", "b", "2"],
        ["#2", "tuesday", None, "a", "1"],
        ["#2", "tuesday", None, "c", "2"],
    ]


def test_another_value_holds_from_its_row_on_and_other_columns_stay_empty():
    rows = filled(["#1", "monday", "EUR", "a"], ["#1", "tuesday", None, None], ["#1", None, None, "c"])

    assert [row[1:4] for row in rows] == [["monday", "EUR", "a"], ["tuesday", "EUR", None], ["tuesday", "EUR", "c"]]


def test_a_group_ends_where_another_value_begins_and_nothing_is_taken_over_when_it_comes_again():
    rows = filled(["#1", "monday", "EUR", "a"], ["#2", None, None, "b"], ["#1", None, None, "c"])

    assert [(row[1], row[4]) for row in rows] == [("monday", "1"), (None, "1"), (None, "1")]


def test_rows_without_a_group_are_neither_filled_nor_numbered():
    rows = filled(["#1", "monday", "EUR", "a"], [None, "friday", None, "b"], [None, None, None, "c"])

    assert rows[1:] == [[None, "friday", None, "b", None], [None, None, None, "c", None]]


def test_a_file_without_a_column_is_filled_in_the_others_alone():
    header, fill = ["order", "currency"], FillDown("order", ("at", "currency"))

    assert filled(["#1", "EUR"], ["#1", None], fill=fill, header=header) == [["#1", "EUR"], ["#1", "EUR"]]
    assert filled(["EUR"], [None], fill=FILL, header=["currency"]) == [["EUR", None], [None, None]]


@given(st.lists(st.tuples(cells, cells, cells, cells)))
def test_filling_is_what_it_says_row_by_row(records):
    for place, (row, before) in enumerate(zip(filled(*records), [None, *records], strict=False)):
        record = records[place]
        start = place
        while start and record[0] is not None and records[start - 1][0] == record[0]:
            start -= 1
        group = records[start : place + 1]
        for column in (1, 2):
            above = [one[column] for one in group if one[column] is not None]
            assert row[column] == (above[-1] if above else None), before
        assert row[0] == record[0]
        assert row[3] == record[3]
        assert row[4] == (None if record[0] is None else str(len(group)))


def test_each_number_with_a_value_is_a_row_in_the_order_of_numbers():
    rows = unpivoter(WIDE, UNPIVOT)

    assert rows(["#1", "mug", "5.00", None, None, "towel"]) == [
        ["#1", "mug", "5.00", "1"],
        ["#1", "towel", None, "10"],
    ]
    assert rows(["#2", None, None, None, "7.00", None]) == [["#2", None, "7.00", "2"]]


def test_a_record_without_any_is_one_row_so_that_none_is_lost():
    assert unpivoter(WIDE, UNPIVOT)(["#1", None, None, None, None, None]) == [["#1", None, None, None]]


@given(st.permutations(WIDE), st.lists(cells, min_size=6, max_size=6))
def test_no_value_is_lost_or_invented_by_unpivoting_whatever_the_order_of_columns(header, values):
    record = dict(zip(header, values, strict=True))
    rows = unpivoter(header, UNPIVOT)(values)

    found = {}
    for order, item, price, number in rows:
        assert order == record["order"]
        found |= {f"item[{number}]": item, f"price[{number}]": price}
    numbered = {name: value for name, value in record.items() if name != "order" and value is not None}
    assert {name: value for name, value in found.items() if value is not None} == numbered
    assert len(rows) == max(1, len({name.partition("[")[2] for name in numbered}))


def test_filling_comes_before_unpivoting():
    both = RecordRows(FillDown("order", ("at",)), Unpivot((("item", "Item {n}"),)))
    header = ["order", "item[1]", "at", "item[2]"]
    rows = both.of_file(header)

    assert both.header(header) == ["order", "at", "item"]
    assert [*rows(["#1", "a", "monday", "b"]), *rows(["#1", "c", None, None])] == [
        ["#1", "monday", "a"],
        ["#1", "monday", "b"],
        ["#1", "monday", "c"],
    ]


def test_only_filling_needs_the_order_of_the_file():
    assert [RecordRows(FILL).in_order, RecordRows(None, UNPIVOT).in_order] == [True, False]


@pytest.mark.parametrize(
    ("name", "exact", "loose"),
    [
        ("Item 1", "item[1]", "item[1]"),
        ("Product 12 name", "item[12]", "item[12]"),
        ("Price 007", "price[7]", "price[7]"),
        ("item[3]", "item[3]", "item[3]"),
        ("ITEM-1", None, "item[1]"),
        ("\ufeffproduct_2_Name ", None, "item[2]"),
        ("Item 1000", None, None),
        ("Item", None, None),
        ("Item 1 of 2", None, None),
        ("Item -1", None, "item[1]"),
        ("other[3]", None, None),
        ("item", None, None),
    ],
)
def test_names_of_numbered_columns(name, exact, loose):
    assert (UNPIVOT.numbered(name, loose=False), UNPIVOT.numbered(name, loose=True)) == (exact, loose)
