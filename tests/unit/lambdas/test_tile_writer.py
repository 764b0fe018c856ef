"""The handler: what it writes, in which order. What tiles hold is in tests/unit/dashboard."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.ledger import Ledger
from cartlake.refresh.graph import WHOLE
from lambdas.tile_writer import adapters, handler
from lambdas.tile_writer.domain import TileError
from lambdas.tile_writer.settings import Settings
from tests.unit.dashboard.marts import tile_source

CONTRACTS = Path(__file__).parents[3] / "contracts"
RUN_ID = "refresh-20260131T084000-bbbbbb"


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """Tables of a made-up shop; returns what the handler opened them with."""
    found = []

    @contextmanager
    def source(prefix, ledger, run_id, memory_mb):
        found.append((prefix, run_id, memory_mb))
        yield tile_source(tmp_path, days=3)

    monkeypatch.setattr(handler, "tile_source", source)
    return found


@pytest.fixture
def account(account):
    account.s3.create_bucket(Bucket="dashboard")
    return account


def test_every_tile_and_then_the_index_is_written(account, opened, lambda_context):
    answer = handler.lambda_handler({"run_id": RUN_ID}, lambda_context)

    listed = account.s3.list_objects_v2(Bucket="dashboard")["Contents"]
    index = account.read_json("s3://dashboard/tiles/index.json")
    names = {"index", *(tile.name for tile in adapters.read_tiles())}
    assert {one["Key"] for one in listed} == {f"tiles/{name}.json" for name in names}
    assert (index["currency"], index["time_zone"], index["run_id"]) == ("EUR", "UTC", RUN_ID)
    assert answer["tiles"] == len(index["tiles"])
    assert answer["bytes"] == sum(one["Size"] for one in listed if one["Key"] != "tiles/index.json")
    assert opened == [("", RUN_ID, 512)]
    assert account.read_json("s3://dashboard/tiles/sales.json")["columns"]["day"][-1] == "2026-11-28"


def test_the_currency_of_the_page_is_that_of_the_contracts(account, opened, lambda_context, monkeypatch, tmp_path):
    folder = shutil.copytree(CONTRACTS, tmp_path / "contracts")
    path = folder / "order_lines.odcs.yaml"
    path.write_text(path.read_text().replace("currency: EUR", "currency: USD"))
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))

    handler.lambda_handler({"run_id": RUN_ID}, lambda_context)

    assert account.read_json("s3://dashboard/tiles/index.json")["currency"] == "USD"


def test_without_a_tile_the_index_stays_as_it_was(account, opened, lambda_context, monkeypatch):
    account.write("s3://dashboard/tiles/index.json", json.dumps({"run_id": "before"}))
    broken = adapters.parse_tile(
        "zz", "-- Zz: it.\n-- Tables: a.b.\n-- Definition: docs/a.md.\n-- Columns: a count.\nselect b from a.b"
    )
    monkeypatch.setattr(handler, "read_tiles", lambda: [*adapters.read_tiles(), broken])

    with pytest.raises(TileError, match=r"tiles/zz\.sql"):
        handler.lambda_handler({"run_id": RUN_ID}, lambda_context)

    assert account.read_json("s3://dashboard/tiles/index.json") == {"run_id": "before"}


def test_the_ledger_says_what_ran_and_what_is_stale(account):
    ledger = Ledger("ledger", account.dynamodb)
    run_id = "transactions-20260131T083000-1a2b3c"
    ledger.runs.start(run_id)
    ledger.runs.fail(run_id, "BrokenError", "it broke")
    ledger.stale.mark(run_id, "processed.order_lines", WHOLE)

    rows = adapters.ledger_rows(ledger, {"curated.sales_daily": adapters.Source("curated.sales_daily", "1.1.0")})

    [run] = rows["ledger.runs"]
    [table] = rows["ledger.tables"]
    assert (run["run_id"], run["workflow"], run["state"], run["error"]) == (run_id, "ingest", "FAILED", "BrokenError")
    assert (table["table_name"], table["is_stale"], table["written_at"]) == ("curated.sales_daily", True, None)
    assert {row["table_name"] for row in rows["ledger.row_rules"]} <= {
        table.physical_name for contract in contracts.load_all() for table in contract.tables
    }


def test_with_explore_marts_follow_and_are_not_written_twice(account, opened, lambda_context, monkeypatch):
    monkeypatch.setattr(handler, "settings", lambda: Settings(explore=True))
    handler.lambda_handler({"run_id": RUN_ID}, lambda_context)

    index = account.read_json("s3://dashboard/tiles/explore/index.json")
    sales = next(one for one in index["tables"] if one["table"] == "curated.sales_daily")
    written = account.s3.head_object(Bucket="dashboard", Key=f"tiles/explore/{sales['file']}")
    assert (sales["bytes"], index["run_id"]) == (written["ContentLength"], RUN_ID)
    assert account.read_json("s3://dashboard/tiles/index.json")["explore"] is True
    account.s3.put_object(Bucket="dashboard", Key="tiles/explore/sales_daily.parquet", Body=b"as it was")

    handler.lambda_handler({"run_id": RUN_ID}, lambda_context)

    again = account.s3.get_object(Bucket="dashboard", Key="tiles/explore/sales_daily.parquet")["Body"].read()
    assert again == b"as it was"
    assert account.read_json("s3://dashboard/tiles/explore/index.json")["tables"] == index["tables"]


def test_an_index_that_is_not_readable_is_written_anew(account):
    assert adapters.explore_index("dashboard") is None
    account.write("s3://dashboard/tiles/explore/index.json", "{}")
    assert adapters.explore_index("dashboard") is None
