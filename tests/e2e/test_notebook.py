"""The notebook runs against the demo's lake, and its numbers are the lake's."""

import base64
import json
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.e2e

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "analysing_the_lake.ipynb"
SQL = {
    "days": "select count(distinct order_date) from curated.sales_daily",
    "orders": "select sum(orders) from curated.sales_daily",
    "net_revenue": "select sum(net_reporting) from curated.sales_daily",
    "cohort_customers": "select sum(customers) from curated.cohort_retention where months_since = 0",
    "segmented_customers": "select count(*) from curated.customer_rfm",
    "sessions": "select count(*) from curated.fct_sessions",
    "purchases": "select count(*) from curated.fct_sessions where purchases > 0",
    "quarantined_rows": "select count(*) from ops.quarantine_rows",
}


@pytest.fixture(scope="module")
def executed(lake, demo):
    """The notebook with its outputs, executed as a person does after `eval "$(lake env)"`."""
    lake.connect()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}


def test_its_numbers_are_those_of_the_tables(executed, rows_of):
    [printed] = executed["facts"]
    facts = {name: Decimal(str(value)) for name, value in json.loads(printed["text"]).items()}

    assert facts == {name: Decimal(rows_of(sql)[0][0]) for name, sql in SQL.items()}
    assert min(facts.values()) > 0


@pytest.mark.parametrize("plot", ["revenue", "cohorts", "segments", "funnel", "quality"])
def test_every_question_has_a_picture(executed, plot):
    [drawn] = executed[f"{plot}-plot"]
    picture = base64.b64decode(drawn["data"]["image/png"])

    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000
