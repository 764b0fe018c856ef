"""A table kept incrementally equals the table computed from scratch, to the cent, in whatever order the files come."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.engine import using
from tests.property.duck_lake import DuckLake
from tests.property.worlds import files, order

EXAMPLES = 2 * settings.default.max_examples // 10
"""Each is a whole small lake, built twice."""

FAMILIES = {
    "sales": {
        "tables": "curated.fct_orders curated.sales_daily curated.sales_weekly curated.sales_monthly "
        "curated.product_performance masked.transactions_masked",
        "files": "transactions transactions fx_rates products clickstream snowflake_orders",
    },
    "customers": {
        "tables": "curated.dim_customer curated.customer_rfm curated.customer_ltv curated.customer_segments "
        "curated.cohort_retention masked.customers_masked masked.dim_customer_masked "
        "masked.hubspot_contacts_masked",
        "files": "customers customers hubspot_contacts transactions",
    },
    "sessions": {
        "tables": "curated.fct_sessions curated.conversion_funnel",
        "files": "clickstream clickstream redshift_behavior",
    },
    "products": {"tables": "curated.dim_product curated.fct_reviews", "files": "products vendors reviews transactions"},
}


@pytest.fixture(scope="module", autouse=True)
def on_duckdb():
    with using("duckdb"):
        yield


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    """A lake of some tables, and the datasets they are built from."""
    tables, datasets = FAMILIES[request.param]["tables"].split(), FAMILIES[request.param]["files"].split()
    return DuckLake(tables), datasets


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_incremental_equals_from_scratch_in_any_order_of_files(family, data):
    lake, datasets = family
    dropped = data.draw(st.lists(st.tuples(files(*datasets), st.booleans()), min_size=1, max_size=6))
    again = data.draw(st.permutations([file for file, _ in dropped]))

    compare(lake, dropped, again)


def test_a_review_that_was_of_another_product_leaves_it():
    lake = DuckLake(["curated.fct_reviews"])
    review = {
        "review_id": "REV-0000000000",
        "order_id": order(0)["order_id"],
        "customer_id": "CUS-0000000",
        "purchased_on": order(0)["ordered_at"][:10],
        "rating": "1",
        "reviewed_at": "2026-01-20T00:00:00Z",
    }
    first = ("reviews", [review | {"product_id": "PRD-00001", "updated_at": "2026-01-21T00:00:00Z"}])
    then = ("reviews", [review | {"product_id": "PRD-00000", "updated_at": "2026-01-21T00:00:01Z"}])

    compare(lake, [(first, True), (then, False)], [then, first])


def compare(lake, dropped, again):
    """Load files, with a refresh after some of them; then all of them in another order, computed from scratch."""
    lake.clear()
    for (dataset, rows), refreshed in dropped:
        lake.load(dataset, rows)
        if refreshed:
            lake.refresh()
    lake.refresh()
    incremental = {name: lake.rows(name) for name in lake.order}
    lake.clear()
    for dataset, rows in again:
        lake.load(dataset, rows)
    lake.rebuild_all()

    for name in lake.order:
        assert incremental[name] == lake.rows(name), name


def test_every_built_table_is_in_a_family():
    lake = DuckLake(name for family in FAMILIES.values() for name in family["tables"].split())

    assert set(lake.graph.order) - set(lake.order) == {"curated.dim_date"}  # built of nothing, so it never changes
