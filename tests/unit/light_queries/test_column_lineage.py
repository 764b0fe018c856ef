"""What columns are made of, read from compiled queries: one that cannot be read costs no other table its lineage."""

import json

import pytest

from cartlake import contracts
from cartlake.lineage.columns import CompiledSources
from cartlake.refresh.graph import Graph
from cartlake_cli.light_queries import column_lineage
from cartlake_cli.light_queries.compiling import CompileError

ORDERS = "select order_id, count(*) as order_lines from cartlake_input_0 group by order_id"


@pytest.fixture
def queries(monkeypatch):
    made = {"curated.fct_orders": ORDERS, "curated.sales_daily": "select order_date from nowhere"}
    monkeypatch.setattr(column_lineage, "_transforms", lambda *_: made)


def test_a_query_that_cannot_be_read_is_named_and_the_others_count(queries, capsys):
    found = column_lineage.read_sources({}, Graph.of(contracts.load_all()))

    assert set(found.tables) == {"curated.fct_orders"}
    orders = found.tables["curated.fct_orders"]
    assert orders.columns["order_id"] == [("processed.order_lines", "order_id", "IDENTITY")]
    assert orders.columns["order_lines"] == []
    assert orders.rows == [("processed.order_lines", "order_id", "GROUP_BY")]
    assert "curated.sales_daily has no column lineage: " in capsys.readouterr().err
    assert found.engines["light"][0] == "duckdb"


def test_the_file_is_made_once_for_the_same_queries(queries, monkeypatch, tmp_path):
    source = tmp_path / "queries.json"
    source.write_text("{}")
    monkeypatch.setattr(column_lineage, "compiled_queries", lambda _: source)
    monkeypatch.setattr(column_lineage.subprocess, "run", in_this_process(monkeypatch))

    path = column_lineage.compiled_sources(tmp_path)
    written = path.stat().st_mtime_ns

    assert set(CompiledSources.model_validate_json(path.read_text()).tables) == {"curated.fct_orders"}
    assert column_lineage.compiled_sources(tmp_path) == path
    assert path.stat().st_mtime_ns == written
    source.write_text(json.dumps({"a": "select 1"}))
    assert column_lineage.compiled_sources(tmp_path) != path


def test_a_process_that_fails_says_why(monkeypatch, tmp_path):
    source = tmp_path / "queries.json"
    source.write_text("no JSON")
    monkeypatch.setattr(column_lineage, "compiled_queries", lambda _: source)

    with pytest.raises(CompileError, match=r"could not be read from the queries: .*"):
        column_lineage.compiled_sources(tmp_path)


def in_this_process(monkeypatch):
    def run(command, **_):
        monkeypatch.setattr(column_lineage.sys, "argv", command[2:])
        column_lineage.main()
        return column_lineage.subprocess.CompletedProcess(command, 0, "", "")

    return run
