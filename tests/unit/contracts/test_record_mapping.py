"""The words `cartlake.constant`, `cartlake.fillDown` and `cartlake.unpivot`: models, faults and differences."""

from datetime import date

import pytest

from cartlake.contracts import ContractError
from cartlake.contracts.custom_properties.record_mapping import FillDown, Unpivot
from cartlake_cli.contracts.changes import compare

LINE = {"name": "line", "logicalType": "integer", "physicalType": "int"}
NOTE = {"name": "note", "logicalType": "string", "physicalType": "string"}
ORDER = {"name": "order_name", "logicalType": "string", "physicalType": "string", "required": True}
FILL = {"within": "order_name", "columns": ["item_id", "changed_at"], "position": "line"}
UNPIVOT = {"columns": {"note": ["Note {n}", "Remark {n}"], "amount": "Amount {n}"}, "position": "line"}
KEY = {"required": True, "primaryKey": True, "primaryKeyPosition": 2}


@pytest.fixture
def compiled(document, read):
    """Compile the contract with words of its table and with changes of columns, by their names."""

    def say(words, **changes):
        [table] = document["schema"]
        columns = (*table["properties"][:3], LINE | KEY, NOTE, ORDER)
        table["properties"] = [column | changes.get(column["name"], {}) for column in columns]
        kept = [one for one in table["customProperties"] if one["property"] not in words]
        table["customProperties"] = [*kept, *({"property": name, "value": value} for name, value in words.items())]
        return read(document)

    return say


def constant(value):
    return {"customProperties": [{"property": "cartlake.constant", "value": value}]}


def of_type(kind):
    logical = {"int": "integer", "bigint": "integer", "decimal(5,2)": "number"}.get(kind, kind)
    return {"physicalType": kind, "logicalType": logical}


def test_the_words_make_a_model(compiled):
    table = compiled({"cartlake.fillDown": FILL}).table

    assert table.fill_down == FillDown("order_name", ("item_id", "changed_at"), "line")
    assert table.counted_columns == {"line"}


def test_unpivoted_columns_have_names_with_numbers(compiled):
    table = compiled({"cartlake.unpivot": UNPIVOT}).table

    assert table.unpivot == Unpivot((("note", "Note {n}"), ("note", "Remark {n}"), ("amount", "Amount {n}")), "line")
    assert (table.unpivot.columns, table.counted_columns) == (("note", "amount"), {"line"})


def test_without_the_words_records_are_rows(compiled):
    table = compiled({}).table

    assert (table.fill_down, table.unpivot, table.constants, table.counted_columns) == (None, None, set(), set())
    assert table.file_columns == table.value_columns


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("string", "O'Neil \\ 1", "O'Neil \\ 1"),
        ("boolean", False, "false"),
        ("int", -7, "-7"),
        ("bigint", 2**40, str(2**40)),
        ("decimal(5,2)", 1.5, "1.5"),
        ("decimal(5,2)", "12.30", "12.30"),
        ("date", date(2026, 1, 31), "2026-01-31"),
    ],
)
def test_a_constant_is_a_column_of_no_file(compiled, kind, value, text):
    table = compiled({}, note=constant(value) | of_type(kind)).table

    assert (table.column("note").constant, table.constants) == (text, {"note"})
    assert "note" not in {column.name for column in table.file_columns}
    assert "note" in {column.name for column in table.value_columns}


@pytest.mark.parametrize(
    ("kind", "value", "advice"),
    [
        ("string", "", "at least one character"),
        ("string", 7, "write a text"),
        ("boolean", "yes", "write true or false"),
        ("int", 2**31, "without rounding"),
        ("int", True, "without rounding"),
        ("int", 1.5, "without rounding"),
        ("decimal(5,2)", 1.005, "without rounding"),
        ("decimal(5,2)", 1000, "without rounding"),
        ("decimal(5,2)", "x", "without rounding"),
        ("decimal(5,2)", "NaN", "without rounding"),
        ("date", "31.01.2026", "write a day"),
        ("timestamp", "2026-01-31", "constants are of type"),
    ],
)
def test_a_constant_that_is_no_value_of_its_type_is_named(compiled, kind, value, advice):
    with pytest.raises(ContractError, match=rf"(?s)note\.cartlake\.constant.*no value of type.*{advice}"):
        compiled({}, note=constant(value) | of_type(kind))


@pytest.mark.parametrize(
    ("words", "changes", "advice"),
    [
        ({}, {"note": constant("a") | {"physicalName": "Note"}}, "note.cartlake.aliases.*no file has the column"),
        ({"cartlake.eventTime": "line"}, {"line": constant(1)}, "line.cartlake.constant.*name a column of the files"),
        ({"cartlake.fillDown": ["order_name"]}, {}, "fillDown.*write {within: COLUMN"),
        ({"cartlake.fillDown": FILL | {"column": "note"}}, {}, "fillDown.*write {within: COLUMN"),
        ({"cartlake.fillDown": FILL | {"columns": []}}, {}, "fillDown.*write {within: COLUMN"),
        ({"cartlake.fillDown": FILL | {"columns": ["nota"]}}, {}, "fillDown = 'nota': no column of the files"),
        (
            {"cartlake.fillDown": FILL | {"columns": ["note"]}},
            {"note": constant("a")},
            "'note': no column of the files",
        ),
        ({"cartlake.fillDown": FILL | {"columns": ["order_name"]}}, {}, "fillDown.columns.*leave it out of columns"),
        ({"cartlake.fillDown": FILL}, {"order_name": {"required": False}}, "fillDown.within.*make it required"),
        ({"cartlake.fillDown": FILL | {"position": "note"}}, {}, "fillDown.position.*make it an int"),
        ({"cartlake.fillDown": FILL | {"position": "item_id"}}, {}, "fillDown.position.*nothing else is read into"),
        ({"cartlake.fillDown": FILL | {"columns": ["item_id", "line"], "position": None}}, {}, "write {within"),
        ({"cartlake.unpivot": {"columns": {}}}, {}, "unpivot.*write {columns: {COLUMN"),
        ({"cartlake.unpivot": {"columns": {"note": 5}}}, {}, "unpivot.*write {columns: {COLUMN"),
        ({"cartlake.unpivot": {"columns": {"note": []}}}, {}, "unpivot.*write {columns: {COLUMN"),
        ({"cartlake.unpivot": UNPIVOT | {"rows": 1}}, {}, "unpivot.*write {columns: {COLUMN"),
        (
            {"cartlake.unpivot": {"columns": {"nota": "N {n}"}, "position": "line"}},
            {},
            "'nota': no column of the files",
        ),
        ({"cartlake.unpivot": UNPIVOT | {"position": "note"}}, {}, "unpivot.position.*nothing else is read into"),
        ({"cartlake.unpivot": {"columns": {"note": "Note"}, "position": "line"}}, {}, "columns.note.*write one {n}"),
        ({"cartlake.unpivot": {"columns": {"note": "{n} {n}"}, "position": "line"}}, {}, "write one {n}"),
        ({"cartlake.unpivot": {"columns": {"note": 'N"{n}'}, "position": "line"}}, {}, "no quote"),
        (
            {"cartlake.unpivot": {"columns": {"note": "N {n}", "amount": "N {n}"}, "position": "line"}},
            {},
            "columns.amount = 'N {n}': is the name of note too",
        ),
        (
            {"cartlake.unpivot": {"columns": {"note": "N {n}"}, "position": "line"}},
            {"amount": {"physicalName": "N 12"}},
            "columns.note = 'N 12': is a name of another column too",
        ),
        ({"cartlake.unpivot": {"columns": {"note": "N {n}"}}}, {}, "primaryKey.*all rows of a record have one key"),
        (
            {"cartlake.fillDown": {"within": "order_name", "columns": ["item_id", "line"]}},
            {},
            "primaryKey.*all rows of a group have one key",
        ),
        (
            {
                "cartlake.fillDown": FILL,
                "cartlake.unpivot": {"columns": {"item_id": "I {n}", "note": "N {n}"}, "position": "line"},
            },
            {},
            "unpivot.columns = 'item_id': is in cartlake.fillDown too.*position = 'line'.*nothing else is read into",
        ),
    ],
)
def test_what_cannot_be_done_is_named_with_the_repair(compiled, words, changes, advice):
    with pytest.raises(ContractError, match=f"(?s){advice}"):
        compiled(words, **changes)


@pytest.mark.parametrize("word", ["cartlake.fillDown", "cartlake.unpivot"])
def test_the_words_are_about_csv_files(compiled, document, word):
    document["customProperties"] = [{"property": "cartlake.file", "value": {"formats": ["jsonl"]}}]
    value = {"cartlake.fillDown": FILL, "cartlake.unpivot": UNPIVOT}[word]

    with pytest.raises(ContractError, match=rf"(?s){word}.*about CSV files, and none are loaded"):
        compiled({word: value})


def test_a_constant_is_of_tables_that_files_are_loaded_into(compiled, document):
    document["customProperties"] = []
    build = {"transform": "orders.lines", "replaces": "all"}

    with pytest.raises(ContractError, match=r"(?s)note\.cartlake\.constant.*no files are loaded into this table"):
        compiled({"cartlake.build": build}, note=constant("a"))


@pytest.mark.parametrize(
    ("before", "after", "words", "breaks"),
    [
        ({}, {"cartlake.fillDown": FILL}, "empty cells of CSV files are filled down within order_name", None),
        ({"cartlake.fillDown": FILL}, {}, "empty cells of CSV files are no longer filled down", "senders"),
        ({}, {"cartlake.unpivot": UNPIVOT}, "columns that become rows: Amount {n}, Note {n}, Remark {n}", None),
        (
            {"cartlake.unpivot": UNPIVOT},
            {"cartlake.unpivot": UNPIVOT | {"columns": UNPIVOT["columns"] | {"note": "Note {n}"}}},
            "columns that no longer become rows: Remark {n}",
            "senders",
        ),
    ],
)
def test_differences_say_what_they_break(compiled, document, before, after, words, breaks):
    old = compiled(before)
    [table] = document["schema"]
    table["customProperties"] = [one for one in table["customProperties"] if one["property"] not in before]

    assert [(one.change, one.breaks) for one in compare([old], [compiled(after)])] == [(words, breaks)]


@pytest.mark.parametrize(
    ("before", "after", "words", "breaks"),
    [
        ({}, constant("a"), "always a, and in no file", "senders"),
        (constant("a"), {"customProperties": []}, "read from files, no longer always a", "senders"),
        (constant("a"), constant("b"), "always b instead of a", "readers"),
    ],
)
def test_another_constant_is_a_difference(compiled, before, after, words, breaks):
    old, new = compiled({}, note=before), compiled({}, note=after)

    assert [(one.place, one.change, one.breaks) for one in compare([old], [new])] == [("items.note", words, breaks)]
