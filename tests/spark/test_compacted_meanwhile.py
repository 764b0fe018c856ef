"""A table is compacted while a run writes its branch: it is not published, and the run repeated loses nothing."""

import pytest

from cartlake.tables.catalog import load_catalog
from lambdas.table_publisher.adapters import IcebergTable
from lambdas.table_publisher.domain import TableRewrittenError, TableState, plan_publish
from tests.compacting import compact
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = pytest.mark.spark

LATER = {"order_status": "shipped", "updated_at": "2026-03-01T00:00:00Z"}
OTHER_DAY = {"ordered_at": "2026-02-20T08:00:00Z"}
KNOWN = "validValues: [EUR, USD, GBP, SEK, PLN]"


class OnSpark:
    """The files are rewritten by Iceberg's own procedure."""

    def __init__(self, lake):
        self.lake = lake

    def compact(self):
        options = "map('rewrite-all', 'true')"
        self.lake.spark.sql(
            f"call glue_catalog.system.rewrite_data_files(table => '{self.lake.table}', options => {options})"
        )

    def state(self):
        name = f"glue_catalog.{self.lake.table}"
        refs = self.lake.spark.sql(f"select name, snapshot_id from {name}.refs").collect()
        made = self.lake.spark.sql(f"select snapshot_id, parent_id, operation from {name}.snapshots").collect()
        return TableState(
            {row.name: row.snapshot_id for row in refs},
            {row.snapshot_id: row.parent_id for row in made},
            {row.snapshot_id: row.operation for row in made},
        )


class OnLight:
    """The files are rewritten by somebody who does not name a run."""

    def __init__(self, lake):
        self.lake = lake

    def table(self):
        return load_catalog().load_table(self.lake._identifier(self.lake.table))

    def compact(self):
        compact(self.table())

    def state(self):
        return IcebergTable(self.table()).state


@pytest.fixture(params=["light", "spark"])
def compacted(request):
    """A lake of each engine, and how others compact its table."""
    lake = request.getfixturevalue(f"{request.param}_lake")
    return OnLight(lake) if request.param == "light" else OnSpark(lake)


def line(number, **changes):
    return GOOD | {"order_id": f"ORD-{number:010X}"} | changes


def statuses(lake):
    return sorted((row["order_id"][-2:], row["order_status"]) for row in lake.rows())


def test_rows_that_are_added_and_merged_are_neither_lost_nor_doubled(compacted):
    lake = compacted.lake
    lake.load("a.csv", line(1), line(2))
    lake.load("b.csv", line(3))
    lake.drop("c.csv", csv([line(1, **LATER), line(4, **OTHER_DAY), line(5, currency="CHF")], header_of(lake.dataset)))
    files = list(lake.files)
    report, _ = lake.run(publish=False)

    compacted.compact()
    with pytest.raises(TableRewrittenError):
        plan_publish(compacted.state(), report.branch, int(report.snapshot_id))
    lake.files = files
    again, _ = lake.run(report.run_id, publish=False)

    assert plan_publish(compacted.state(), again.branch, int(again.snapshot_id)) == "fast_forward"
    lake.publish(again)
    assert statuses(lake) == [("01", "shipped"), ("02", "paid"), ("03", "paid"), ("04", "paid")]
    assert again.rows == report.rows
    assert len(lake.rows("glue_catalog.ops.quarantine_rows")) == 1


@pytest.mark.parametrize("compacted", ["light"], indirect=True)
def test_a_backfill_that_deletes_rows_is_repeated_too(compacted, correct):
    lake = compacted.lake
    loaded = lake.loaded_by(
        *lake.drop("a.csv", csv([line(1), line(2, currency="USD")], header_of("transactions"))).run()
    )
    lake.load("b.csv", line(3))
    correct((KNOWN, "validValues: [EUR]"))
    report = lake.backfill(loaded, publish=False)

    compacted.compact()
    with pytest.raises(TableRewrittenError):
        plan_publish(compacted.state(), report.branch, int(report.snapshot_id))
    again = lake.job(report.run_id, lake.manifest(report.run_id, loaded, backfill=True), "load")
    lake.publish(again)

    assert statuses(lake) == [("01", "paid"), ("03", "paid")]
    assert (again.rows, again.withdrawn) == (report.rows, 1)
