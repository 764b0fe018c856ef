"""Tiles of real Iceberg tables in the embedded AWS: the published version, of the columns that tiles may read."""

import shutil
from types import SimpleNamespace

import duckdb
import pytest

from cartlake import contracts
from cartlake.refresh.graph import WHOLE, Scope
from lambdas.tile_writer.adapters import read_tiles, tile_source
from lambdas.tile_writer.explore import export
from tests.integration.light_lake import LightLake, bucket_in

pytestmark = pytest.mark.integration

TILES = {tile.name: tile for tile in read_tiles()}
DAY = {
    "order_date": "2026-02-27", "channel": "web", "country_code": "DE", "currency": "EUR", "orders": "2",
    "order_lines": "3", "units": "4", "gross_revenue": "120.00", "discounts": "0.01", "taxes": "0",
    "cancelled_lines": "0", "net_revenue": "119.99", "refunded_lines": "0", "customers": "2", "net_reporting": "119.99",
}  # fmt: skip
CUSTOMER = {
    "golden_customer_id": "GLD-0000001", "orders": "2", "repeat_orders": "1", "revenue_reporting": "119.99",
    "margin_reporting": "40.00",
}  # fmt: skip
NO_LEDGER = SimpleNamespace(runs=SimpleNamespace(list=lambda _subject, limit: []), stale=SimpleNamespace(pending=list))


@pytest.fixture(scope="module")
def lake(localaws):
    with bucket_in(localaws, "tiles") as bucket:
        yield LightLake("tiles_", bucket, ["sales_daily", "customer_ltv"])


def columns(name):
    with tile_source("tiles_", NO_LEDGER, "refresh-20260301T120000-00000a", 1024) as source:
        return source.columns(TILES[name]), source.sources[TILES[name].tables[0]]


def test_a_tile_is_made_of_the_published_version_and_says_which(lake):
    empty, unwritten = columns("sales")
    lake.replace_days("curated.sales_daily", Scope(days=WHOLE.days), DAY)
    lake.replace_days(
        "curated.sales_daily", Scope(days=WHOLE.days), DAY, {**DAY, "channel": "app", "net_reporting": "0.05"}
    )

    sales, source = columns("sales")

    assert (empty["day"], unwritten.snapshot_id, unwritten.written_at) == ([], None, None)
    assert (sales["channel"], sales["net"], sales["orders"]) == (["app", "web"], [5, 11999], [2, 2])
    snapshot = lake.table("curated.sales_daily").current_snapshot()
    assert source.snapshot_id == str(snapshot.snapshot_id)
    assert (round(source.written_at.timestamp() * 1000), source.rows) == (snapshot.timestamp_ms, 2)


def test_rows_about_people_are_counted_and_their_ids_left_where_they_are(lake):
    lake.replace_days("curated.customer_ltv", Scope(days=WHOLE.days), CUSTOMER)

    values, _ = columns("lifetime_value")

    assert {name: column for name, column in values.items() if name != "orders"} == {
        "band": [100],
        "customers": [1],
        "repeat_customers": [1],
        "revenue": [11999],
        "margin": [4000],
    }


def test_a_file_of_explore_has_the_published_rows_and_none_about_a_person(lake, tmp_path):
    lake.replace_days("curated.sales_daily", Scope(days=WHOLE.days), DAY)
    lake.replace_days("curated.customer_ltv", Scope(days=WHOLE.days), CUSTOMER)
    tables = [table for contract in contracts.load_all() for table in contract.tables]

    with tile_source("tiles_", NO_LEDGER, "refresh-20260301T120000-00000a", 1024) as source:
        files, left_out = export(
            source.session, tables, source.sources, None, lambda name, path: shutil.copy(path, tmp_path / name)
        )

    why = {one.table: one.why for one in left_out}
    assert [(file.table, file.rows) for file in files] == [("curated.sales_daily", 1)]
    assert files[0].snapshot_id == str(lake.table("curated.sales_daily").current_snapshot().snapshot_id)
    assert duckdb.sql(f"select net_reporting::varchar from '{tmp_path}/sales_daily.parquet'").fetchall() == [
        ("119.99",)
    ]
    assert why["curated.customer_ltv"].startswith("Each row is about one person")
    assert why["curated.fct_orders"] == "It was never written."
