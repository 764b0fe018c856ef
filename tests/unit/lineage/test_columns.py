"""Tracing columns through a small graph, and through the lake's own contracts."""

import pytest

from cartlake import contracts
from cartlake.lineage.columns import CompiledSources, CompiledTable, of_files
from cartlake.lineage.model import SourceColumn, TableSources
from cartlake_cli.athena.columns_read import ColumnUse
from cartlake_cli.lineage.columns import ColumnGraph


def made(**columns):
    return TableSources({name: tuple(SourceColumn(*one) for one in of) for name, of in columns.items()})


GRAPH = ColumnGraph(
    {
        "p.a": made(x=[("incoming/a", "x", "IDENTITY")], y=[("incoming/a", "y", "TRANSFORMATION")]),
        "c.b": TableSources(
            made(s=[("p.a", "x", "AGGREGATION"), ("p.a", "y", "CONDITIONAL")], n=[]).columns,
            (SourceColumn("p.a", "y", "GROUP_BY"),),
        ),
        "c.d": made(t=[("c.b", "s", "IDENTITY"), ("p.a", "x", "IDENTITY")]),
    },
    {("c.d", "t"): ("kpis",), ("p.a", "y"): ("kpis",)},
)


def short(steps):
    return [
        (one.depth, f"{one.table}.{one.column}", f"{one.other}.{one.other_column}".rstrip("."), one.how)
        for one in steps
    ]


def test_upstream_to_the_files_with_each_step_once():
    assert short(GRAPH.trace("c.d", "t", "upstream")) == [
        (1, "c.d.t", "c.b.s", "IDENTITY"),
        (1, "c.d.t", "p.a.x", "IDENTITY"),
        (2, "c.b.s", "p.a.x", "AGGREGATION"),
        (2, "c.b.s", "p.a.y", "CONDITIONAL"),
        (2, "p.a.x", "incoming/a.x", "IDENTITY"),
        (3, "p.a.y", "incoming/a.y", "TRANSFORMATION"),
    ]


def test_downstream_to_the_queries():
    assert short(GRAPH.trace("p.a", "y", "downstream")) == [
        (1, "p.a.y", "c.b.s", "CONDITIONAL"),
        (1, "p.a.y", "kpis", "READ"),
        (2, "c.b.s", "c.d.t", "IDENTITY"),
        (3, "c.d.t", "kpis", "READ"),
    ]


def test_a_column_of_nothing_and_one_that_nobody_reads():
    assert GRAPH.trace("c.b", "n", "upstream") == []
    assert GRAPH.trace("c.b", "n", "downstream") == []


def test_a_table_in_one_step_with_what_decides_about_its_rows():
    assert short(GRAPH.of_table("c.b", "upstream")) == [
        (1, "c.b.s", "p.a.x", "AGGREGATION"),
        (1, "c.b.s", "p.a.y", "CONDITIONAL"),
        (1, "c.b.(its rows)", "p.a.y", "GROUP_BY"),
    ]
    assert short(GRAPH.of_table("c.b", "downstream")) == [(1, "c.b.s", "c.d.t", "IDENTITY")]


def test_a_circle_of_tables_ends():
    graph = ColumnGraph({"a": made(x=[("b", "x", "IDENTITY")]), "b": made(x=[("a", "x", "IDENTITY")])})

    assert [one.depth for one in graph.trace("a", "x", "upstream")] == [1, 2]


def test_the_graph_of_the_contracts_has_files_built_tables_and_readers():
    compiled = CompiledSources(
        tables={"curated.fct_orders": CompiledTable.of(made(order_id=[("p.a", "x", "IDENTITY")]))}
    )
    readers = {ColumnUse("curated.fct_orders", "order_id"): ["late_orders"]}

    graph = ColumnGraph.of(contracts.load_all(), compiled, readers)

    assert [one.other for one in graph.trace("processed.transactions", "order_id", "upstream")] == [
        "incoming/transactions"
    ]
    assert [one.other for one in graph.trace("curated.fct_orders", "order_id", "downstream")] == ["late_orders"]


@pytest.mark.parametrize("contract", [one for one in contracts.load_all() if one.droppable], ids=lambda one: one.name)
def test_columns_of_files_keep_their_names_and_error_rules_decide_about_rows(contract):
    found = of_files(contract)

    for name, (source,) in found.columns.items():
        assert (source.table, source.column) == (f"incoming/{contract.name}", name)
        as_it_is = contract.table.column(name).type == "string" and contract.table.prepare is None
        assert source.kind == ("IDENTITY" if as_it_is else "TRANSFORMATION")
    assert {one.kind for one in found.rows} <= {"FILTER"}
    assert not any(one.column.startswith("_") for one in found.rows)


def test_compiled_sources_come_back_as_they_were_written():
    table = TableSources({"s": (SourceColumn("p.a", "x", "WINDOW"),), "n": ()}, (SourceColumn("p.a", "y", "JOIN"),))
    written = CompiledSources(engines={"light": ("duckdb", "1")}, tables={"c.b": CompiledTable.of(table)})

    read = CompiledSources.model_validate_json(written.model_dump_json())

    assert read.tables["c.b"].sources == table
