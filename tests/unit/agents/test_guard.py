"""Which SQL an assistant may run."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake import contracts
from cartlake_cli.agents.guard import RefusedSqlError, readable, tables_read
from cartlake_cli.athena import views
from tests.contract.pages import ROOT

VIEWS = views.read_views(ROOT / "athena_queries" / "views")
KNOWN = readable(contracts.load_all(), [*VIEWS, *views.masked_views(contracts.load_all())])
PERSONAL = sorted(KNOWN.personal)


def test_what_is_read_is_named_with_the_tables_of_a_view():
    assert tables_read("select sum(1) from curated.sales_daily", KNOWN) == {"curated.sales_daily"}
    through = tables_read("select count(*) from curated.sales_by_day", KNOWN)
    assert {"curated.sales_by_day"} <= through


@pytest.mark.parametrize(
    "sql",
    [
        "delete from curated.sales_daily",
        "insert into curated.sales_daily select * from curated.sales_daily",
        "create table curated.x as select 1 as one",
        "drop table curated.sales_daily",
        "alter table curated.sales_daily add columns (x int)",
        "update curated.sales_daily set orders = 0",
        "merge into curated.sales_daily t using curated.sales_daily s on 1 = 1 when matched then delete",
        "select 1; drop table curated.sales_daily",
        "unload (select 1 as one) to 's3://elsewhere/' with (format = 'parquet')",
        "explain select 1",
        "show tables",
        "msck repair table raw.reviews",
        "vacuum curated.sales_daily",
        "execute prepared using 1",
        "",
        "select",
        "-- only a comment",
    ],
)
def test_nothing_but_one_select_is_run(sql):
    with pytest.raises(RefusedSqlError):
        tables_read(sql, KNOWN)


@pytest.mark.parametrize("use", PERSONAL, ids=lambda use: f"{use.table}.{use.column}")
def test_every_personal_column_is_refused_by_whatever_way(use):
    ways = [
        f"select {use.column} from {use.table}",
        f"select * from {use.table}",
        f"select t.{use.column.upper()} from {use.table} as t",
        f"select count(*) from {use.table} where {use.column} like '%a%'",
        f"with x as (select {use.column} as harmless from {use.table}) select harmless from x",
        f"select (select max({use.column}) from {use.table}) as one",
        f"select 1 as one from {use.table} order by {use.column}",
        f"select max_by(1, {use.column}) as one from {use.table}",
        f"select 'a' as one union all select cast({use.column} as varchar) from {use.table}",
        f"select count(*) from {use.table} a join {use.table} b on a.{use.column} = b.{use.column}",
        f"select count(*) from curated.sales_daily where exists (select 1 from {use.table} where {use.column} = 'a')",
        f"select json_format(cast(row({use.column}) as json)) as one from {use.table}",
    ]
    for sql in ways:
        with pytest.raises(RefusedSqlError, match=use.column):
            tables_read(sql, KNOWN)


def test_masked_views_may_be_read_and_other_views_over_personal_data_may_not():
    masked = next(name for name in KNOWN.columns if name.endswith("_masked"))
    assert masked in tables_read(f"select * from {masked}", KNOWN)

    table, column = PERSONAL[0].table, PERSONAL[0].column
    bare = views.View("curated", "plain", f"create or replace view curated.plain as select {column} as x from {table}")
    with pytest.raises(RefusedSqlError, match=column):
        tables_read("select x from curated.plain", readable(contracts.load_all(), [bare]))


@pytest.mark.parametrize(
    "sql",
    [
        'select * from "processed"."transactions$files"',
        'select * from "processed"."transactions$partitions"',
        "select * from information_schema.columns",
        "select * from raw.transactions",
        "select * from sales_daily",
        "select * from other.curated.sales_daily",
        "select count(*) from (select * from elsewhere.t)",
        "select 1 as one where exists (select * from elsewhere.t)",
        "with sales as (select * from elsewhere.t) select * from sales",
        'select "$path" from processed.transactions',
    ],
)
def test_what_no_contract_describes_is_refused(sql):
    with pytest.raises(RefusedSqlError):
        tables_read(sql, KNOWN)


@given(st.text(max_size=80))
def test_any_text_is_refused_or_reads_known_tables_only(text):
    with contextlib.suppress(RefusedSqlError):
        assert tables_read(text, KNOWN) <= KNOWN.columns.keys()
