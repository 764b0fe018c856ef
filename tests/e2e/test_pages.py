"""The crawler and the live catalog of a deployed lake show what is in it."""

import json

import pytest

pytestmark = pytest.mark.e2e


def test_the_deployed_crawler_makes_every_dropped_file_readable(demo, run_lake, rows_of):
    tables = {table["dataset"]: table for table in json.loads(run_lake("crawl", "--json").stdout)}

    assert {"customers", "fx_rates", "products", "vendors"} <= set(tables)
    for dataset in ("fx_rates", "vendors"):
        table = tables[dataset]["table"]
        folder = tables[dataset]["location"].partition("/incoming/")[2]
        # Athena reads all files of the folder, also those the crawler leaves out.
        paths = rows_of(f"""select distinct "$path" from {table} where "$path" not like '%/replay/%'""")
        assert len(paths) == tables[dataset]["files"]
        assert all(f"/incoming/{folder}" in path for [path] in paths)
    [[read, published]] = rows_of("select (select count(*) from raw.vendors), (select count(*) from processed.vendors)")
    assert int(read) >= int(published) > 0


def test_the_live_catalog_has_the_rows_and_runs_of_the_lake(lake, demo, run_lake, rows_of):
    run_lake("contracts", "docs", "--live", "--json")
    html = (lake.root / ".lake" / "catalog" / "index.html").read_text()

    section = html.split('data-route="/table/processed.transactions"')[1].split("</section>")[0]
    [[rows]] = rows_of("select count(*) from processed.transactions")
    assert f"<dt>Rows</dt><dd>{int(rows):,}</dd>" in section
    for run in lake.ledger.runs.list("transactions", 10):
        assert run.run_id in section
    reasons = rows_of(
        "select distinct reason from ops.quarantine_rows cross join unnest(reasons) as broken(reason) "
        "where dataset = 'transactions' and replay_id is null"
    )
    assert reasons
    assert all(f"<code>{reason}</code>" in section for [reason] in reasons)
