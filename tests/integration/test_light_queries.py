"""DuckDB binds every query that the light engine makes, of every dataset, rows that come twice included."""

import pytest

from cartlake import contracts
from tests.integration.offline_engine import compile_dataset

DATASETS = [contract for contract in contracts.load_all() if contract.droppable]


@pytest.mark.parametrize("backfill", [False, True], ids=["load", "backfill"])
@pytest.mark.parametrize("contract", DATASETS, ids=lambda contract: contract.name)
def test_all_queries_of_a_dataset_compile_and_bind(contract, backfill):
    compile_dataset(contract, backfill=backfill)
