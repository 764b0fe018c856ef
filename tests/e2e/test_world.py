"""The whole world: every dataset into its table, every table built from others, kept up to date day by day."""

import json
from datetime import date

import pytest

from cartlake.cli.drop import files_by_dataset, settle, upload
from cartlake.cli.reconciling import reconcile_datasets
from cartlake.ledger import FileState
from cartlake.runs import REFRESH
from generators.worlds import generate_world

pytestmark = pytest.mark.e2e

LAST_DAY = date(2026, 9, 3)


@pytest.fixture(scope="module")
def world(lake, tmp_path_factory):
    """Four days of a small shop, the first three dropped together and the last one on top of them."""
    folder = tmp_path_factory.mktemp("world")
    manifest = generate_world(folder, days=4, orders_per_day=15, seed=11, end_date=LAST_DAY, late_rates=True)
    files = files_by_dataset("all", [folder])
    first = {name: [path for path in paths if str(LAST_DAY) not in path.name] for name, paths in files.items()}
    last = {name: [path for path in paths if str(LAST_DAY) in path.name] for name, paths in files.items()}
    settled = []
    for dropped in (first, last):
        before = len(lake.ledger.runs(REFRESH))
        settled += settle(lake, {name: upload(lake, name, paths) for name, paths in dropped.items() if paths})
        assert len(lake.ledger.runs(REFRESH)) > before
    return json.loads(manifest.model_dump_json()), settled


def test_every_row_of_every_dataset_is_where_it_belongs(lake, world):
    manifest, settled = world

    lines = reconcile_datasets(lake, manifest, settled)

    assert {file.state for file in settled} == {FileState.LOADED}
    assert {line["dataset"] for line in lines} == set(manifest["datasets"])
    assert [line for line in lines if not line["holds"]] == []


def test_tables_kept_day_by_day_equal_those_from_scratch(run_lake, world):
    report = json.loads(run_lake("recompute", "all", "--check", "--json").stdout)

    assert len(report["tables"]) == 20
    assert [table["table"] for table in report["tables"] if table["differences"]] == []
    assert {table["outcome"] for table in report["tables"]} == {"checked"}


def test_a_table_that_is_not_what_it_should_be_is_found_and_mended(run_lake, rows_of, world):
    rows_of("update curated.sales_weekly set orders = orders + 1")

    found = json.loads(run_lake("recompute", "sales_weekly", "--check", "--json", exit_code=1).stdout)
    run_lake("recompute", "sales_weekly")
    mended = json.loads(run_lake("recompute", "sales_weekly", "--check", "--json").stdout)

    assert [side["only_in"] for side in found["tables"][0]["differences"]] == ["stored", "rebuilt"]
    assert mended["tables"][0]["differences"] == []


def test_personal_data_in_reviews_is_masked_before_it_is_stored(rows_of, world):
    manifest, _ = world
    planted = [one for one in manifest["reviews"]["personal_data"] if not one["decoy"]]

    for one in planted:
        [row] = rows_of(f"select body from processed.reviews where review_id = '{one['review_id']}'")
        assert one["value"] not in row[0]


def test_a_rate_that_arrives_late_heals_the_lines_that_used_an_older_one(rows_of, world):
    unhealed = rows_of(
        "select count(*) from processed.order_lines as l inner join processed.fx_rates as r "
        "on l.currency = r.currency and r.rate_date <= l.order_date and r.rate_date > l.fx_rate_date"
    )

    assert unhealed == [["0"]]
    assert rows_of("select count(*) from processed.order_lines where fx_rate is null") == [["0"]]
