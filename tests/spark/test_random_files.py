"""The property of tests/property once more, by the jobs themselves on Spark and Iceberg: fewer files, fewer tables."""

from datetime import date
from itertools import count

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import WHOLE, Scope
from tests.property.worlds import files
from tests.spark.loading import Lake
from tests.spark.refreshing import GRAPH, RefreshLake

pytestmark = pytest.mark.spark

FAMILIES = {
    "sales": ("processed.order_lines curated.fct_orders curated.sales_weekly", "transactions transactions fx_rates"),
    "sessions": ("curated.fct_sessions curated.conversion_funnel", "clickstream"),
    "reviews": ("processed.verified_reviews curated.fct_reviews", "reviews reviews transactions"),
}
runs = count(1)


@pytest.mark.parametrize("family", FAMILIES)
@settings(
    max_examples=2,
    phases=[Phase.generate],
)
@given(data=st.data())
def test_tables_kept_file_by_file_equal_those_from_scratch(lake, family, data):
    tables, datasets = (names.split() for names in FAMILIES[family])
    dropped = data.draw(st.lists(files(*datasets), min_size=2, max_size=3))
    refreshed = RefreshLake(lake.spark)
    sources = {upstream.table for name in tables for upstream in GRAPH.tables[name].build.upstreams}
    for name in {*tables, *sources}:
        lake.spark.sql(f"delete from glue_catalog.{name}")

    for dataset, rows in dropped:
        loaded = Lake(lake.spark, lake.incoming, dataset, runs=next(runs))
        report = loaded.load(f"{next(runs)}.csv", *rows)
        changed = {loaded.table: Scope(days=of_days(map(date.fromisoformat, report.touched_days)))}
        refreshed.refresh(changed, tables)
    checked = refreshed.run(dict.fromkeys(tables, WHOLE), check=True, after=False)

    assert {name: table.differences for name, table in checked.items()} == {name: [] for name in tables}
