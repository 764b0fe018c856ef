"""Column lineage of the real transforms, where a person can say what it must be."""

import pytest

from cartlake import contracts
from cartlake.refresh.graph import Graph
from data_catalog import lineage
from data_catalog.lineage import ColumnName, LineageError, column_sources


@pytest.fixture(scope="module")
def few():
    """Some tables whose transforms are quick to run, and all they are built from."""
    names = {"transactions", "fx_rates", "products", "order_lines", "fct_orders", "dim_date", "fct_sessions"}
    names |= {"clickstream", "customer_rfm", "customer_months", "customer_identities", "customer_segments"}
    names |= {"shop_order_lines", "redshift_behavior"}
    chosen = [contract for contract in contracts.load_all() if contract.name in names]
    tables = {table.physical_name: table for contract in chosen for table in contract.tables}
    order = tuple(name for name in Graph.of(contracts.load_all()).order if name in tables)
    return Graph(tables, tuple(name for name in order if name not in HEAVY))


HEAVY = {"processed.customer_identities", "processed.shop_order_lines"}


@pytest.fixture(scope="module")
def sources(few):
    return column_sources(few)


@pytest.mark.parametrize(
    ("column", "made_of"),
    [
        (
            "processed.order_lines.order_date",
            ["processed.shop_order_lines.order_date", "processed.transactions.ordered_at"],
        ),
        ("processed.order_lines.unit_cost", ["processed.products.unit_cost"]),
        ("processed.order_lines.currency", ["processed.shop_order_lines.currency", "processed.transactions.currency"]),
        ("curated.fct_orders.order_id", ["processed.order_lines.order_id"]),
        (
            "curated.fct_orders.net_reporting",
            ["processed.order_lines.is_sold", "processed.order_lines.net_reporting"],
        ),
        ("curated.customer_segments.revenue_reporting", ["curated.customer_rfm.monetary"]),
        (
            "curated.fct_sessions.session_date",
            ["processed.clickstream.event_at", "processed.redshift_behavior.event_at"],
        ),
    ],
)
def test_a_column_comes_from_the_columns_its_value_is_computed_from(sources, column, made_of):
    table, _, name = column.rpartition(".")

    assert [str(source) for source in sources[ColumnName(table, name)]] == made_of


def test_the_cost_in_euros_goes_back_to_products_and_rates(sources):
    tables = {source.table for source in sources[ColumnName("processed.order_lines", "margin_reporting")]}

    assert tables == {
        "processed.transactions",
        "processed.shop_order_lines",
        "processed.products",
        "processed.fx_rates",
    }


def test_a_count_of_rows_comes_from_no_column(sources):
    assert sources[ColumnName("curated.fct_sessions", "events")] == ()


def test_a_table_built_of_nothing_comes_from_nothing(sources, few):
    calendar = [column.name for column in few.tables["curated.dim_date"].file_columns]

    assert {sources[ColumnName("curated.dim_date", name)] for name in calendar} == {()}


def test_every_source_is_a_column_of_an_upstream(sources, few):
    for made, of in sources.items():
        upstreams = {upstream.table for upstream in few.tables[made.table].build.upstreams}
        assert {source.table for source in of} <= upstreams
        assert all(source.column in {c.name for c in few.tables[source.table].columns} for source in of)


def test_sql_that_cannot_be_read_names_its_table(few, monkeypatch):
    monkeypatch.setattr(lineage, "transform_queries", lambda _: {"curated.fct_orders": "select order_id from nowhere"})

    with pytest.raises(LineageError, match=r"curated\.fct_orders"):
        column_sources(few)
