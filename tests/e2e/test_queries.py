"""What analysts use: named queries, prepared statements, masked views, and the record of what queries scanned."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cartlake import contracts
from cartlake.queries.named_queries import NamedQuery
from cartlake_cli.athena.client import athena_of
from generators.transactions import generate_transactions
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def sold(lake, run_lake, tmp_path_factory):
    """The day of a few orders that are in the lake; nothing else is needed for the queries to answer."""
    folder = tmp_path_factory.mktemp("sold")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    generate_transactions(folder, rows=60, days=1, seed=77, dirty=0.0, end_date=yesterday)
    run_lake("drop", "transactions", *folder.glob("transactions*"), "--wait")
    return yesterday.isoformat()


@pytest.fixture(scope="module")
def named(lake, sold):
    return {name: NamedQuery.read(name, sql) for name, sql in athena_of(lake).named_queries().items()}


def test_every_named_query_answers_on_the_deployed_lake(run_lake, named):
    answers = {name: json.loads(run_lake("query", name, "--json").stdout) for name in named}

    assert len(answers) == 14
    assert answers["daily_kpis"]
    assert answers["late_orders"]
    assert {row["table_name"] for row in answers["data_freshness"]} == {
        table.physical_name for contract in contracts.load_all() for table in contract.tables
    }
    fresh = {row["table_name"] for row in answers["data_freshness"] if row["is_overdue"] is False}
    assert "processed.transactions" in fresh


def test_a_named_query_with_parameters_is_a_prepared_statement_of_the_same_answer(lake, run_lake, rows_of, sold, named):
    client = lake.client("athena")
    prepared = client.list_prepared_statements(WorkGroup=lake.outputs.workgroup)["PreparedStatements"]
    asked = json.loads(run_lake("query", "daily_kpis", "-p", f"first_day={sold}", "--json").stdout)

    executed = rows_of(f"EXECUTE daily_kpis USING DATE '{sold}'")

    assert {statement["StatementName"] for statement in prepared} == {
        n for n, query in named.items() if query.parameters
    }
    assert [row[:2] for row in executed] == [[row["order_date"], row["currency"]] for row in asked]
    assert executed


def test_what_a_query_scanned_is_on_record_and_what_it_costs_is_asked_by_query(lake, run_lake, rows_of, sold):
    result = athena_of(lake).run(
        "-- Orders of a day: how many.\nselect count(distinct order_id) from processed.transactions"
    )

    on_record = "select query_name, scanned_bytes, state from ops.query_history where query_execution_id = "

    def recorded():
        return rows_of(f"{on_record}'{result.query_execution_id}'")

    assert eventually(recorded) == [["Orders of a day", str(result.scanned_bytes), "SUCCEEDED"]]
    assert result.scanned_bytes > 0
    costs = json.loads(run_lake("query", "cost_by_query", "--json").stdout)
    [line] = [row for row in costs if row["query_name"] == "Orders of a day"]
    assert (line["queries"], line["billed_bytes"]) == (1, 10_000_000)


def test_analysts_see_no_address_in_the_masked_view(rows_of, sold):
    [[masked, whole]] = rows_of(
        "select (select count_if(customer_email like '***@%.%') from processed.transactions_masked), "
        "(select count(customer_email) from processed.transactions)"
    )

    assert masked == whole != "0"
