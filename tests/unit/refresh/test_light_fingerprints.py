"""Fingerprints and measurements of built rows on DuckDB."""

from datetime import UTC, datetime

import duckdb
import pytest

from cartlake import contracts
from glue_jobs.engines.duckdb.refreshing import DuckDBRefreshEngine
from glue_jobs.engines.duckdb.session import Session
from glue_jobs.engines.duckdb.types import contract_type

TABLE = contracts.load("fct_reviews").table
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path):
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield DuckDBRefreshEngine(Session(connection, tmp_path), None, "run-1")


@pytest.fixture
def fingerprint(engine):
    return lambda *rows: engine.fingerprint(table_of(engine, *rows), TABLE)


def table_of(engine, *rows):
    listed = []
    for row in rows:
        values = [f"{_sql(row.get(column.name))}::{contract_type(column.type)}" for column in TABLE.columns]
        named = ", ".join(f"{v} as {column.name}" for v, column in zip(values, TABLE.columns, strict=True))
        listed.append(f"select {named}")
    return engine.freeze(f"({' union all '.join(listed)})")


def _sql(value):
    return "null" if value is None else f"'{value}'"


def review(product="a", customer="1", **changes):
    row = {"product_id": product, "customer_id": customer, "rating": 5, "purchased_on": "2026-02-27"}
    return row | changes


def test_order_and_lineage_do_not_matter(fingerprint):
    one, other = review(_run_id="run-1"), review("b")

    assert fingerprint(one, other) == fingerprint(other, review(_run_id="run-2"))


@pytest.mark.parametrize(
    "changed",
    [review(rating=4), review(rating=None), review(customer=None), review("1", "a"), review(purchased_on="2026-02-28")],
)
def test_any_other_value_makes_another_fingerprint(fingerprint, changed):
    assert fingerprint(changed) != fingerprint(review())


def test_a_row_that_is_there_twice_counts_twice(fingerprint):
    assert fingerprint(review(), review()) != fingerprint(review())
    assert fingerprint(review(), review()).rows == 2


def test_integers_are_compared_as_the_table_stores_them(engine, fingerprint):
    rows = table_of(engine, review())
    wider = engine.freeze(f"(select * replace (rating::hugeint as rating) from {rows})")

    assert engine.fingerprint(wider, TABLE) == fingerprint(review())


def test_every_rule_is_measured(engine):
    rows = table_of(engine, review(), review(rating=9), review(None))

    taken, measured = engine.measure_rows(rows, TABLE, NOW)

    values = {one.rule: one.value for one in measured}
    assert taken.rows == 3
    assert set(values) == {rule.name for rule in (*TABLE.row_rules, *TABLE.table_rules)}
    assert values["product_id_required"] == 1


def test_table_rules_are_not_measured_on_no_rows(engine):
    rows = engine.where(table_of(engine, review()), "false")

    taken, measured = engine.measure_rows(rows, TABLE, NOW)

    assert (taken.rows, taken.hashes) == (0, 0)
    assert {one.rule for one in measured} == {rule.name for rule in TABLE.row_rules}
