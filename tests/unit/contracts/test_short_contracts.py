"""What a contract leaves out is filled in, and is then the same as if it had been written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cartlake import contracts
from cartlake.contracts import parse
from cartlake.contracts.defaults import with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cartlake.contracts import Contract

    Read = Callable[[dict[str, Any]], Contract]

SHORT = """\
apiVersion: v3.1.0
kind: DataContract
name: stock
version: 1.0.0
schema:
  - name: stock
    properties:
      - name: sku
        logicalType: string
        primaryKey: true
      - name: quantity
        logicalType: integer
      - name: counted_at
        logicalType: timestamp
"""


@pytest.fixture
def short(tmp_path: Path) -> Contract:
    path = tmp_path / "stock.odcs.yaml"
    path.write_text(SHORT)
    return parse(path)


def test_a_table_of_a_key_and_two_columns_needs_under_25_lines(short: Contract) -> None:
    assert len(SHORT.splitlines()) < 25
    assert short.table.physical_name == "processed.stock"
    assert [(column.name, column.type, column.required) for column in short.table.columns] == [
        ("sku", "string", True),
        ("quantity", "bigint", False),
        ("counted_at", "timestamp", True),
        ("_ingested_at", "timestamp", True),
        ("_source_file", "string", True),
        ("_run_id", "string", True),
    ]
    assert short.table.primary_key == ("sku",)
    assert (short.table.version_column, short.table.event_time) == ("counted_at", "counted_at")
    assert short.accepted_formats == ("csv", "jsonl", "parquet")
    assert (short.owner, short.status) == ("", "active")


def test_the_columns_the_lake_adds_are_those_of_the_contracts_that_write_them_out(short: Contract) -> None:
    written = contracts.load("reviews").table

    assert short.table.columns[3:] == tuple(column for column in written.columns if column.added_by_lake)


@pytest.mark.parametrize("name", contracts.all_names())
def test_a_contract_that_leaves_nothing_out_stays_as_it_is(name: str) -> None:
    contract = contracts.load(name)
    content = yaml.safe_load(open(contract.source, encoding="utf-8").read())  # noqa: PTH123, SIM115

    filled = with_defaults(content)

    assert {**filled, "schema": None, "customProperties": None} == {**content, "schema": None, "customProperties": None}
    for with_all, table in zip(filled["schema"], content["schema"], strict=True):
        assert [column["name"] for column in with_all["properties"]] == [one["name"] for one in table["properties"]]
        assert with_all["physicalName"] == table["physicalName"]
        assert with_all.get("customProperties") == table.get("customProperties")
    assert filled.get("customProperties") == content.get("customProperties")


def test_what_is_written_wins_over_what_is_filled_in(document: dict[str, Any], read: Read) -> None:
    document["schema"][0]["physicalName"] = "curated.items"
    document["schema"][0]["properties"][2] |= {"required": False}
    document["customProperties"][0]["value"] = {"formats": ["parquet"]}

    contract = read(document)

    assert contract.table.physical_name == "curated.items"
    assert contract.table.column("changed_at").required is False
    assert contract.accepted_formats == ("parquet",)


def test_keys_without_positions_are_in_the_order_of_their_columns(document: dict[str, Any], read: Read) -> None:
    columns = document["schema"][0]["properties"]
    columns[0].pop("primaryKeyPosition")
    columns.insert(0, {"name": "shop", "physicalType": "string", "primaryKey": True})

    assert read(document).table.primary_key == ("shop", "item_id")


def test_an_event_time_is_the_version_column_unless_named(document: dict[str, Any], read: Read) -> None:
    table = document["schema"][0]
    table["properties"].append({"name": "made_on", "logicalType": "date"})
    table["customProperties"] = [{"property": "cartlake.versionColumn", "value": "changed_at"}]

    assert read(document).table.event_time == "changed_at"


@pytest.mark.parametrize("columns", [None, "x", [1], [{}], {"name": "x"}])
@pytest.mark.parametrize("schema", [None, [], "x", [1], [{}]])
def test_what_has_another_shape_is_left_for_the_check(schema: Any, columns: Any) -> None:
    tables = [{"name": "x", "properties": columns}] if schema == [{}] else schema

    assert with_defaults({"name": "x", "schema": tables})["name"] == "x"
    assert with_defaults(columns) == columns or isinstance(columns, dict)
