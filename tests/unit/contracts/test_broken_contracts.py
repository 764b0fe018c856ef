"""A broken contract is refused with its file, the place, the value, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cartlake.contracts import ContractError, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cartlake.contracts import Contract

    Read = Callable[[dict[str, Any]], Contract]

TABLE = ("schema", 0)
ITEM_ID = (*TABLE, "properties", 0)
AMOUNT = (*TABLE, "properties", 1)


def set_at(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "where", "advice"),
    [
        pytest.param(("version",), "1.0", "version", "should match", id="version without patch"),
        pytest.param(("apiVersion",), "v2.2.2", "apiVersion", "'v3.1.0'", id="older standard"),
        pytest.param(("name",), "stuff", "name", "name of the file", id="name is not the file"),
        pytest.param((*ITEM_ID, "requierd"), True, "item_id.requierd", "correct the spelling", id="misspelt key"),
        pytest.param((*ITEM_ID, "physicalType"), "varchar(3)", "physicalType", "not a type", id="type not stored"),
        pytest.param((*ITEM_ID, "logicalType"), "integer", "logicalType", "does not fit", id="types disagree"),
        pytest.param(
            (*AMOUNT, "customProperties"),
            [{"property": "cartlake.renamedFrom", "value": "item_id"}],
            "amount.cartlake.renamedFrom",
            "is still a column of the table",
            id="former name of a column that is there",
        ),
        pytest.param(
            (*AMOUNT, "customProperties"),
            [{"property": "cartlake.renamedFrom", "value": 3}],
            "amount.cartlake.renamedFrom",
            "former name of the column, or a list",
            id="former name that is no name",
        ),
        pytest.param(
            (*TABLE, "customProperties", 0),
            {"property": "cartlake.sortOrder", "value": ["amount downwards"]},
            "items.cartlake.sortOrder",
            "<column> [asc|desc]",
            id="sort order that cannot be parsed",
        ),
        pytest.param(
            (*TABLE, "customProperties", 0),
            {"property": "cartlake.sortOrder", "value": ["amount", "amount desc"]},
            "items.cartlake.sortOrder",
            "is named twice",
            id="sorted twice",
        ),
        pytest.param(
            (*TABLE, "customProperties", 0),
            {"property": "cartlake.sortOrder", "value": ["price"]},
            "items.cartlake.sortOrder",
            "no such column",
            id="sorted by what is not there",
        ),
        pytest.param((*ITEM_ID, "required"), False, "item_id.required", "must be required", id="nullable key"),
        pytest.param((*ITEM_ID, "primaryKeyPosition"), 2, "primary_key_position", "1, 2, 3", id="gap in the key"),
        pytest.param(
            (*ITEM_ID, "logicalTypeOptions"), {"pattern": "A.*"}, "pattern", "start it with ^", id="unanchored"
        ),
        pytest.param(
            (*ITEM_ID, "logicalTypeOptions"), {"pattern": r"^\d$"}, "pattern", "character class", id="backslash"
        ),
        pytest.param(
            (*ITEM_ID, "logicalTypeOptions"), {"format": "uuid"}, "format", "not a rule", id="unchecked option"
        ),
        pytest.param((*AMOUNT, "logicalTypeOptions"), {"multipleOf": 5}, "multipleOf", "not a rule", id="multipleOf"),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "invalidValues", "arguments": {"values": ["a"]}, "mustBe": 0}],
            "arguments",
            "validValues",
            id="unknown argument",
        ),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "invalidValues", "arguments": {"validValues": ["SE", False]}, "mustBe": 0}],
            "arguments.validValues",
            "put each in quotes",
            id="Norway",
        ),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "nullValues", "unit": "percent"}],
            "quality[0]",
            "one threshold",
            id="no threshold",
        ),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "nullValues", "mustBeBetween": [9, 1]}],
            "mustBeBetween",
            "lower end first",
            id="range upside down",
        ),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "rowCount", "mustBe": 0, "severity": "fatal"}],
            "severity",
            "'error' or 'warning'",
            id="unknown severity",
        ),
        pytest.param(
            (*TABLE, "quality"),
            [{"metric": "duplicateValues", "arguments": {"properties": ["nope"]}, "mustBe": 0}],
            "arguments.properties",
            "item_id, amount",
            id="duplicates of an unknown column",
        ),
        pytest.param(
            (*TABLE, "quality"),
            [{"name": "q", "type": "sql", "query": "select 1", "mustBe": 0}],
            "quality[q].query",
            "${table}",
            id="query about nothing",
        ),
        pytest.param(
            (*TABLE, "quality"),
            [{"name": "f", "type": "custom", "engine": "cartlake", "implementation": {"metric": "mean"}}],
            "implementation.metric",
            "freshness",
            id="unknown custom metric",
        ),
        pytest.param(
            (*AMOUNT, "logicalTypeOptions"), {"minimum": "ten"}, "logicalTypeOptions.minimum", "a number", id="word"
        ),
        pytest.param(
            (*ITEM_ID, "logicalTypeOptions"), {"minLength": "1"}, "minLength", "without quotes", id="quoted length"
        ),
        pytest.param(
            (*TABLE, "properties", 2, "logicalTypeOptions"),
            {"minimum": "yesterday"},
            "changed_at.logicalTypeOptions.minimum",
            "an instant",
            id="not an instant",
        ),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "invalidValues", "arguments": {"validValues": []}, "mustBe": 0}],
            "validValues",
            "list the values",
            id="nothing is valid",
        ),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "invalidValues", "arguments": {"validValues": ["a\\b"]}, "mustBe": 0}],
            "validValues",
            "backslashes",
            id="backslash in a value",
        ),
        pytest.param(
            (*ITEM_ID, "quality"),
            [{"metric": "invalidValues", "arguments": {"pattern": "a"}, "mustBe": 0}],
            "arguments.pattern",
            "start it with ^",
            id="unanchored pattern of a metric",
        ),
        pytest.param(
            (*TABLE, "quality"),
            [{"metric": "nullValues", "mustBe": 0}],
            "quality[0].metric",
            "under a column",
            id="nulls of no column",
        ),
        pytest.param(
            (*TABLE, "quality"),
            [{"type": "custom", "engine": "cartlake", "implementation": "amount > 0"}],
            "quality[0].name",
            "name the rule",
            id="rule without a name",
        ),
        pytest.param(
            ("slaProperties",),
            [{"property": "freshness", "value": "soon", "element": "items.changed_at"}],
            "slaProperties.freshness.value",
            "give a number",
            id="SLA without a number",
        ),
        pytest.param(
            ("slaProperties",),
            [{"property": "freshness", "value": 1, "element": "other.changed_at"}],
            "slaProperties.freshness.element",
            "<table>.<column>",
            id="SLA of an unknown table",
        ),
        pytest.param(
            ("slaProperties",),
            [{"property": "freshness", "value": 1, "unit": "fortnight", "element": "items.changed_at"}],
            "unit",
            "use one of s, min, h, d",
            id="unknown unit of time",
        ),
        pytest.param(
            ("customProperties", 0, "value"), {"formats": ["xml"]}, "cartlake.file.formats", "'csv'", id="file format"
        ),
        pytest.param(
            ("customProperties", 0, "value"),
            {"formats": ["csv"], "maxLineBytes": 0},
            "cartlake.file.maxLineBytes",
            "greater than 0",
            id="no room for a line",
        ),
    ],
)
def test_a_broken_contract_says_where_what_and_how_to_mend_it(
    document: dict[str, Any], read: Read, *, path: tuple[str | int, ...], value: Any, where: str, advice: str
) -> None:
    set_at(document, path, value)

    with pytest.raises(ContractError) as caught:
        read(document)

    assert "items.odcs.yaml: " in str(caught.value)
    assert where in str(caught.value)
    assert advice in str(caught.value)


SALES = {"table": "processed.sales"}
ALL_SALES = SALES | {"reads": "all"}


@pytest.mark.parametrize(
    ("change", "where", "advice"),
    [
        pytest.param({"transform": "items"}, "transform", "should match", id="a function without its job"),
        pytest.param({"replaces": "years"}, "replaces", "'days', 'weeks'", id="unknown period"),
        pytest.param({"replace": "days"}, "replace", "not permitted", id="misspelt key"),
        pytest.param({"upstreams": [{"table": "sales"}]}, "upstreams.0.table", "should match", id="no database"),
        pytest.param({"upstreams": [SALES | {"reads": "some"}]}, "reads", "'period', 'up_to'", id="unknown reads"),
        pytest.param({"upstreams": [SALES | {"daysBefore": -1}]}, "daysBefore", "greater than", id="negative days"),
        pytest.param(
            {"upstreams": [ALL_SALES | {"daysBefore": 2}]}, "daysBefore = 2", "reads: period", id="days before all"
        ),
        pytest.param(
            {"upstreams": [ALL_SALES | {"daysAfter": 3}]}, "daysAfter = 3", "reads: period", id="days after all"
        ),
        pytest.param(
            {"upstreams": [SALES | {"reads": "key"}]}, "processed.sales.key", "column that holds", id="key unnamed"
        ),
        pytest.param({"upstreams": [SALES | {"key": "sku"}]}, "processed.sales.key", "reads: key", id="stray key"),
        pytest.param(
            {"upstreams": [SALES | {"reads": "key", "key": "sku"}]},
            "processed.sales.reads",
            "that replaces keys",
            id="days by key",
        ),
        pytest.param({"replaces": "all"}, "processed.sales.reads", "has periods", id="all by period"),
        pytest.param(
            {"replaces": "keys", "key": "item_id", "upstreams": [SALES | {"reads": "up_to"}]},
            "processed.sales.reads",
            "has periods",
            id="keys by period",
        ),
        pytest.param({"replaces": "keys", "upstreams": [ALL_SALES]}, "build.key", "item_id", id="keys of no column"),
        pytest.param(
            {"replaces": "keys", "key": "amount", "upstreams": [ALL_SALES]},
            "build.key",
            "column of the primary key: item_id",
            id="keys beside the primary key",
        ),
        pytest.param({"key": "item_id"}, "build.key", "replaces: keys", id="a key of days"),
        pytest.param(
            {"upstreams": [SALES, {"table": "curated.sales"}]},
            "upstreams = 'sales'",
            "one argument for each",
            id="same name",
        ),
    ],
)
def test_a_build_that_makes_no_sense_is_refused(
    document: dict[str, Any], read: Read, change: dict[str, Any], where: str, advice: str
) -> None:
    build = {"transform": "few.items", "replaces": "days", "upstreams": [SALES], **change}
    document["schema"][0]["customProperties"].append({"property": "cartlake.build", "value": build})

    with pytest.raises(ContractError) as caught:
        read(document)

    assert "schema.items.cartlake.build" in str(caught.value)
    assert where in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize("replaced", [{"replaces": "months"}, {"replaces": "keys", "key": "item_id"}])
def test_a_table_that_replaces_days_or_keys_names_the_column_of_days(
    document: dict[str, Any], read: Read, replaced: dict[str, str]
) -> None:
    del document["customProperties"]
    build = {"transform": "few.items", "upstreams": [ALL_SALES], **replaced}
    document["schema"][0]["customProperties"] = [{"property": "cartlake.build", "value": build}]

    with pytest.raises(ContractError, match=r"cartlake\.build\.replaces.*cartlake\.eventTime"):
        read(document)


@pytest.mark.parametrize("build", [None, [], "few.items", {}])
def test_a_build_of_another_form_is_refused(document: dict[str, Any], read: Read, build: Any) -> None:
    document["schema"][0]["customProperties"].append({"property": "cartlake.build", "value": build})

    with pytest.raises(ContractError, match=r"cartlake\.build"):
        read(document)


@pytest.mark.parametrize("prepare", ["masked", "few.Masked", 3, "few.masked.twice.over"])
def test_a_preparation_that_is_no_function_of_a_job_is_refused(
    document: dict[str, Any], read: Read, prepare: Any
) -> None:
    document["schema"][0]["customProperties"].append({"property": "cartlake.prepare", "value": prepare})

    with pytest.raises(ContractError, match=r"schema\.items\.cartlake\.prepare.*module below glue_jobs/transforms"):
        read(document)


@pytest.mark.parametrize("seconds", [-1, 3601, 1.5, "60", True, None])
def test_a_gather_window_that_is_no_number_of_seconds_is_refused(
    document: dict[str, Any], read: Read, seconds: Any
) -> None:
    document["customProperties"].append({"property": "cartlake.gatherSeconds", "value": seconds})

    with pytest.raises(ContractError, match=r"customProperties\.cartlake\.gatherSeconds.*whole seconds, 0 to 3600"):
        read(document)


@pytest.mark.parametrize("seconds", [0, 60, 3600])
def test_a_contract_may_gather_files(document: dict[str, Any], read: Read, seconds: int) -> None:
    assert read(document).gather_seconds == 0
    document["customProperties"].append({"property": "cartlake.gatherSeconds", "value": seconds})

    assert read(document).gather_seconds == seconds


@pytest.mark.parametrize(
    ("value", "unit", "where"),
    [
        (0, "d", "value"),
        (1.5, "d", "value"),
        (True, "d", "value"),
        ("30", "d", "value"),
        (30, "w", "unit"),
        (30, None, "unit"),
    ],
)
def test_a_retention_s3_cannot_keep_is_refused(
    document: dict[str, Any], read: Read, value: Any, unit: str | None, where: str
) -> None:
    document["slaProperties"] = [{"property": "retention", "value": value, "unit": unit}]

    with pytest.raises(ContractError, match=rf"slaProperties\.retention\.{where}"):
        read(document)


def test_a_second_retention_is_refused(document: dict[str, Any], read: Read) -> None:
    document["slaProperties"] = [{"property": "retention", "value": days, "unit": "d"} for days in (30, 60)]

    with pytest.raises(ContractError, match=r"slaProperties\.retention.*name it once"):
        read(document)


@pytest.mark.parametrize(("value", "unit", "days"), [(30, "d", 30), (1, "day", 1), (10, "y", 3650), (2, "years", 730)])
def test_a_contract_may_say_how_long_files_are_kept(
    document: dict[str, Any], read: Read, value: int, unit: str, days: int
) -> None:
    assert read(document).retention_days is None
    document["slaProperties"] = [{"property": "retention", "value": value, "unit": unit}]

    assert read(document).retention_days == days


@pytest.mark.parametrize("wish", ["duckdb", "", None, 3])
def test_an_engine_there_is_not_is_refused(document: dict[str, Any], read: Read, wish: Any) -> None:
    document["customProperties"].append({"property": "cartlake.engine", "value": wish})

    with pytest.raises(ContractError, match=r"customProperties\.cartlake\.engine.*choose auto, light, spark"):
        read(document)


def test_a_partition_that_only_spark_writes_does_not_go_with_the_light_engine(
    document: dict[str, Any], read: Read
) -> None:
    column = document["schema"][0]["properties"][0]
    bucket = [{"property": "cartlake.partitionTransform", "value": "bucket[16]"}]
    document["schema"][0]["properties"][0] = column | {
        "partitioned": True,
        "partitionKeyPosition": 1,
        "customProperties": bucket,
    }
    document["customProperties"].append({"property": "cartlake.engine", "value": "light"})

    with pytest.raises(ContractError, match=r"customProperties\.cartlake\.engine.*choose auto or spark"):
        read(document)


@pytest.mark.parametrize("wish", ["auto", "light", "spark"])
def test_a_contract_may_choose_its_engine(document: dict[str, Any], read: Read, wish: str) -> None:
    document["customProperties"].append({"property": "cartlake.engine", "value": wish})

    assert read(document).engine == wish


@pytest.mark.parametrize(
    ("relationship", "where", "advice"),
    [
        pytest.param({"to": "products"}, "to", "should match", id="no column"),
        pytest.param({"to": "processed.products.sku"}, "to", "should match", id="with its database"),
        pytest.param({"too": "products.sku"}, "too", "correct the spelling", id="misspelt key"),
        pytest.param({"to": "products.sku", "type": "hint"}, "type", "'foreignKey'", id="unknown type"),
        pytest.param(
            {"to": "products.sku", "customProperties": [{"property": "cartlake.orphans", "value": "drop"}]},
            "item_id.relationships.cartlake.orphans",
            "choose unknown_member or quarantine",
            id="unknown fate of orphans",
        ),
    ],
)
def test_a_relationship_that_makes_no_sense_is_refused(
    document: dict[str, Any], read: Read, relationship: dict[str, Any], where: str, advice: str
) -> None:
    document["schema"][0]["properties"][0]["relationships"] = [relationship]

    with pytest.raises(ContractError) as caught:
        read(document)

    assert where in str(caught.value)
    assert advice in str(caught.value)


def test_no_dataset_may_have_the_name_of_the_refresh(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "refresh.odcs.yaml"
    path.write_text(yaml.safe_dump(document | {"name": "refresh"}))

    with pytest.raises(ContractError, match=r"'refresh'.*choose another"):
        parse(path)


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        pytest.param("amount > quantity", "quantity: no such column", id="unknown column"),
        pytest.param("amount / 2 > 1", "divide integers differently", id="division"),
        pytest.param("changed_at < now()", "_ingested_at", id="clock"),
        pytest.param("changed_at < current_timestamp", "_ingested_at", id="clock without brackets"),
        pytest.param("upper(item_id) = 'A'", "not the same on every engine", id="function"),
        pytest.param("(amount > 1", "do not balance", id="open bracket"),
        pytest.param("amount > 1)", "do not balance", id="closed bracket"),
        pytest.param(r"item_id <> '\n'", "unescape backslashes", id="backslash"),
        pytest.param("amount > 1; drop table items", "one expression", id="two statements"),
        pytest.param("item_id in (select item_id)", "select: no such column", id="subquery"),
        pytest.param('item_id <> "a"', "single quotes", id="double quotes"),
        pytest.param("", "write one boolean", id="nothing"),
    ],
)
def test_an_expression_outside_the_shared_sql_is_refused(
    document: dict[str, Any], read: Read, expression: str, advice: str
) -> None:
    rule = {"name": "bad", "type": "custom", "engine": "cartlake", "implementation": expression}
    document["schema"][0]["quality"] = [rule]

    with pytest.raises(ContractError) as caught:
        read(document)

    assert "quality[bad].implementation" in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "pattern",
    ["^(?=a)b$", "^a.b$", "^[[:alpha:]]$", "^[a-z&&[^b]]$", "^[a$", "^(a$", "a"],
)
def test_a_pattern_that_engines_read_differently_is_refused(document: dict[str, Any], read: Read, pattern: str) -> None:
    document["schema"][0]["properties"][0]["logicalTypeOptions"] = {"pattern": pattern}

    with pytest.raises(ContractError, match="pattern"):
        read(document)


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        pytest.param(
            (*AMOUNT, "description"),
            "x" * 256,
            f"schema.items.amount.description = '{'x' * 40}…': has 256 characters, Glue takes 255; shorten it by 1",
            id="comment too long",
        ),
        pytest.param(
            (*AMOUNT, "description"),
            "two\nlines",
            r"schema.items.amount.description = 'two\nlines': Glue takes no '\n' in a column's comment",
            id="comment of two lines",
        ),
        pytest.param(
            (*TABLE, "description"),
            "x" * 2049,
            f"schema.items.description = '{'x' * 40}…': has 2049 characters, Glue takes 2048; shorten it by 1",
            id="description of a table too long",
        ),
        pytest.param((*AMOUNT, "name"), "a" * 256, "has 256 characters, Glue takes 255", id="name of a column"),
        pytest.param((*TABLE, "name"), "a" * 256, "has 256 characters, Glue takes 255", id="name of a table"),
    ],
)
def test_what_glue_refuses_is_a_fault_of_the_contract(
    document: dict[str, Any], read: Read, path: tuple[str | int, ...], text: str, fault: str
) -> None:
    set_at(document, path, text)

    with pytest.raises(ContractError) as caught:
        read(document)

    assert fault in str(caught.value)


def test_texts_as_long_as_glue_takes_are_no_fault(document: dict[str, Any], read: Read) -> None:
    set_at(document, (*AMOUNT, "description"), "é" * 255)
    set_at(document, (*TABLE, "description"), "line\n" * 409)

    [table] = read(document).tables

    assert (len(table.columns[1].description), len(table.description)) == (255, 2045)


def test_every_fault_is_named_at_once(document: dict[str, Any], read: Read) -> None:
    set_at(document, (*ITEM_ID, "physicalType"), "text")
    set_at(document, (*AMOUNT, "logicalTypeOptions"), {"multipleOf": 5})

    with pytest.raises(ContractError) as caught:
        read(document)

    assert [fault.where.rpartition(".")[2] for fault in caught.value.faults] == ["multipleOf", "physicalType"]


def test_two_rules_of_one_name_are_refused(document: dict[str, Any], read: Read) -> None:
    rule = {"name": "twice", "type": "custom", "engine": "cartlake", "implementation": "amount > 0"}
    document["schema"][0]["quality"] = [rule, rule]

    with pytest.raises(ContractError, match="'twice': two columns or rules have this name"):
        read(document)


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "items.odcs.yaml"
    path.write_text("schema: [")

    with pytest.raises(ContractError, match=r"items\.odcs\.yaml.*not YAML"):
        parse(path)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "items.odcs.yaml"
    path.write_text("")

    with pytest.raises(ContractError, match=r"items\.odcs\.yaml"):
        parse(path)


def test_without_a_version_column_all_columns_with_a_time_are_named(document: dict[str, Any], read: Read) -> None:
    table = document["schema"][0]
    table["customProperties"] = []
    table["properties"].append({"name": "made_on", "logicalType": "date"})

    with pytest.raises(ContractError) as raised:
        read(document)

    assert [fault.where for fault in raised.value.faults] == [
        "schema.items.cartlake.versionColumn",
        "schema.items.cartlake.eventTime",
    ]
    assert all("those with a time are changed_at, made_on" in fault.advice for fault in raised.value.faults)
