"""Nested columns in the catalog: their parts are listed, and tables with them do not stop the lineage."""

from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.refresh.graph import Graph
from data_catalog.checks import faults_of
from data_catalog.dictionary import dictionary
from data_catalog.lineage import transform_queries
from data_catalog.model import Catalog, ColumnEntry, Entry
from data_catalog.page import page, search_items

CONTRACT = Path(__file__).parents[2] / "e2e" / "baskets.odcs.yaml"


@pytest.fixture(scope="module")
def catalog():
    contract = contracts.parse(CONTRACT)
    columns = tuple(ColumnEntry(column, (), (), (), None) for column in contract.table.columns)
    return Catalog((Entry(contract, contract.table, columns, (), (), ()),), (), Graph({}, ()))


def test_parts_are_listed_with_what_the_contract_says_of_them(catalog):
    html, text = page(catalog), dictionary(catalog)

    assert [*faults_of(catalog, {"index.html": html, "data-dictionary.md": text})] == []
    assert "| `items[].price` | `decimal(12,2)` |  | | Price of one unit. | |" in text
    assert "| `items[].price_in_range` | error | `items[].price is null or (items[].price >= 0)` |" in text
    assert "<code>items[].sku</code>" in html
    assert "element_1" not in html + text


def test_parts_are_found(catalog):
    [found] = [item for item in search_items(catalog) if item["name"] == "items" and item["kind"] == "column"]

    assert "items[].price Price of one unit." in found["text"]


def test_tables_with_nested_columns_are_inputs_of_transforms(catalog):
    table = catalog.entries[0].table

    assert transform_queries(Graph({table.physical_name: table}, ())) == {}
