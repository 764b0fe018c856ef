"""The example DAGs in a real Airflow over a real lake: killed, retried and cleared, each thing is done once.

Run by `make prove-airflow`: it installs Airflow. The lake enforces rights, and Airflow has those of docs/airflow.md.
"""

import json
import os
import re
from datetime import date
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from benchmarks.world import new_lake
from cartlake.ledger import FileState, RunState
from cartlake.refresh.graph import WHOLE
from cartlake_cli.athena.client import athena_of
from generators.transactions import generate_transactions
from tests.contract.pages import ROOT
from tests.prove.airflow_service import running, until

DAILY, WEEKLY = "cartlake_daily", "cartlake_weekly"
SHOP = "shop-orders"
ROWS = 400


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    environment = dict(os.environ)
    os.environ["LOCALAWS_AUTH"] = "1"
    try:
        with new_lake(tmp_path_factory.mktemp("lake") / "checkout") as lake:
            lake.client("s3").create_bucket(Bucket=SHOP)
            yield lake
    finally:
        os.environ.clear()
        os.environ |= environment


def policy(lake):
    """The policy of the page, with the names of this lake in place of those of its example."""
    [text] = re.findall(r"```json\n(\{\s+\"Version\".*?)```", (ROOT / "docs" / "airflow.md").read_text(), re.DOTALL)
    outputs = lake.outputs
    for example, name in {
        "cartlake-prod-123456789012-eu-west-1-raw": outputs.buckets["raw"],
        "cartlake-prod-ledger": outputs.ledger_table,
        "cartlake-prod-run-coordinator": outputs.functions["run_coordinator"],
        "shop-orders-bucket": SHOP,
        "eu-west-1:123456789012": f"{outputs.region}:{outputs.account_id}",
    }.items():
        assert example in text
        text = text.replace(example, name)
    return text


USER = f"airflow-{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def user(lake):
    """Gives Airflow's user a policy in place of the one it had."""
    iam = lake.client("iam")
    iam.create_user(UserName=USER)
    return lambda document: iam.put_user_policy(UserName=USER, PolicyName="lake", PolicyDocument=document)


@pytest.fixture(scope="module")
def airflow(lake, user, tmp_path_factory):
    user(policy(lake))
    key = lake.client("iam").create_access_key(UserName=USER)["AccessKey"]
    variables = {
        **lake.local_variables(),
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AIRFLOW_VAR_CARTLAKE": json.dumps(lake.outputs.model_dump(mode="json")),
        "AIRFLOW_VAR_SHOP_ORDERS": f"s3://{SHOP}",
    }
    with running(tmp_path_factory.mktemp("airflow") / "home", variables) as airflow:
        yield airflow


@pytest.fixture
def orders(lake, tmp_path):
    """Leave orders of a day in the bucket of the shop; returns how many rows they have."""

    def leave(day):
        folder = tmp_path / uuid4().hex
        generate_transactions(
            folder, rows=ROWS, days=1, seed=uuid4().int % 2**31, dirty=0.0, end_date=date.fromisoformat(day)
        )
        [file] = folder.glob("*.csv")
        lake.client("s3").upload_file(str(file), SHOP, f"{day}.csv")
        return ROWS

    return leave


def dropped_versions(lake):
    """The objects that Airflow wrote, each version of them."""
    prefix = "incoming/transactions/airflow/"
    found = lake.client("s3").list_object_versions(Bucket=lake.outputs.buckets["raw"], Prefix=prefix)
    return found.get("Versions", [])


def dropped(lake):
    """The files that Airflow dropped, by key, with the state that the ledger has of each version."""
    files = [file for state in FileState for file in lake.ledger.files.list("transactions", state)]
    states = {(file.key, file.version_id): file.state for file in files}
    return [(found["Key"], states.get((found["Key"], found["VersionId"]))) for found in dropped_versions(lake)]


def new_ones(before, after):
    return [one for one in after if one[0] not in {known[0] for known in before}]


def executions(lake, workflow):
    """Name and status of the executions of a workflow."""
    arn = lake.outputs.state_machine_arns[workflow]
    found = lake.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    return {execution["name"]: execution["status"] for execution in found}


def named_by_airflow(lake, workflow):
    """Executions whose name has 16 hex digits: the lake's own have 6."""
    return {name: status for name, status in executions(lake, workflow).items() if re.search(r"-[0-9a-f]{16}$", name)}


def rows_in_table(lake, key):
    sql = f"select count(*) from processed.transactions where _source_file like '%{key}'"
    return int(athena_of(lake).run(sql).rows[0][0])


def test_the_dags_are_imported_without_an_error(airflow):
    assert until("both DAGs", lambda: airflow.has_dag(DAILY) and airflow.has_dag(WEEKLY))
    assert airflow.ask("GET", "/importErrors")["import_errors"] == []
    assert "No data found" in airflow.command("dags", "list-import-errors")


def test_a_file_is_loaded_once_although_scheduler_worker_and_triggerer_are_killed(lake, airflow, orders):
    rows, before = orders("2026-09-01"), dropped(lake)
    runs_before = {run.run_id for run in lake.ledger.runs.list("transactions")}
    run = airflow.trigger(DAILY, "2026-09-01")

    until("the drop", lambda: len(dropped_versions(lake)) > len(before), pause=0.01)
    airflow.kill("scheduler")  # with its workers: the one that has just dropped the file too
    airflow.kill("triggerer")
    airflow.start("scheduler", "triggerer")
    tasks = airflow.wait(DAILY, run)

    [(key, state)] = new_ones(before, dropped(lake))
    loaded = airflow.returned(DAILY, run, "load")
    assert (state, loaded["key"], loaded["state"]) == (FileState.LOADED, key, "LOADED")
    assert loaded["rows"] == {"read": rows, "published": rows, "quarantined": 0, "duplicate": 0}
    assert rows_in_table(lake, key) == rows
    assert {run.run_id for run in lake.ledger.runs.list("transactions")} - runs_before == {loaded["run_id"]}
    assert executions(lake, "ingest")[loaded["run_id"]] == "SUCCEEDED"

    # Cleared, with all that comes after it: the same file, no other run, the same answer.
    ingests = executions(lake, "ingest")
    airflow.clear(DAILY, run, "load")
    again = airflow.wait(DAILY, run)

    assert again["load"]["try_number"] > tasks["load"]["try_number"]
    assert airflow.returned(DAILY, run, "load") == loaded
    assert executions(lake, "ingest") == ingests
    assert new_ones(before, dropped(lake)) == [(key, FileState.LOADED)]


def test_a_task_that_fails_after_its_drop_is_retried_and_drops_no_other(lake, airflow, orders, user):
    rows, before, whole = orders("2026-09-02"), dropped(lake), json.loads(policy(lake))
    blind = whole | {"Statement": [one for one in whole["Statement"] if one["Sid"] != "AskTheLedger"]}
    user(json.dumps(blind))  # it can drop files, and not ask what became of them
    run = airflow.trigger(DAILY, "2026-09-02")
    until("a retry", lambda: airflow.tasks(DAILY, run).get("load", {}).get("state") == "up_for_retry", pause=0.1)
    user(json.dumps(whole))
    tasks = airflow.wait(DAILY, run)

    assert tasks["load"]["try_number"] > 1
    assert [state for _, state in new_ones(before, dropped(lake))] == [FileState.LOADED]
    assert airflow.returned(DAILY, run, "load")["rows"] == {
        "read": rows, "published": rows, "quarantined": 0, "duplicate": 0
    }  # fmt: skip


def test_a_rejected_file_fails_the_task_with_the_reason_and_clearing_it_drops_the_corrected_one(lake, airflow, orders):
    lake.client("s3").put_object(Bucket=SHOP, Key="2026-09-03.csv", Body=b"not,a,header\n1,2,3\n")
    before = dropped(lake)
    run = airflow.trigger(DAILY, "2026-09-03")
    tasks = airflow.wait(DAILY, run, "failed")

    assert tasks["load"]["try_number"] == 1  # a retry could not help
    assert [state for _, state in new_ones(before, dropped(lake))] == [FileState.REJECTED]

    rows = orders("2026-09-03")
    airflow.clear(DAILY, run, "load")
    airflow.wait(DAILY, run)

    found = sorted(new_ones(before, dropped(lake)))
    assert [state for _, state in found] == [FileState.REJECTED, FileState.LOADED]
    assert [key.split("/")[-2][-2:] for key, _ in found] == ["-1", "-2"]
    assert airflow.returned(DAILY, run, "load")["rows"]["published"] == rows


def test_runs_are_started_once_although_the_scheduler_is_killed_and_tasks_are_cleared(lake, airflow):
    run = airflow.trigger(WEEKLY, "2026-09-06")

    until("the refresh", lambda: named_by_airflow(lake, "refresh"), pause=0.02)
    airflow.kill("scheduler", with_workers=False)  # its worker goes on, and another try may begin beside it
    airflow.start("scheduler")
    airflow.wait(WEEKLY, run)
    started = {workflow: named_by_airflow(lake, workflow) for workflow in ("refresh", "maintenance")}

    assert [list(runs.values()) for runs in started.values()] == [["SUCCEEDED"], ["SUCCEEDED"]]
    for task, workflow in (("refresh", "refresh"), ("maintain", "maintenance")):
        assert airflow.returned(WEEKLY, run, task)["run_id"] in started[workflow]

    airflow.clear(WEEKLY, run, "refresh")
    airflow.wait(WEEKLY, run)
    assert {workflow: named_by_airflow(lake, workflow) for workflow in started} == started


def test_a_run_that_failed_is_started_again_by_the_retry_under_another_name(lake, airflow):
    before, stale = named_by_airflow(lake, "refresh"), lake.ledger.stale
    stale.mark("recompute-20260913T000000-000000", "processed.transactions", WHOLE)  # work for some seconds
    run = airflow.trigger(WEEKLY, "2026-09-13")
    [first] = until("the refresh", lambda: named_by_airflow(lake, "refresh").keys() - before.keys(), pause=0.1)
    until("its work", lambda: stale.of_run(first), pause=0.1)
    arn = lake.outputs.state_machine_arns["refresh"].replace(":stateMachine:", ":execution:")
    lake.client("stepfunctions").stop_execution(executionArn=f"{arn}:{first}")
    tasks = airflow.wait(WEEKLY, run)

    second = airflow.returned(WEEKLY, run, "refresh")["run_id"]
    assert tasks["refresh"]["try_number"] == 2
    found = named_by_airflow(lake, "refresh")
    assert {name: found[name] for name in found.keys() - before.keys()} == {first: "ABORTED", second: "SUCCEEDED"}
    assert lake.ledger.runs.get(first).state is RunState.FAILED


def test_the_policy_of_the_page_writes_no_ledger(lake, airflow):
    keys = {name.lower(): value for name, value in airflow.variables.items() if name.startswith("AWS_")}
    client = boto3.client(
        "dynamodb",
        endpoint_url=keys["aws_endpoint_url"],
        region_name=lake.outputs.region,
        aws_access_key_id=keys["aws_access_key_id"],
        aws_secret_access_key=keys["aws_secret_access_key"],
    )
    item = {"pk": {"S": "FILE#x"}, "sk": {"S": "FILE"}}
    assert "Item" not in client.get_item(TableName=lake.outputs.ledger_table, Key=item)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_item(TableName=lake.outputs.ledger_table, Item=item)
