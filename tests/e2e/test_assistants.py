"""An assistant asks a deployed lake, through the official SDK and a process of its own."""

import os
import sys

import anyio
import pytest
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client

pytestmark = pytest.mark.e2e


def asked(*calls):
    """The answers to calls (tool, arguments) of one process, as `structured_content` or the words of a refusal."""
    command = StdioServerParameters(command=sys.executable, args=["-m", "cartlake_cli", "mcp"], env=dict(os.environ))

    async def ask():
        async with Client(stdio_client(command)) as client:
            answers = [await client.call_tool(tool, arguments) for tool, arguments in calls]
        return [one.content[0].text if one.is_error else one.structured_content for one in answers]

    return anyio.run(ask)


def test_an_assistant_gets_rows_and_costs_and_no_personal_data(lake, demo, rows_of):
    sql = "select count(*) as orders from curated.fct_orders"

    checked, counted, kpis, refused, masked = asked(
        ("check_sql", {"sql": sql}),
        ("run_sql", {"sql": sql}),
        ("run_named_query", {"name": "daily_kpis", "parameters": {"first_day": "2026-08-01"}}),
        ("run_sql", {"sql": "select customer_email from processed.transactions"}),
        ("run_sql", {"sql": "select customer_email from processed.transactions_masked limit 5"}),
    )

    assert checked["most_bytes"] > 0
    assert counted["rows"] == rows_of(sql)
    assert kpis["rows"]
    assert "personal data: processed.transactions.customer_email" in refused
    assert len(masked["rows"]) == 5
