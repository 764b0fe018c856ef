"""A second plan of the same Terraform, and of the tables, has no changes."""

import pytest

from cartlake_cli.commands.local.up import terraform

pytestmark = pytest.mark.e2e


def test_a_second_plan_changes_nothing(lake):
    planned = terraform(lake, "plan", "-input=false", "-detailed-exitcode")  # 2, an error, when there are changes

    assert "No changes." in planned


def test_tables_and_views_are_as_the_contracts_say(run_lake):
    assert run_lake("tables", "plan", "--json").stdout.strip() == "[]"
