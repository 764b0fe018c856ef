"""The whole world: every dataset into its table, every table built from others, kept up to date day by day."""

import csv
import json
from datetime import date

import pytest

from cartlake import contracts
from cartlake.ledger import FileState
from cartlake.refresh.graph import Graph
from cartlake.runs.ids import Workflow
from cartlake_cli.commands.runs.drop import wait_until_processed
from cartlake_cli.operations.manifest_check import reconcile_datasets
from cartlake_cli.operations.upload import files_by_dataset, upload
from generators.world import generate_world

pytestmark = pytest.mark.e2e

FIRST_DAY, LAST_DAY = date(2026, 8, 31), date(2026, 9, 3)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Four days of a small shop: files by dataset. The first three days are those of the demo, to the byte."""
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, days=4, orders_per_day=20, seed=7, end_date=LAST_DAY)
    return files_by_dataset("all", [folder])


@pytest.fixture(scope="module")
def world(lake, demo, rows_of, files):
    """The demo's three days, the fourth on top of them, its rates of exchange later than all other files.

    Returns the manifest of all four days and their files.
    """
    before = len(lake.ledger.runs.list(Workflow.REFRESH))
    late = [path for path in files["fx_rates"] if str(LAST_DAY) in path.name]
    on_time = {name: [path for path in paths if path not in late] for name, paths in files.items()}
    processed = wait_until_processed(lake, {name: upload(lake, name, paths) for name, paths in on_time.items()})
    assert len(lake.ledger.runs.list(Workflow.REFRESH)) > before
    assert ages_of_rates(rows_of) == [["1"]]
    processed += wait_until_processed(lake, {"fx_rates": upload(lake, "fx_rates", late)})
    return json.loads((next(iter(files.values()))[0].parents[1] / "manifest.json").read_text()), processed


def ages_of_rates(rows_of):
    """How old, in days, the rates are that convert the lines of the last day."""
    return rows_of(
        "select distinct date_diff('day', fx_rate_date, order_date) from processed.order_lines "
        f"where order_date = date '{LAST_DAY}' and currency <> 'EUR'"
    )


def test_every_row_of_every_dataset_is_where_it_belongs(lake, world):
    manifest, processed = world

    lines = reconcile_datasets(lake, manifest, processed)

    assert {file.state for file in processed} == {FileState.LOADED, FileState.DUPLICATE}
    assert {file.dataset for file in processed if file.state is FileState.LOADED} >= {"transactions", "clickstream"}
    assert {line["dataset"] for line in lines} == {name for name, one in manifest["datasets"].items() if one["files"]}
    assert [line for line in lines if not line["holds"]] == []


def test_tables_kept_day_by_day_equal_those_from_scratch(run_lake, world):
    report = json.loads(run_lake("recompute", "all", "--check", "--json").stdout)

    assert {table["table"] for table in report["tables"]} == set(Graph.of(contracts.load_all()).order)
    assert [table["table"] for table in report["tables"] if table["differences"]] == []
    assert {table["outcome"] for table in report["tables"]} == {"checked"}


def test_a_table_with_wrong_rows_is_found_and_corrected(run_lake, rows_of, world):
    rows_of("update curated.sales_weekly set orders = orders + 1")

    found = json.loads(run_lake("recompute", "sales_weekly", "--check", "--json", exit_code=1).stdout)
    run_lake("recompute", "sales_weekly")
    corrected = json.loads(run_lake("recompute", "sales_weekly", "--check", "--json").stdout)

    assert [side["only_in"] for side in found["tables"][0]["differences"]] == ["stored", "rebuilt"]
    assert corrected["tables"][0]["differences"] == []


def test_a_full_reload_of_a_day_changes_nothing(lake, run_lake, rows_of, world, files, tmp_path):
    [last_day] = [path for path in files["transactions"] if str(LAST_DAY) in path.name]
    rows = list(csv.DictReader(last_day.read_text().splitlines()))
    lines, refreshes = (
        "select count(*), sum(line_total) from processed.transactions",
        len(lake.ledger.runs.list(Workflow.REFRESH)),
    )
    before = rows_of(lines)
    again = tmp_path / "again.jsonl"
    again.write_text("".join(json.dumps(row) + "\n" for row in rows))

    [file] = json.loads(run_lake("drop", "transactions", again, "--wait", "--json").stdout)

    counts = lake.ledger.runs.get(file["run_id"]).counts
    assert (file["state"], counts.published) == ("LOADED", 0)
    assert counts.duplicate + counts.quarantined == counts.read == len(rows)
    assert rows_of(lines) == before
    assert len(lake.ledger.runs.list(Workflow.REFRESH)) == refreshes


def test_personal_data_in_a_review_is_masked_before_it_is_stored(run_lake, rows_of, world, tmp_path):
    review = {
        "review_id": "REV-00000A17F3",
        "order_id": "ORD-00000A17F3",
        "customer_id": "CUS-0004211",
        "product_id": "PRD-00042",
        "purchased_on": "2026-09-01",
        "rating": "4",
        "title": "Good",
        "body": "Write to ada@example.org or call +49 30 123456",
        "reviewed_at": "2026-09-02T08:00:00Z",
        "updated_at": "2026-09-02T08:00:00Z",
    }
    path = tmp_path / "review.jsonl"
    path.write_text(json.dumps(review) + "\n")

    run_lake("drop", "reviews", path, "--wait")

    for table in ("processed.reviews", "processed.verified_reviews", "curated.fct_reviews"):
        body = rows_of(f"select body from {table} where review_id = 'REV-00000A17F3'")
        assert body == [["Write to [email] or call [phone]"]]


def test_a_rate_that_arrives_late_corrects_the_lines_that_used_an_older_one(rows_of, world):
    outdated = rows_of(
        "select count(*) from processed.order_lines as l inner join processed.fx_rates as r "
        "on l.currency = r.currency and r.rate_date <= l.order_date and r.rate_date > l.fx_rate_date"
    )

    assert ages_of_rates(rows_of) == [["0"]]
    assert outdated == [["0"]]
    # Other tests load orders of days before the first rate.
    assert rows_of(
        f"select count(*) from processed.order_lines where fx_rate is null and order_date >= date '{FIRST_DAY}'"
    ) == [["0"]]
