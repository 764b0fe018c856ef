"""table_refresh on DuckDB over Iceberg tables in the embedded AWS: what is stale is rebuilt, the rest stays."""

from datetime import date

import pytest

from cartlake.refresh.graph import WHOLE
from generators.world import generate_world
from glue_jobs.engines.duckdb import compiled as compiling
from tests.integration.light_lake import CONTACT, GRAPH, SHOP_ORDERS, LightLake, bucket_in, written_review

pytestmark = pytest.mark.integration

FIRST = date(2026, 2, 26)
"""A Thursday: the four days of the world are of two weeks and of two months."""


REVIEWS = [
    written_review(1, 1, 5, "2026-02-27"),
    written_review(2, 2, 4, "2026-02-27"),
    written_review(3, 3, 1, "2026-02-28"),
    written_review(4, 1, 2, "2026-03-01"),
]
"""The last is of a customer and a product that have a review already."""


@pytest.fixture(scope="module")
def bucket(localaws):
    with bucket_in(localaws, "light-refresh") as name:
        yield name


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of a small world: for each day, dataset and path."""
    folder = tmp_path_factory.mktemp("world")
    manifest = generate_world(folder, days=4, orders_per_day=12, seed=7, dirty=0, start_date=FIRST)
    days: dict[str, list] = {}
    for dataset, truth in manifest.datasets.items():
        for file in truth.files:
            days.setdefault(file.name[-14:], []).append((dataset, folder / file.name))
    return [days[day] for day in sorted(days)]


@pytest.fixture
def compiled(monkeypatch):
    """The transforms whose queries were compiled during a test."""
    found, compile_one = [], compiling._compile

    def note(transform, inputs, constants):
        found.append((transform.__qualname__, inputs))
        return compile_one(transform, inputs, constants)

    monkeypatch.setattr(compiling, "_compile", note)
    return found


def test_every_table_follows_its_sources_day_by_day_and_is_what_it_is_from_scratch(bucket, files, compiled):
    grown, scratch = LightLake("grown_", bucket), LightLake("scratch_", bucket)
    grown.load_files([file for day in files[:3] for file in day])
    grown.insert("processed.reviews", *REVIEWS[:3])
    grown.insert("processed.hubspot_contacts", CONTACT)
    grown.insert("processed.shopify_orders", SHOP_ORDERS["processed.shopify_orders"])
    first = grown.refresh(grown.changes | {"curated.dim_date": WHOLE})
    grown.load_files(files[3])
    grown.insert("processed.reviews", *REVIEWS[3:])
    for table in ("processed.snowflake_orders", "processed.woocommerce_orders"):
        grown.insert(table, SHOP_ORDERS[table])
    second = grown.refresh()
    scratch.load_files([file for day in files for file in day])
    scratch.insert("processed.reviews", *REVIEWS)
    scratch.insert("processed.hubspot_contacts", CONTACT)
    for table, order in SHOP_ORDERS.items():
        scratch.insert(table, order)
    whole = scratch.refresh(dict.fromkeys(GRAPH.order, WHOLE))

    assert {name: table.error for name, table in first.items()} == dict.fromkeys(GRAPH.order, "")
    assert {table.outcome for table in [*first.values(), *whole.values()]} == {"rebuilt"}
    read = {name: {up: first[up].snapshot_id for up in table.read if up in first} for name, table in first.items()}
    assert all(read[name].items() <= table.read.items() for name, table in first.items())
    assert set(first["curated.dim_product"].read) == {"processed.products", "processed.vendors", "curated.fct_reviews"}
    assert first["curated.dim_product"].size > 0
    assert "all rows" not in {table.scope for name, table in second.items() if name.startswith("curated.sales")}
    assert {name: grown.rows(name) for name in GRAPH.order} == {name: scratch.rows(name) for name in GRAPH.order}
    assert {name for name in GRAPH.order if not grown.rows(name)} == set()
    assert {name: table.differences for name, table in grown.check().items()} == {name: [] for name in GRAPH.order}
    assert compiled == []
