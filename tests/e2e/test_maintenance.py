"""Maintenance on the deployed lake, fewer files, the same rows, and loads that wait only briefly."""

import json
from datetime import date

import pytest

from cartlake.ledger import FileState, RunState
from cartlake.runs.ids import Workflow
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e

TABLE = "processed.transactions"
DAY = date(2026, 5, 4)
LOADS = 6


@pytest.fixture(scope="module")
def job_runs(lake):
    name = lake.outputs.glue_jobs["table_maintenance"]
    return lambda: len(lake.client("glue").get_job_runs(JobName=name)["JobRuns"])


@pytest.fixture
def health(run_lake):
    return lambda: json.loads(run_lake("health", TABLE, "--json").stdout)[0]


@pytest.fixture
def maintain(run_lake):
    """Type `lake maintain`; returns what it printed."""
    return lambda *options: json.loads(run_lake("maintain", TABLE, "--json", *options).stdout)


def all_rows(rows_of):
    return rows_of(
        "select count(*), count(distinct order_id || cast(line_number as varchar)), sum(quantity), sum(line_total) "
        f"from {TABLE}"
    )


def load(lake, orders, follow, rows=30):
    path, _ = orders(rows, end_date=DAY)
    [file] = follow([upload(lake, "transactions", [path])[0]["file_id"]])
    assert file.state is FileState.LOADED
    return file


def test_many_small_files_become_few_and_every_row_stays(lake, orders, follow, rows_of, health, maintain, run_lake):
    for _ in range(LOADS):
        load(lake, orders, follow)
    before, rows = health(), all_rows(rows_of)
    assert before["removable_files"] == 0  # the runs have joined them, so no job is needed
    assert json.loads(run_lake("history", TABLE, "--json").stdout)[1]["operation"] == "replace"

    done = maintain("--force")

    [maintained] = done["report"]["tables"]
    assert (done["run"]["state"], maintained["outcome"]) == ("SUCCEEDED", "maintained")
    after = health()
    assert after["data_files"] < before["data_files"]
    assert after["removable_files"] == 0
    assert after["rows"] == before["rows"]
    assert all_rows(rows_of) == rows
    shown = json.loads(run_lake("run", "show", done["run"]["run_id"], "--json").stdout)
    assert [table["table"] for table in shown["reports"]["maintenance"]["tables"]] == [TABLE]
    newest = json.loads(run_lake("history", TABLE, "--json").stdout)[0]
    assert (newest["operation"], newest["run_id"]) == ("replace", done["run"]["run_id"])


def test_a_table_that_needs_nothing_starts_no_job(maintain, job_runs, lake):
    started = job_runs()

    done = maintain()

    assert (done["run"]["state"], done["report"]) == ("SUCCEEDED", {})
    assert [one["reason"] for one in done["plan"]["skipped"]] == ["no maintenance needed"]
    assert job_runs() == started
    assert lake.ledger.locks.get(Workflow.MAINTENANCE) is None


def test_versions_expire_as_far_back_as_was_asked_for(maintain, health, rows_of, run_lake):
    before, rows = health(), all_rows(rows_of)
    oldest = json.loads(run_lake("history", TABLE, "--json").stdout)[-1]["snapshot_id"]

    maintain("--keep-snapshots-days", "0")

    assert health()["snapshots"] < before["snapshots"]
    assert all_rows(rows_of) == rows
    assert oldest not in [one["snapshot_id"] for one in json.loads(run_lake("history", TABLE, "--json").stdout)]


def test_a_file_dropped_during_maintenance_is_loaded_and_the_maintenance_succeeds(
    lake, orders, follow, rows_of, run_lake
):
    for _ in range(2):
        load(lake, orders, follow)
    path, _ = orders(40, end_date=DAY)

    run_id = json.loads(run_lake("maintain", TABLE, "--force", "--no-wait", "--json").stdout)["run_id"]
    eventually(lambda: (lock := lake.ledger.locks.get("transactions")) and lock.run_id == run_id, 120)
    [dropped] = upload(lake, "transactions", [path])
    [file] = follow([dropped["file_id"]])

    assert file.state is FileState.LOADED
    assert rows_of(f"select count(*) from {TABLE} where _run_id = '{file.run_id}'") == [["40"]]
    run = eventually(
        lambda: (found := lake.ledger.runs.get(run_id)) and found.state is not RunState.RUNNING and found, 120
    )
    assert run.state is RunState.SUCCEEDED
    eventually(lambda: lake.ledger.locks.get(Workflow.MAINTENANCE) is None)


def test_a_job_that_is_stopped_releases_the_dataset_and_the_next_run_finishes(lake, orders, follow, run_lake, health):
    for _ in range(2):
        load(lake, orders, follow)
    rows = health()["rows"]
    name = lake.outputs.glue_jobs["table_maintenance"]
    run_id = json.loads(run_lake("maintain", TABLE, "--force", "--no-wait", "--json").stdout)["run_id"]
    eventually(lambda: (lock := lake.ledger.locks.get("transactions")) and lock.run_id == run_id, 120)

    running = lake.client("glue").get_job_runs(JobName=name)["JobRuns"][0]["Id"]
    lake.client("glue").batch_stop_job_run(JobName=name, JobRunIds=[running])

    run = eventually(
        lambda: (found := lake.ledger.runs.get(run_id)) and found.state is not RunState.RUNNING and found, 120
    )
    assert (run.state, run.error) == (RunState.FAILED, "GlueJobStopped")
    eventually(
        lambda: lake.ledger.locks.get("transactions") is None and lake.ledger.locks.get(Workflow.MAINTENANCE) is None
    )
    assert health()["rows"] == rows
    again = json.loads(run_lake("maintain", TABLE, "--force", "--json").stdout)
    assert again["run"]["state"] == "SUCCEEDED"
    assert health()["rows"] == rows
