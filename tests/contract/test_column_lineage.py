"""Every column of every table comes from somewhere, and what lineage says of it is what the transforms' SQL does."""

import pytest

from cartlake import contracts
from cartlake.lineage.columns import CompiledSources, of_files
from cartlake.refresh.graph import Graph, upstreams_of
from cartlake_cli.light_queries.column_lineage import compiled_sources
from data_catalog.lineage import column_sources
from tests.compiled import ROOT

COUNTS_OR_CONSTANTS = {
    "curated.conversion_funnel.sessions",
    "curated.customer_ltv.active_months",
    "curated.dim_customer.members",
    "curated.dim_product.review_count",
    "curated.fct_sessions.events",
    "curated.fct_sessions.is_bounce",
    "processed.shop_order_lines.channel",
    "processed.shop_order_lines.country_code",
    "processed.shop_order_lines.source_table",
    "processed.verified_reviews.is_verified_purchase",
}
"""Columns that count rows, or say the same of all rows: of no column. A new one is to be added here on purpose."""

MADE_OF_NOTHING = {"curated.dim_date"}
"""Tables without upstreams: the calendar."""


@pytest.fixture(scope="module")
def graph():
    return Graph.of(contracts.load_all())


@pytest.fixture(scope="module")
def compiled():
    return CompiledSources.model_validate_json(compiled_sources(ROOT).read_text())


def test_every_built_table_has_lineage_of_every_column(graph, compiled):
    assert set(compiled.tables) == set(graph.order)
    for name, found in compiled.tables.items():
        assert list(found.columns) == [column.name for column in graph.tables[name].file_columns]


def test_a_column_of_a_built_table_has_a_source_or_is_known_to_have_none(compiled):
    without = {
        f"{name}.{column}"
        for name, table in compiled.tables.items()
        if name not in MADE_OF_NOTHING
        for column, of in table.columns.items()
        if not of
    }

    assert without == COUNTS_OR_CONSTANTS
    assert not any(of for name in MADE_OF_NOTHING for of in compiled.tables[name].columns.values())


def test_a_column_of_a_table_that_is_loaded_comes_from_the_files(graph):
    loaded = [contract for contract in contracts.load_all() if contract.droppable]

    assert loaded
    for contract in loaded:
        found = of_files(contract).columns
        assert set(found) == {column.name for column in contract.table.file_columns}
        assert all(len(of) == 1 for of in found.values())


def test_sources_are_columns_of_the_upstreams_in_the_contract(graph, compiled):
    for name, found in compiled.tables.items():
        upstreams = {up.table for up in upstreams_of(graph.tables[name])}
        for table, column, _ in (*found.sources_listed, *found.rows):
            assert table in upstreams
            assert column in {known.name for known in graph.tables[table].columns}


def test_every_upstream_of_a_table_is_a_source_of_it(graph, compiled):
    """An upstream that no column and no condition reads is one too many in the contract."""
    for name, found in compiled.tables.items():
        read = {table for table, _, _ in (*found.sources_listed, *found.rows)}
        assert read == {up.table for up in upstreams_of(graph.tables[name])}, name


def test_sqlglots_own_lineage_finds_the_same_sources(graph, compiled):
    theirs = column_sources(graph)

    ours = {
        (name, column): {(table, source) for table, source, _ in of}
        for name, found in compiled.tables.items()
        for column, of in found.columns.items()
    }
    assert ours == {(one.table, one.column): {(s.table, s.column) for s in of} for one, of in theirs.items()}
