"""Every built table from the same sources, rebuilt by both engines: the same rows."""

from datetime import date, datetime

import pytest

from cartlake.refresh.graph import WHOLE
from generators.world import generate_world
from tests.integration.light_lake import CONTACT, GRAPH, SHOP_ORDERS, LightLake, bucket_in, written_review
from tests.spark.refreshing import RefreshLake

pytestmark = pytest.mark.spark

SOURCES = sorted(name for name, table in GRAPH.tables.items() if table.build is None and table.database == "processed")


@pytest.fixture(scope="module")
def light(localaws, tmp_path_factory):
    """The rows of all tables of a small world, rebuilt on DuckDB: those of sources with all columns."""
    folder = tmp_path_factory.mktemp("world")
    world = generate_world(folder, days=3, orders_per_day=12, seed=11, dirty=0, start_date=date(2026, 2, 27))
    files = [(dataset, folder / file.name) for dataset, truth in world.datasets.items() for file in truth.files]
    with bucket_in(localaws, "light-rows") as bucket:
        lake = LightLake("light_", bucket)
        lake.load_files(files)
        lake.insert("processed.reviews", *(written_review(n, n, n, "2026-02-27") for n in (1, 2, 3)))
        lake.insert("processed.hubspot_contacts", CONTACT)
        for table, order in SHOP_ORDERS.items():
            lake.insert(table, order)
        lake.refresh(dict.fromkeys(GRAPH.order, WHOLE))
        return {
            **{name: lake.rows(name, ", ".join(c.name for c in GRAPH.tables[name].columns)) for name in SOURCES},
            **{name: lake.rows(name) for name in GRAPH.order},
        }


def test_both_engines_make_the_same_rows_of_every_table(light, lake):
    spark_lake = RefreshLake(lake.spark)
    for name in SOURCES:
        names = [column.name for column in GRAPH.tables[name].columns]
        spark_lake.insert(name, *(dict(zip(names, row, strict=True)) for row in light[name]))

    spark_lake.run(dict.fromkeys(GRAPH.order, WHOLE))

    assert {name for name in GRAPH.order if not light[name]} == set()
    for name in GRAPH.order:
        columns = [column.name for column in GRAPH.tables[name].file_columns]
        rows = [tuple(row[column] for column in columns) for row in spark_lake.rows(name)]
        assert comparable(rows) == comparable(light[name]), name


def comparable(rows):
    """Rows in order, with instants as seconds: Spark's are in the time zone of the process."""
    plain = [tuple(v.timestamp() if isinstance(v, datetime) else v for v in row) for row in rows]
    return sorted(plain, key=repr)
