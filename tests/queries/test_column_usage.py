"""Which columns the real queries and views read."""

import re
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake_cli.athena.columns_read import ColumnUse, UnreadableSqlError, columns_read, through_views
from cartlake_cli.contracts.readers import readers_of

ROOT = Path(__file__).parents[2]
KNOWN = {"a.orders": ["id", "amount", "day"], "a.lines": ["id", "product"]}


def read(sql):
    return {f"{use.table}.{use.column}" for use in columns_read("q", sql, KNOWN)}


def test_columns_are_found_through_aliases_joins_and_common_table_expressions():
    sql = (
        "with o as (select id, amount from a.orders where day > current_date) "
        "select o.amount, l.product from o join a.lines as l on o.id = l.id"
    )

    assert read(sql) == {"a.orders.id", "a.orders.amount", "a.orders.day", "a.lines.id", "a.lines.product"}


def test_a_star_reads_every_column():
    assert read("select * from a.lines") == {"a.lines.id", "a.lines.product"}


def test_a_column_nobody_knows_is_named_with_the_query():
    with pytest.raises(UnreadableSqlError, match=re.escape("q: ")):
        read("select nothing from a.orders")


def test_a_use_goes_through_views_to_the_tables_below():
    amount, total = ColumnUse("a.orders", "amount"), ColumnUse("a.daily", "total")
    views = {"a.weekly": {"total": frozenset({total})}, "a.daily": {"total": frozenset({amount})}}

    assert through_views(frozenset({ColumnUse("a.weekly", "total")}), views) == {
        ColumnUse("a.weekly", "total"),
        total,
        amount,
    }


def test_the_readers_of_a_column_are_known_through_views():
    readers = readers_of(ROOT, contracts.load_all())

    assert readers[ColumnUse("curated.sales_daily", "net_revenue")] == ["curated.sales_by_day", "daily_kpis"]
    assert "curated.sales_by_day" not in readers.get(ColumnUse("curated.sales_daily", "customers"), [])
    assert "basket_affinity" in readers[ColumnUse("processed.order_lines", "is_sold")]
    assert readers[ColumnUse("ops.quarantine_rows", "reasons")] == ["quarantine_overview"]
