"""Lines of JSON and cells of CSV as the shape of a contract's rows has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake.contracts.types import List, Plain, Struct, parse_type
from cartlake.row_shapes import Number, RowShape, parsed, written

COLUMNS = (
    ("id", "string"),
    ("number", "int"),
    ("lines", "array<struct<sku:string,price:decimal(12,2),tags:array<string>>>"),
    ("address", "struct<city:string,geo:struct<lat:double>>"),
)
TYPES = tuple((name, parse_type(kind)) for name, kind in COLUMNS)
SHAPES = {word: RowShape(TYPES, word) for word in ("refuse", "ignore", "keep")}


def shaped(line: str, unknown: str = "refuse") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SHAPES[unknown].line(line.encode()))
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('[{"sku": "a", "price": 1.50}]', '[{"sku":"a","price":"1.50"}]'),
        (
            '[{"price": 12345678901234567890.10, "sku": null}, null]',
            '[{"sku":null,"price":"12345678901234567890.10"},null]',
        ),
        ('[{"sku": 1e400, "tags": [true, 2, "x", null]}]', '[{"sku":"1e400","tags":["true","2","x",null]}]'),
        ("[]", "[]"),
        ("[{}]", "[{}]"),
        ("null", None),
        ('""', None),
        (r'"[{\"sku\": 5}]"', '[{"sku":"5"}]'),
        (r'[{"sku": "\u00e9\n\"\\"}]', '[{"sku":"é\\n\\"\\\\"}]'),
    ],
)
def test_a_nested_value_becomes_a_text_in_which_every_value_is_one(value: str, expected: str | None) -> None:
    assert shaped(f'{{"lines": {value}}}') == {"lines": expected}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ('{"sku": "a"}', ' {"sku":"a"}'),
        ('["a"]', ' ["a"]'),
        ('[{"sku": {"a": 1.50}}]', ' [{"sku":{"a":1.50}}]'),
        ('[{"colour": 1}]', ' [{"colour":1}]'),
        ("7", "7"),
        ("true", "true"),
        ('"x"', "x"),
        (r'"[{\"sku\":"', ' [{"sku":'),
        (r'"[{\"sku\":1,\"sku\":2}]"', ' [{"sku":1,"sku":2}]'),
        (r'"[{\"sku\":NaN}]"', ' [{"sku":NaN}]'),
    ],
)
def test_a_value_of_another_form_is_kept_and_begins_with_no_bracket(value: str, kept: str) -> None:
    assert shaped(f'{{"id": "1", "lines": {value}}}') == {"id": "1", "lines": kept}


def test_what_is_no_number_keeps_its_place() -> None:
    assert shaped('{"lines": [{"price": {"a": 1}}, {"price": [2]}]}') == {
        "lines": '[{"price":"{\\"a\\":1}"},{"price":"[2]"}]'
    }


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "a", "id": "b"}',
        '{"id": {"a": 1}}',
        '{"id": [1]}',
        '{"id": NaN}',
        '{"lines": [NaN]}',
        '{"lines": [{"sku": "a", "sku": "b"}]}',
        r'{"lines": [{"sku": "\ud83d"}]}',
        r'{"id": "\udc5f"}',
        '{"colour": 1}',
        '{"id": 1} {"id": 2}',
        '{"lines": [01]}',
        "[]",
        "null",
        "{",
        "",
        "[" * 100_000,
        '\ufeff{"id": 1}',
        '{"id": "a\tb"}',
    ],
)
def test_what_is_no_row_stays_as_it_is(line: str) -> None:
    assert SHAPES["refuse"].line(line.encode()) == line.encode()


def test_unknown_keys_are_ignored_or_kept_as_they_were_written() -> None:
    line = '{"id": 7, "colour": {"a": [1.10, "é"]}, "_row": 5, "lines": [{"sku": "x", "size": 1e2}], "Id": null}'
    lines = '[{"sku":"x"}]'

    assert shaped(line, "ignore") == {"id": "7", "lines": lines}
    assert shaped(line, "keep") == {
        "id": "7",
        "lines": lines,
        "unknown_columns": '{"colour":{"a":[1.10,"é"]},"lines[0].size":1e2,"Id":null}',
    }


def test_a_replayed_row_has_the_unknown_columns_it_had() -> None:
    first = shaped('{"id": "1", "colour": 1.10, "lines": {"a": 1}}', "keep")

    again = shaped(json.dumps({**first, "size": 2, "_quarantine_row_id": "x"}), "keep")

    assert first["unknown_columns"] == '{"colour":1.10}'
    assert again == {**first, "unknown_columns": '{"colour":1.10,"size":2}'}
    assert shaped('{"unknown_columns": "x"}', "keep") == {"unknown_columns": '{"unknown_columns":"x"}'}


def test_cells_of_csv_hold_nested_values_as_json() -> None:
    header = ["Shop Name", "lines", "id", "_x", "address"]

    def record(unknown: str, *cells: str | None) -> list[str | None]:
        [row] = SHAPES[unknown].rows(header)(cells)
        return row

    assert SHAPES["ignore"].columns_of(header) == ["lines", "id", "address"]
    assert SHAPES["keep"].columns_of(header) == ["lines", "id", "address", "unknown_columns"]
    assert record("ignore", "s", '[{"sku":1.0}]', "[", None, "x") == ['[{"sku":"1.0"}]', "[", "x"]
    assert record("keep", "s", '[{"size":1.0}]', None, "y", "") == [
        "[{}]",
        None,
        "",
        '{"Shop Name":"s","lines[0].size":1.0}',
    ]
    assert record("keep", None, None, None, None, None) == [None] * 4


def test_fields_are_found_under_the_names_that_files_give_them() -> None:
    kind = List(Struct((("unit_price", Plain("int")), ("sku", Plain("string"))), (("unitPrice", "unit_price"),)))
    shape = RowShape((("lines", kind),), "keep", (("rows", "lines"),))

    line = shape.line(b'{"rows": [{"unitPrice": 1, "Sku": "a"}], "x": [{"unitPrice": 1, "unit_price": 2}]}')
    twice = shape.line(b'{"lines": [{"unitPrice": 1, "unit_price": 2}]}')

    assert json.loads(line) == {
        "lines": '[{"unit_price":"1"}]',
        "unknown_columns": '{"lines[0].Sku":"a","x":[{"unitPrice":1,"unit_price":2}]}',
    }
    assert json.loads(twice) == {"lines": ' [{"unitPrice":1,"unit_price":2}]'}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_json_is_written_as_it_was_read(value: Any) -> None:
    text = json.dumps(value)

    assert json.loads(written(parsed(text))) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_the_digits_of_numbers_stay(value: Any) -> None:
    text = format(value, "f")

    assert type(parsed(text)) is Number
    assert written(parsed(f"[{text}]")) == f"[{text}]"


ITEM = st.fixed_dictionaries(
    {},
    optional={
        "sku": st.text('a"\\é\n', max_size=4) | st.none(),
        "tags": st.none() | st.lists(st.text('ab"', max_size=2), max_size=2),
    },
)


@given(st.lists(ITEM | st.none(), max_size=3))
def test_texts_that_fit_hold_the_same_values(lines: list[Any]) -> None:
    found = shaped(json.dumps({"lines": lines}))["lines"]

    assert json.loads(found) == [
        item and {name: item[name] for name in ("sku", "tags") if name in item} for item in lines
    ]
