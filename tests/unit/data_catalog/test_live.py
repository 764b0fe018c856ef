"""Figures of a deployed lake, from the answers of an Athena and a ledger."""

from datetime import UTC, datetime
from types import SimpleNamespace

import duckdb
import pytest

from cartlake import contracts
from cartlake.ledger import RunRecord
from data_catalog.live import MEASURED, REASONS, WRITTEN, TableStatus, counting_sql, read_live
from data_catalog.usage import asked_sql, written_sql

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CHOSEN = [contracts.load(name) for name in ("transactions", "fct_orders", "dim_customer")]
TABLES = [contract.table for contract in CHOSEN]


class Athena:
    """Answers queries with the rows it was given."""

    def __init__(self, answers):
        self.answers = answers

    def run(self, sql):
        return SimpleNamespace(rows=self.answers[sql])


class Runs:
    def list(self, dataset, limit):
        counts = {"read": 10, "published": 8, "quarantined": 1, "duplicate": 1}
        run = {"subject": dataset, "files": 1, "started_at": "2026-11-21T08:30:00.123Z"}
        return [
            RunRecord(run_id=f"{dataset}-2", state="FAILED", **run),
            RunRecord(run_id=f"{dataset}-1", state="SUCCEEDED", counts=counts, **run),
        ]


@pytest.fixture
def live():
    answers = {
        counting_sql(TABLES, NOW): [
            ["processed.transactions", "8", "2026-11-20 12:00:00 UTC", "1440"],
            ["curated.fct_orders", "3", "2026-11-20", "2160"],
            ["curated.dim_customer", "1", None, None],
        ],
        WRITTEN: [["processed.transactions", "2026-11-21 08:31:00 UTC"], ["curated.dim_customer", None]],
        REASONS: [["transactions", "line_total_adds_up", "4"], ["transactions", "malformed_row", "1"]],
        MEASURED: [
            *([["processed.transactions", "one_currency_per_order", str(n), "t"] for n in range(7)]),
            ["processed.transactions", "customer_email_mostly_present", None, "t"],
        ],
        written_sql(NOW): [
            ["processed.transactions", "transactions-1", "2026-11-21 08:31:00.000", "COMPLETE", "8", "42", None]
        ],
        asked_sql(NOW): [],
    }
    return read_live("dev", Athena(answers), SimpleNamespace(runs=Runs()), CHOSEN, NOW)


def test_freshness_is_the_age_of_the_newest_row_against_the_sla(live):
    now = live.tables["processed.transactions"]

    assert (now.rows, now.newest_hours, now.sla_hours, now.late) == (8, 24.0, 48.0, False)
    assert (now.verdict, now.verdict_class) == ("24 h old, in time", "good")


@pytest.mark.parametrize(
    ("newest_hours", "promised", "column", "written_at", "verdict", "late"),
    [
        (49.0, 48.0, "ordered_at", "x", "49 h old, late", True),
        (None, 48.0, "ordered_at", "x", "late", True),
        (None, 48.0, "ordered_at", None, "never written", True),
        (5.0, None, "ordered_at", "x", "5 h old", None),
        (None, None, None, "x", "written", None),
    ],
)
def test_a_table_without_rows_is_late_and_one_without_an_sla_is_not(
    newest_hours, promised, column, written_at, verdict, late
):
    now = TableStatus(0, None, column, newest_hours, written_at, promised)

    assert (now.verdict, now.late) == (verdict, late)


def test_runs_are_those_of_droppable_datasets_with_their_counts(live):
    assert set(live.runs) == {"transactions"}
    failed, succeeded = live.runs["transactions"]
    assert (failed.state, failed.read, failed.started_at) == ("FAILED", None, "2026-11-21 08:30:00")
    assert (succeeded.read, succeeded.published, succeeded.quarantined, succeeded.duplicate) == (10, 8, 1, 1)


def test_the_newest_five_measurements_of_a_rule_are_shown(live):
    assert live.rule_history("processed.transactions", "one_currency_per_order") == "0, 1, 2, 3, 4"
    assert live.rule_history("processed.transactions", "customer_email_mostly_present") == "nothing to measure"
    assert live.rule_history("curated.fct_orders", "one_row_per_order") == "not measured yet"


def test_reasons_are_by_dataset_the_commonest_first(live):
    assert live.reasons == {"transactions": [("line_total_adds_up", 4), ("malformed_row", 1)]}


def test_the_counting_query_counts_rows_and_finds_the_newest():
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create schema processed; create schema curated")
        connection.execute("create table processed.transactions (ordered_at timestamptz)")
        connection.execute(
            "insert into processed.transactions values ('2026-11-20 12:00:00+00'), ('2026-11-19 12:00:00+00')"
        )
        connection.execute("create table curated.fct_orders (order_date date)")
        connection.execute("create table curated.dim_customer (valid_from timestamptz)")

        rows = connection.execute(counting_sql(TABLES, NOW)).fetchall()

    assert [(name, count, minutes) for name, count, _, minutes in rows] == [
        ("processed.transactions", 2, 1440),
        ("curated.fct_orders", 0, None),
        ("curated.dim_customer", 0, None),
    ]
