"""The dashboard of a deployed lake: every number is what Athena answers, and a page view asks Athena nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartlake_cli.commands.lake.dashboard import page_folder, tiles_of
from cartlake_cli.dashboard.serving import server
from tests.browser import browser, figures, show
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def tiles(lake, demo, run_lake):
    """The tiles, once they hold what the tables do: other tests may have changed them last, or failed refreshes.

    A refresh claims what failed ones left, and holds its lock until the tiles are written.
    """
    run_lake("recompute", "curated.sales_daily")
    eventually(lambda: not lake.ledger.stale.pending() and lake.ledger.locks.get("refresh") is None, 300)
    read = tiles_of(lake)

    def of(name):
        return json.loads(read.read(f"tiles/{name}.json"))

    return of


@pytest.fixture(scope="module")
def address(lake, tiles):
    serving = server(page_folder(lake.root), tiles_of(lake).read)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/"
    serving.shutdown()
    thread.join()
    serving.server_close()


def total(tile, column):
    return sum(value or 0 for value in tile["columns"][column])


SUMS = {
    ("sales", "net"): "select sum(net_reporting) * 100 from curated.sales_daily",
    ("sales", "margin"): "select sum(margin_reporting) * 100 from curated.sales_daily",
    ("funnel", "purchases"): "select sum(reached_purchase) from curated.conversion_funnel",
    ("categories", "net"): "select sum(net_reporting) * 100 from curated.product_performance",
    ("segments", "customers"): "select count(*) from curated.customer_segments",
    ("lifetime_value", "revenue"): "select sum(revenue_reporting) * 100 from curated.customer_ltv",
    ("cohorts", "revenue"): "select sum(revenue_reporting) * 100 from curated.cohort_retention",
}


@pytest.mark.parametrize(("tile", "column"), SUMS)
def test_tiles_add_up_to_what_athena_answers(tiles, rows_of, tile, column):
    # Tiles of days and months hold the newest 400 days and 13 months; no test of this lake goes further back.
    assert total(tiles(tile), column) == Decimal(rows_of(SUMS[tile, column])[0][0])


def test_a_tile_names_the_version_of_its_tables(tiles, rows_of):
    [source] = tiles("sales")["sources"]
    [[newest]] = rows_of(
        'select cast(snapshot_id as varchar) from curated."sales_daily$history" order by made_current_at desc limit 1'
    )

    assert source["snapshot_id"] == newest


def test_runs_are_on_record_with_every_row_they_read(lake, tiles):
    runs = tiles("runs")["columns"]
    counted = [run for run in lake.ledger.runs.list("transactions") if run.counts and run.run_id in runs["run_id"]]

    assert counted
    for run in counted:
        place = runs["run_id"].index(run.run_id)
        assert runs["rows_read"][place] == run.counts.read
        assert sum(runs[name][place] for name in ("published", "quarantined", "duplicate")) == run.counts.read


def test_the_command_serves_the_page_until_it_is_stopped(lake, tiles):
    command = [Path(sys.executable).with_name("lake"), "dashboard", "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}) as serving:
        try:
            found = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in serving.stderr)
            url = next(one[0] for one in found if one)
            with urllib.request.urlopen(f"{url}tiles/index.json", timeout=60) as answer:
                assert json.load(answer)["currency"] == "EUR"
        finally:
            serving.send_signal(signal.SIGINT)
            serving.communicate(timeout=60)

    assert serving.returncode == 0


def test_the_page_shows_what_athena_answers(lake, tiles, address, rows_of):
    newest = date.fromisoformat(max(tiles("sales")["columns"]["day"]))
    asked = lake.client("athena").list_query_executions(WorkGroup=lake.outputs.workgroup)["QueryExecutionIds"]

    with browser() as chrome:
        page = chrome.new_page()
        show(page, f"{address}#/sales")
        shown = figures(page)
        show(page, f"{address}#/trust")
        trust = figures(page)
        page.context.close()

    assert lake.client("athena").list_query_executions(WorkGroup=lake.outputs.workgroup)["QueryExecutionIds"] == asked
    [[net, orders]] = rows_of(
        "select sum(net_reporting) * 100, sum(orders) from curated.sales_daily "
        f"where order_date > date '{newest - timedelta(days=28)}'"
    )
    assert (Decimal(shown["Net sales"]), Decimal(shown["Orders"])) == (Decimal(net), Decimal(orders))
    assert int(trust["Runs that add up"]) > 0
