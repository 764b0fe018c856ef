"""The light engine's queries of every dataset and every built table compile, bind, and are those it asks for."""

import json

import pytest

from cartlake import contracts
from cartlake.refresh.graph import Graph
from cartlake_cli.light_queries.compiling import compiled_queries
from cartlake_cli.light_queries.offline import compile_dataset, compile_table
from glue_jobs.engines.duckdb.compiled import queries
from tests.compiled import ROOT, use_compiled_queries

GRAPH = Graph.of(contracts.load_all())
DATASETS = [contract for contract in contracts.load_all() if contract.droppable]


@pytest.fixture(autouse=True)
def nothing_is_compiled(monkeypatch):
    """Let a query that was not compiled with the others fail the test."""
    use_compiled_queries()

    def refuse(transform, *_):
        raise AssertionError(f"{transform.__module__}.{transform.__qualname__} has not been compiled")

    monkeypatch.setattr("glue_jobs.engines.duckdb.compiled._compile", refuse)


@pytest.mark.parametrize("backfill", [False, True], ids=["load", "backfill"])
@pytest.mark.parametrize("contract", DATASETS, ids=lambda contract: contract.name)
def test_all_queries_of_a_dataset_are_compiled_and_bind(contract, backfill):
    compile_dataset(contract, backfill=backfill)


@pytest.mark.parametrize("table", GRAPH.order)
def test_all_queries_of_a_built_table_are_compiled_and_bind(table):
    compile_table(table, GRAPH)


def test_the_queries_are_kept_while_code_and_contracts_are_the_same(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("queries are compiled again")

    monkeypatch.setattr("cartlake_cli.light_queries.compiling.subprocess.run", refuse)

    found = json.loads(compiled_queries(ROOT).read_text())

    assert found.items() <= queries().known.items()
    assert len(found) > len(DATASETS) + len(GRAPH.order)
