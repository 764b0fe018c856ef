"""A table without a column that says when: of two rows of a key the one of the file received last wins."""

import shutil
from pathlib import Path

import pytest

from cartlake import contracts
from tests.spark.loading import csv

pytestmark = pytest.mark.spark

HEADER = ["sku", "price"]
PRICES = """\
apiVersion: v3.1.0
kind: DataContract
name: prices
version: 1.0.0
schema:
  - name: prices
    properties:
      - {name: sku, logicalType: string, primaryKey: true}
      - {name: price, logicalType: integer}
"""


@pytest.fixture
def prices(shared_lake, tmp_path, monkeypatch):
    folder = tmp_path / "contracts"
    shutil.copytree(Path(contracts.load("transactions").source).parent, folder)
    (folder / "prices.odcs.yaml").write_text(PRICES)
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))
    return lambda engine: shared_lake(engine, "prices")


def drop(lake, name, received_at, **price_of):
    """Note a file of prices that the ledger received at a minute of an hour."""
    rows = [{"sku": sku, "price": str(price)} for sku, price in price_of.items()]
    lake.drop(name, csv(rows, HEADER))
    lake.files[-1] = lake.files[-1].model_copy(update={"received_at": f"2026-03-01T10:{received_at:02}:00.000000Z"})


def stored(lake):
    return {row["sku"]: (row["price"], row["_received_at"].minute) for row in lake.rows()}


@pytest.mark.parametrize("engine", ["light", "spark"])
def test_the_file_received_last_wins_in_whatever_order_files_are_loaded(prices, engine):
    lake = prices(engine)

    drop(lake, "b.csv", 20, a=9, b=3)  # smaller and larger values than the other file of the run
    drop(lake, "a.csv", 10, a=5, b=5)
    first, first_files = lake.run()
    drop(lake, "late.csv", 15, a=7, b=7, c=7)  # loaded later, but received before
    second, late = lake.run()

    assert stored(lake) == {"a": (9, 20), "b": (3, 20), "c": (7, 15)}
    assert (first.rows.read, first.rows.published, first.rows.duplicate) == (4, 2, 2)
    assert (second.rows.read, second.rows.published, second.rows.duplicate) == (3, 1, 2)

    lake.backfill([*lake.loaded_by(first, first_files), *lake.loaded_by(second, late)])

    assert stored(lake) == {"a": (9, 20), "b": (3, 20), "c": (7, 15)}
