"""Nested columns of a contract: their types, the rules about their parts, what is refused, what a change breaks."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.types import LongType, StructType

from cartlake.contracts import ContractError, iceberg_schema
from cartlake.contracts.types import List, Struct, TypeFormatError, parse_type, type_changes
from cartlake_cli.athena.nested_times import without_zones
from cartlake_cli.contracts.changes import compare
from cartlake_cli.migrations.nested_types import merged, part_changes, promotes, type_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyiceberg.types import IcebergType

    from cartlake.contracts import Contract

    Read = Callable[[dict[str, Any]], Contract]

PRICE: dict[str, Any] = {
    "name": "price",
    "logicalType": "number",
    "physicalType": "decimal(12,2)",
    "logicalTypeOptions": {"minimum": 0},
}
SKU: dict[str, Any] = {"name": "sku", "logicalType": "string", "physicalType": "string", "required": True}
LINES: dict[str, Any] = {
    "name": "lines",
    "logicalType": "array",
    "physicalType": "array<struct<sku: string, price: decimal(12,2)>>",
    "items": {"logicalType": "object", "physicalType": "struct", "properties": [SKU, PRICE]},
}
ADDRESS: dict[str, Any] = {"name": "address", "logicalType": "object", "physicalType": "struct<city:string,zip:int>"}
TYPE = "array<struct<sku:string,price:decimal(12,2)>>"


@pytest.fixture
def nested(document: dict[str, Any]) -> dict[str, Any]:
    document["schema"][0]["properties"] += deepcopy([LINES, ADDRESS])
    return document


def lines_of(document: dict[str, Any]) -> dict[str, Any]:
    column: dict[str, Any] = document["schema"][0]["properties"][3]
    return column


def test_the_type_follows_from_the_parts_or_is_written_out(nested: dict[str, Any], read: Read) -> None:
    table = read(nested).table
    lines_of(nested)["physicalType"] = "array"

    assert [table.column(name).type for name in ("lines", "address")] == [TYPE, "struct<city:string,zip:int>"]
    assert read(nested).table.column("lines").type == TYPE
    assert [(part.path, part.type, part.required) for part in table.column("lines").parts] == [
        ("lines[]", "struct<sku:string,price:decimal(12,2)>", False),
        ("lines[].sku", "string", True),
        ("lines[].price", "decimal(12,2)", False),
    ]


def test_files_may_give_fields_other_names(nested: dict[str, Any], read: Read) -> None:
    lines_of(nested)["items"]["properties"][1]["physicalName"] = "unitPrice"

    column = read(nested).table.column("lines")

    assert column.type == TYPE
    assert isinstance(column.structure, List)
    assert isinstance(column.structure.element, Struct)
    assert column.structure.element.called("unitPrice") == "price"
    lines_of(nested)["items"]["properties"][1]["physicalName"] = "sku"
    with pytest.raises(ContractError, match="two fields have this name in files"):
        read(nested)


def test_a_rule_about_a_part_has_its_path(nested: dict[str, Any], read: Read) -> None:
    rules = {rule.name: rule for rule in read(nested).table.row_rules}

    assert set(rules) == {"item_id_required", "lines[].sku_required", "lines[].price_in_range"}
    assert rules["lines[].price_in_range"].columns == ("lines",)
    assert rules["item_id_required"].reasons == ""


def test_fields_and_elements_have_ids_behind_those_of_the_columns(nested: dict[str, Any], read: Read) -> None:
    schema = iceberg_schema(read(nested).table)

    whole = len(schema.fields)
    assert [field.field_id for field in schema.fields] == list(range(1, whole + 1))
    inner = {schema.find_column_name(number) for number in range(whole + 1, whole + 6)}
    assert inner == {"lines.element", "lines.element.sku", "lines.element.price", "address.city", "address.zip"}


@pytest.mark.parametrize(
    ("change", "where", "advice"),
    [
        ({"physicalType": "array<struct<sku:string>>"}, "lines.physicalType", "its parts make it array<struct<sku"),
        ({"physicalType": "array<struct<sku string>>"}, "lines.physicalType", "is not a field"),
        ({"physicalType": "array<map<string,int>>"}, "lines.physicalType", "not a type Cartlake stores"),
        ({"physicalType": "array", "items": None}, "lines.physicalType", "name its parts in `items`"),
        ({"logicalType": "object"}, "lines.logicalType", "does not fit"),
        ({"primaryKey": True, "primaryKeyPosition": 2, "required": True}, "lines.primaryKey", "name a plain one"),
        ({"partitioned": True, "partitionKeyPosition": 1}, "lines.partitioned", "name a plain one"),
        ({"relationships": [{"to": "a.b"}]}, "lines.relationships", "name a plain one"),
        ({"tags": ["pii"]}, "lines.tags", "no mask for a column of type"),
    ],
)
def test_what_a_nested_column_cannot_be_is_a_fault(
    nested: dict[str, Any], read: Read, change: dict[str, Any], where: str, advice: str
) -> None:
    lines_of(nested).update(change)

    with pytest.raises(ContractError) as refused:
        read(nested)

    assert any(where in line and advice in line for line in str(refused.value).splitlines()), refused.value


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"tags": ["pii"]}, "make it a column of its own"),
        ({"unique": True}, "make sku a column of its own"),
        ({"name": "Sku"}, "should match pattern"),
        ({"name": "price"}, "two fields have this name"),
        ({"physicalType": "text"}, "not a type Cartlake stores"),
        ({"requierd": True}, "correct the spelling"),
    ],
)
def test_what_a_part_cannot_be_is_a_fault(
    nested: dict[str, Any], read: Read, change: dict[str, Any], advice: str
) -> None:
    lines_of(nested)["physicalType"] = "array"
    lines_of(nested)["items"]["properties"][0].update(change)

    with pytest.raises(ContractError, match=advice):
        read(nested)


def test_people_read_the_condition_on_the_part(nested: dict[str, Any], read: Read) -> None:
    rule = read(nested).table.row_rule("lines[].price_in_range")

    assert rule.condition == "lines[].price is null or (lines[].price >= 0)"


@pytest.mark.parametrize(
    ("place", "change", "advice"),
    [
        ("column", {"logicalTypeOptions": {"minItems": 1}}, "write it at its parts"),
        ("column", {"quality": [{"metric": "invalidValues", "mustBe": 0}]}, "write it at its parts"),
        ("part", {"quality": [{"name": "few", "metric": "nullValues", "mustBe": 0}]}, "only rules about each value"),
        (
            "part",
            {"quality": [{"name": "a", "type": "sql", "query": "select 1", "mustBe": 1}]},
            "only rules about each",
        ),
    ],
)
def test_no_rule_is_dropped_without_a_word(
    nested: dict[str, Any], read: Read, place: str, change: dict[str, Any], advice: str
) -> None:
    column = lines_of(nested)
    (column if place == "column" else column["items"]["properties"][1]).update(change)

    with pytest.raises(ContractError, match=advice):
        read(nested)


def test_instants_within_nested_columns_have_no_zone_in_views(nested: dict[str, Any], read: Read) -> None:
    kinds = ("struct<a:string,b:array<struct<t:timestamp,n:int>>>", "struct<a:string,d:date>")
    nested["schema"][0]["properties"][3:] = [
        {"name": f"c{number}", "logicalType": "object", "physicalType": kind} for number, kind in enumerate(kinds)
    ]
    one, other = read(nested).table.columns[3:5]

    assert without_zones(one) == "cast(c0 as row(a varchar, b array(row(t timestamp(3), n integer))))"
    assert without_zones(other) == "c1"


def test_keys_of_a_table_that_are_nested_are_faults(nested: dict[str, Any], read: Read) -> None:
    nested["schema"][0]["customProperties"][0]["value"] = "address"

    with pytest.raises(ContractError, match=r"cartlake.versionColumn.*is nested"):
        read(nested)


@pytest.mark.parametrize(
    "text", ["", "struct<>", "struct<a:string", "array<string>>", "array<>", "struct<a:int,a:int>"]
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(TypeFormatError):
        parse_type(text)


def test_levels_are_bounded() -> None:
    assert str(parse_type("array<" * 7 + "int" + ">" * 7)).count("array") == 7
    with pytest.raises(TypeFormatError, match="keep the deeper ones as a text of JSON"):
        parse_type("array<" * 8 + "int" + ">" * 8)


def test_unknown_columns_are_kept_in_a_column_of_the_table(document: dict[str, Any], read: Read) -> None:
    assert read(document).unknown_columns == "refuse"
    document["customProperties"].append({"property": "cartlake.unknownColumns", "value": "keep"})
    document["schema"][0]["properties"].append({"name": "_run_id", "logicalType": "string", "physicalType": "string"})

    contract = read(document)

    assert contract.unknown_columns == "keep"
    names = [column.name for column in contract.table.columns]
    assert names.index("unknown_columns") == names.index("_run_id") - 1
    document["customProperties"][-1]["value"] = "drop"
    with pytest.raises(ContractError, match="choose refuse, ignore, keep"):
        read(document)


@pytest.mark.parametrize(("old", "new", "breaks"), [("refuse", "ignore", None), ("keep", "refuse", "senders")])
def test_another_word_about_unknown_columns_is_a_change(
    document: dict[str, Any], read: Read, old: str, new: str, breaks: str | None
) -> None:
    word = {"property": "cartlake.unknownColumns", "value": old}
    document["customProperties"].append(word)
    before = read(document)
    word["value"] = new

    changes = {change.change: change.breaks for change in compare([before], [read(document)])}

    assert changes[f"unknown columns: {new} instead of {old}"] == breaks


def test_the_column_of_unknown_columns_may_be_described_and_has_to_be_a_text(
    document: dict[str, Any], read: Read
) -> None:
    document["customProperties"].append({"property": "cartlake.unknownColumns", "value": "keep"})
    column = {"name": "unknown_columns", "logicalType": "string", "physicalType": "string", "description": "Theirs."}
    document["schema"][0]["properties"].append(column)

    assert read(document).table.column("unknown_columns").description == "Theirs."
    document["schema"][0]["properties"][-1] |= {"logicalType": "integer", "physicalType": "int"}
    with pytest.raises(ContractError, match="make it a string that may be null"):
        read(document)


WIDER = "array<struct<sku:string,price:decimal(14,2),colour:string>>"


def test_contracts_diff_names_the_parts_that_changed(nested: dict[str, Any], read: Read) -> None:
    before = read(nested)
    lines_of(nested).pop("items")
    lines_of(nested)["physicalType"] = WIDER
    nested["schema"][0]["properties"][4]["physicalType"] = "struct<city:int>"

    changes = {change.place: (change.change, change.breaks) for change in compare([before], [read(nested)])}

    assert changes["items.lines[].colour"] == ("new field, string", None)
    assert changes["items.lines[].price"] == ("decimal(14,2) instead of decimal(12,2)", None)
    assert changes["items.address.city"] == ("int instead of string", "readers")
    assert changes["items.address.zip"] == ("the field was removed", "readers and senders")


@pytest.mark.parametrize(
    ("old", "new", "found", "fits"),
    [
        (TYPE, TYPE, [], True),
        (TYPE, WIDER, ["c[].price", "c[].colour"], True),
        (WIDER, TYPE, ["c[].price", "c[].colour"], False),
        ("struct<a:int>", "struct<a:bigint>", ["c.a"], True),
        ("struct<a:int>", "struct<a:string>", ["c.a"], False),
        ("struct<a:int>", "array<int>", ["c"], False),
        ("string", "struct<a:int>", ["c"], False),
        ("struct<a:struct<b:int>>", "struct<a:struct<b:int,d:date>,e:int>", ["c.a.d", "c.e"], True),
    ],
)
def test_a_table_s_type_becomes_the_contract_s_with_the_ids_it_has(
    nested: dict[str, Any],
    read: Read,
    old: str,
    new: str,
    found: list[str],
    fits: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    first, second = iceberg_of(nested, read, old), iceberg_of(nested, read, new)

    changes = list(part_changes(first, second, "c"))

    assert sorted(change.path for change in changes) == sorted(found)
    assert promotes(first, second) is fits
    assert [change.path.replace("c", "", 1) for change in type_changes_of(old, new)] == [
        change.path.replace("c", "", 1) for change in changes
    ]
    assert type_text(merged(first, second)) == type_text(second)


def iceberg_of(document: dict[str, Any], read: Read, kind: str) -> Any:
    logical = {"a": "array", "s": "object" if kind.startswith("struct") else "string"}[kind[0]]
    document["schema"][0]["properties"][3:] = [{"name": "c", "logicalType": logical, "physicalType": kind}]
    return iceberg_schema(read(document).table).find_field("c").field_type


def type_changes_of(old: str, new: str) -> list[Any]:
    return list(type_changes(parse_type(old), parse_type(new), "c"))


def struct(kind: IcebergType) -> StructType:
    assert isinstance(kind, StructType)
    return kind


def test_fields_keep_their_ids_and_new_ones_have_new(nested: dict[str, Any], read: Read) -> None:
    old, new = (iceberg_of(nested, read, kind) for kind in ("struct<a:int,b:int>", "struct<x:string,b:int,a:bigint>"))

    after = {field.name: (field.field_id, field.field_type) for field in struct(merged(old, new)).fields}

    before = {field.name: field.field_id for field in old.fields}
    assert {name: after[name][0] for name in before} == before
    assert after["a"][1] == LongType()
