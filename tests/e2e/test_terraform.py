"""A second plan of the same Terraform, and of the tables, has no changes."""

import json

import pytest

from cartlake_cli.commands.local.up import terraform

pytestmark = pytest.mark.e2e


def test_a_second_plan_changes_nothing(lake):
    planned = terraform(lake, "plan", "-input=false", "-detailed-exitcode")  # 2, an error, when there are changes

    assert "No changes." in planned


def test_tables_and_views_are_as_the_contracts_say(run_lake):
    assert run_lake("tables", "plan", "--json").stdout.strip() == "[]"


PARTS = ("Buckets", "Databases", "Ledger", "Functions", "State machines", "Glue jobs", "Queues", "Athena workgroup")
NOT_HERE = ("Glue DPUs at once", "Athena queries at once", "Lake Formation defaults", "Catalog encryption")


def test_doctor_finds_every_part_and_calls_nothing_ok_that_it_cannot_check(run_lake):
    findings = json.loads(run_lake("doctor", "--json", exit_code=None).stdout)

    status = {finding["check"]: finding["status"] for finding in findings}
    assert {status[part] for part in (*PARTS, "Credentials", "Iceberg tables")} == {"OK"}
    assert {status[name] for name in NOT_HERE} == {"UNKNOWN"}


def test_costs_are_reckoned_from_what_is_on_record(lake, run_lake):
    costs = json.loads(run_lake("cost", "--json").stdout)

    items = {row["item"]: row["usd"] for row in costs["rows"]}
    assert items["alarms"] == pytest.approx(1.5)  # 13, and two of streams
    assert costs["usd"] == pytest.approx(sum(items.values()), abs=1e-6)
