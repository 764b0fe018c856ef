"""Tables of the forecast: built like others by their contracts, and left alone by the refresh."""

import pytest

from cartlake import contracts
from cartlake.contracts.custom_properties.building import build_of
from cartlake.contracts.errors import Faults
from cartlake.maintenance.documents import owner_of
from cartlake.refresh.graph import WHOLE, Graph
from glue_jobs.demand_forecast.rows import TABLES

GRAPH = Graph.of(contracts.load_all())


def test_changes_of_what_they_read_make_them_stale_for_no_refresh():
    stale = {table.table for table in GRAPH.stale({"processed.order_lines": WHOLE})}

    assert stale
    assert set(GRAPH.forecast_order) == {
        "curated.demand_forecast",
        "curated.price_elasticity",
        "curated.price_suggestion",
    }
    assert stale.isdisjoint(GRAPH.forecast_order)


@pytest.mark.parametrize("name", GRAPH.forecast_order)
def test_each_is_made_by_a_function_and_owned_by_the_forecast(name):
    table = GRAPH.tables[name]

    assert table.build.transform in TABLES
    assert owner_of(contracts.load(table.bare_name), table) == "forecast"


def test_a_table_of_the_forecast_is_built_whole():
    faults = Faults()
    build_of(
        {"workflow": "forecast", "transform": "rows.some", "replaces": "days", "upstreams": []},
        ("day",),
        "day",
        "schema.some",
        faults,
    )

    assert "write `all`" in str(faults.found)
