"""The custom properties `cartlake.deletedWhen`, `cartlake.fullCopy` and `cartlake.aliases`: faults and differences."""

from dataclasses import replace

import pytest

from cartlake import contracts
from cartlake.contracts import ContractError
from cartlake.contracts.custom_properties.deletes import FullCopy
from cartlake_cli.contracts.changes import compare

EVENT_TIME = {"property": "cartlake.eventTime", "value": "changed_at"}
VERSION = {"property": "cartlake.versionColumn", "value": "changed_at"}
BUILD = {"property": "cartlake.build", "value": {}}


def deleted_when(value):
    return {"property": "cartlake.deletedWhen", "value": value}


def full_copy(value):
    return {"property": "cartlake.fullCopy", "value": value}


@pytest.fixture
def table(document, read):
    def compiled(*properties):
        said = document["schema"][0].setdefault("customProperties", [])
        said[:] = [one for one in said if one["property"] not in {new["property"] for new in properties}]
        said += properties
        return read(document).table

    return compiled


@pytest.fixture
def column(document):
    """A column of the contract that is no part of the key, as the document has it."""
    return next(one for one in document["schema"][0]["properties"] if not one.get("primaryKey"))


def test_a_condition_names_the_columns_that_a_delete_needs(table, column):
    made = table(EVENT_TIME, VERSION, deleted_when(f"{column['name']}\n  is   null"))

    assert made.is_delete == f"coalesce(({column['name']} is null), false)"
    assert made.delete_columns == {*made.primary_key, "changed_at", column["name"]}


def test_without_a_word_no_row_deletes_its_key(table):
    made = table(EVENT_TIME, VERSION)

    assert (made.deleted_when, made.is_delete, made.full_copy) == (None, "false", None)


@pytest.mark.parametrize(
    ("value", "copy"),
    [(True, FullCopy()), (False, None), ({"maxDeletedShare": 0}, FullCopy(0)), ({"maxDeletedShare": 1}, FullCopy(1))],
)
def test_a_contract_says_that_files_are_whole_tables(table, value, copy):
    assert table(EVENT_TIME, VERSION, full_copy(value)).full_copy == copy


@pytest.mark.parametrize(
    ("properties", "advice"),
    [
        ([VERSION, deleted_when(value=True)], "deletedWhen.*write one boolean SQL expression"),
        ([VERSION, deleted_when("gone = 'D'")], "deletedWhen.*gone: no such column"),
        ([VERSION, deleted_when("1 = 1")], "deletedWhen.*name a column of the files"),
        ([VERSION, deleted_when("changed_at < now()")], "deletedWhen.*same answer tomorrow"),
        ([VERSION, deleted_when("changed_at is null"), BUILD], "deletedWhen.*is replaced, not merged by key"),
        ([{**VERSION, "value": None}, deleted_when("changed_at is null")], "deletedWhen.*name cartlake.versionColumn"),
        ([VERSION, full_copy("yes")], "fullCopy.*write true, or {maxDeletedShare: 0.5}"),
        ([VERSION, full_copy({"maxDeletedShare": 20})], "fullCopy.*share of keys, 0 to 1"),
        ([VERSION, full_copy({"maxDeletedShare": True})], "fullCopy.*share of keys, 0 to 1"),
        ([VERSION, full_copy({"share": 0.5})], "fullCopy.*write true"),
        ([VERSION, full_copy(value=True), BUILD], "fullCopy.*no files are loaded"),
        ([VERSION, full_copy(value=True), deleted_when("changed_at is null")], "fullCopy.*choose this or"),
    ],
)
def test_what_is_wrong_is_named_with_the_repair(table, properties, advice):
    with pytest.raises(ContractError, match=rf"(?s)items\.cartlake\.{advice}"):
        table(EVENT_TIME, *properties)


def test_a_column_has_its_physical_name_and_its_aliases(document, read, column):
    column |= {
        "physicalName": "Changed At",
        "customProperties": [{"property": "cartlake.aliases", "value": ["Geändert am", "Changed At"]}],
    }

    assert read(document).table.column(column["name"]).aliases == ("Changed At", "Geändert am")


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (5, "write the name that files give the column"),
        ([""], "write the name that files give the column"),
        ('a "b"', "use no quote"),
        ("_id", "no underscore first"),
        ("KEY", "is a name of .* too"),
    ],
)
def test_a_fault_of_an_alias_is_named_with_the_repair(document, read, column, value, advice):
    key = next(one for one in document["schema"][0]["properties"] if one.get("primaryKey"))
    value = key["name"] if value == "KEY" else value
    column["customProperties"] = [{"property": "cartlake.aliases", "value": value}]

    with pytest.raises(ContractError, match=rf"(?s){column['name']}\.cartlake\.aliases.*{advice}"):
        read(document)


@pytest.mark.parametrize(
    ("before", "after", "words", "breaks"),
    [
        ({}, {"deleted_when": "a = 'D'"}, "rows delete their key when a = 'D'", None),
        ({"deleted_when": "a = 'D'"}, {}, "rows no longer delete their key: a = 'D'", "readers"),
        (
            {"deleted_when": "a = 'D'"},
            {"deleted_when": "a = 'X'"},
            "rows delete their key when a = 'X' instead of a = 'D'",
            "readers",
        ),
        ({}, {"full_copy": FullCopy()}, "each file is the whole table now", "senders"),
        ({"full_copy": FullCopy()}, {}, "files are merged now: keys they leave out stay", "readers and senders"),
        (
            {"full_copy": FullCopy()},
            {"full_copy": FullCopy(0.5)},
            "a file may delete a share of 0.5 instead of 0.2 of the keys",
            None,
        ),
    ],
)
def test_a_difference_says_what_it_breaks(before, after, words, breaks):
    known = contracts.load("vendors")
    old, new = (replace(known, tables=(replace(known.table, **one),)) for one in (before, after))

    [change] = compare([old], [new])

    assert (change.change, change.breaks) == (words, breaks)
