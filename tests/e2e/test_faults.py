"""Parts of the lake fail on purpose. Each time nothing is published, nothing is lost, and the files can be replayed."""

import json
import os
import signal
from contextlib import contextmanager
from datetime import date
from uuid import uuid4

import pytest

from cartlake.ledger import FileState, RunState
from cartlake.tables.catalog import load_catalog
from cartlake.times import stamp, utc_now
from cartlake_cli.commands.local import emulator
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import environment_of, eventually, loads_on_spark

pytestmark = pytest.mark.e2e

SILENT = "print('a job that ends without a word')\n"
RAISING = "raise ValueError('the job broke on purpose')\n"
HANGING = "import time\ntime.sleep(300)\n"
KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"


@pytest.fixture(scope="module", autouse=True)
def began_at():
    """When these tests began."""
    return stamp(utc_now())


@pytest.fixture
def dropped(lake, orders, follow):
    """Drop a file of 60 rows and wait until it is processed; its ledger record and its manifest."""

    def drop(rows=60, **options):
        path, manifest = orders(rows, **options)
        [file] = follow([upload(lake, "transactions", [path])[0]["file_id"]])
        return file, manifest

    return drop


@contextmanager
def etl_script(lake, text):
    """Let the Glue job run another script, and load every batch."""
    glue, name = lake.client("glue"), lake.outputs.glue_jobs["dataset_etl"]
    job = glue.get_job(JobName=name)["Job"]
    bucket, key = lake.outputs.buckets["artifacts"], f"glue_jobs/dataset_etl/{uuid4().hex}.py"
    lake.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
    read_only = {"Name", "CreatedOn", "LastModifiedOn", "AllocatedCapacity", "MaxCapacity"}
    rest = {name: value for name, value in job.items() if name not in read_only}
    try:
        command = {**job["Command"], "ScriptLocation": f"s3://{bucket}/{key}"}
        glue.update_job(JobName=name, JobUpdate={**rest, "Command": command})
        with loads_on_spark(lake):
            yield
    finally:
        glue.update_job(JobName=name, JobUpdate={**rest, "Command": job["Command"]})


def snapshot_of_main(lake):
    lake.connect()
    snapshot = load_catalog().load_table("processed.transactions").current_snapshot()
    return snapshot and snapshot.snapshot_id


def branches(lake):
    return set(load_catalog().load_table("processed.transactions").refs()) - {"main"}


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param(RAISING, "GlueJobFailed", id="raises"),
        pytest.param(SILENT, "GlueJobEndedSilently", id="ends silently"),
        pytest.param(KILLED, "GlueJobFailed", id="is killed"),
    ],
)
def test_a_broken_job_fails_its_run_with_an_alert_and_its_file_loads_after_a_replay(
    lake, dropped, alerts, run_lake, rows_of, script, error
):
    before = snapshot_of_main(lake)

    with etl_script(lake, script):
        file, _ = dropped()

    run = lake.ledger.runs.get(file.run_id)
    assert (file.state, run.state, run.error) == (FileState.FAILED, RunState.FAILED, error)
    assert snapshot_of_main(lake) == before
    eventually(lambda: [alert for alert in alerts() if run.run_id in alert])

    run_lake("quarantine", "replay", "transactions", "--no-rows", "--run", run.run_id)

    again = lake.ledger.files.get(file.file_id)
    assert again.state is FileState.LOADED
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{again.run_id}'") == [["60"]]


def test_an_execution_that_is_stopped_stops_its_job_run_and_its_file_loads_after_a_replay(
    lake, orders, follow_runbook, rows_of
):
    glue, job = lake.client("glue"), lake.outputs.glue_jobs["dataset_etl"]

    def job_run_of(run_id):
        runs = glue.get_job_runs(JobName=job)["JobRuns"]
        return next((run for run in runs if run.get("Arguments", {}).get("--run_id") == run_id), None)

    path, _ = orders(60)
    with etl_script(lake, HANGING):
        [dropped] = upload(lake, "transactions", [path])
        file = eventually(lambda: claimed(lake, dropped["file_id"]))
        eventually(lambda: (run := job_run_of(file.run_id)) and run["JobRunState"] == "RUNNING")
        machine = lake.outputs.state_machine_arns["ingest"]
        execution = f"{machine.replace(':stateMachine:', ':execution:')}:{file.run_id}"
        lake.client("stepfunctions").stop_execution(executionArn=execution)
        eventually(lambda: job_run_of(file.run_id)["JobRunState"] == "STOPPED")

    eventually(lambda: lake.ledger.files.get(file.file_id).state is FileState.FAILED)
    assert lake.ledger.runs.get(file.run_id).error == "ExecutionAborted"
    found = {"DATASET": "transactions", "RUN": file.run_id}
    assert "ExecutionAborted" in follow_runbook("failed-job", "Find out", **found)
    follow_runbook("failed-job", "Mend", **found)
    assert file.file_id not in follow_runbook("failed-job", "Healthy again", **found)
    again = lake.ledger.files.get(file.file_id)
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{again.run_id}'") == [["60"]]


def claimed(lake, file_id):
    """The record of a file once a run has claimed it."""
    [file] = lake.ledger.files.get_many([file_id]) or [None]
    return file if file and file.state is FileState.CLAIMED else None


def test_a_batch_that_is_too_large_for_the_light_engine_is_loaded_by_spark_and_remembered(
    lake, dropped, run_lake, rows_of
):
    dropped()  # so that the next one has rows to be merged with
    try:
        with environment_of(lake, "light_loader", LIGHT_TABLE_MAX_MB="0"):
            file, _ = dropped()
        next_file, _ = dropped(rows=120)
    finally:
        forget_fallback(lake, "transactions")

    run, following = lake.ledger.runs.get(file.run_id), lake.ledger.runs.get(next_file.run_id)
    assert (run.state, run.engine.engine, run.cause) == (RunState.SUCCEEDED, "spark", None)
    assert run.fallback.startswith("EngineLimitError: ")
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{run.run_id}'") == [["60"]]
    assert (following.engine.engine, following.fallback) == ("spark", None)
    assert "was too large for the light engine" in following.engine.reason
    assert "spark (fell back)" in run_lake("run", "show", run.run_id).output


def forget_fallback(lake, dataset):
    """Let the next batches of a dataset be light again."""
    key = {"pk": {"S": f"FALLBACK#{dataset}"}, "sk": {"S": "FALLBACK"}}
    lake.client("dynamodb").delete_item(TableName=lake.outputs.ledger_table, Key=key)


def test_a_failed_table_rule_leaves_main_alone_and_alerts_with_the_report(
    lake, orders, follow, alerts, rows_of, follow_runbook
):
    path, _ = orders(100, end_date=date(2025, 3, 3))  # a day of its own: the rule is measured over whole days
    header, *rows = path.read_text().splitlines()
    email = header.split(",").index("customer_email")
    path.write_text("\n".join([header, *(blank(row, email) for row in rows)]) + "\n")
    before, branches_before = snapshot_of_main(lake), branches(lake)

    [file] = follow([upload(lake, "transactions", [path])[0]["file_id"]])

    run = lake.ledger.runs.get(file.run_id)
    assert (file.state, run.state, run.error) == (FileState.FAILED, RunState.FAILED, "AuditFailed")
    assert snapshot_of_main(lake) == before
    assert branches(lake) == branches_before
    [alert] = eventually(lambda: [one for one in alerts() if run.run_id in one])
    assert "customer_email" in alert
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{run.run_id}'") == [["0"]]

    found = {"DATASET": "transactions", "RUN": run.run_id}
    assert "customer_email" in follow_runbook("quality-failure", "Find out", **found)
    right, _ = orders(40)
    [file] = follow([upload(lake, "transactions", [right])[0]["file_id"]])
    assert file.run_id in follow_runbook("quality-failure", "Healthy again", **found)
    assert lake.ledger.runs.get(file.run_id).state is RunState.SUCCEEDED


def blank(row, index):
    values = row.split(",")
    values[index] = ""
    return ",".join(values)


def broken_validator(lake, retry_seconds):
    """Point the validator at a ledger that is not there, and let what fails come back after `retry_seconds`."""
    return environment_of(lake, "file_validator", LEDGER_TABLE="no-such-table", RETRY_SECONDS=retry_seconds)


def test_a_message_that_fails_once_is_delivered_again(lake, orders, follow, dead_letters, rows_of):
    path, _ = orders(35)
    with broken_validator(lake, retry_seconds="5"):
        [dropped] = upload(lake, "transactions", [path])
        eventually(lambda: validator_complaints(lake, path.name))

    [file] = follow([dropped["file_id"]])

    assert file.state is FileState.LOADED
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{file.run_id}'") == [["35"]]
    assert dead_letters() == 0


def validator_complaints(lake, key_part):
    """What the validator logged of a file it could not finish."""
    group = f"/aws/lambda/{lake.outputs.functions['file_validator']}"
    events = lake.client("logs").filter_log_events(logGroupName=group)["events"]
    return [event for event in events if "message_failed" in event["message"] and key_part in event["message"]]


@pytest.fixture
def dead_letters(run_lake):
    return lambda: json.loads(run_lake("status", "--json").stdout)["dead_letters"]["incoming"]


def test_a_validator_that_always_fails_ends_in_dead_letters_that_can_be_redriven(
    lake, orders, follow, follow_runbook, dead_letters, rows_of
):
    path, _ = orders(25)
    with broken_validator(lake, retry_seconds="0"):
        [dropped] = upload(lake, "transactions", [path])
        eventually(lambda: dead_letters() == 1, 120)
        assert dropped["file_id"] not in {file.file_id for file in lake.ledger.files.list("transactions")}
        eventually(lambda: alarm_state(lake, "dead-letters") == "ALARM", 180)
        assert "message_failed" in follow_runbook("stuck-queue", "Find out")

    follow_runbook("stuck-queue", "Mend")

    [file] = follow([dropped["file_id"]])
    assert file.state is FileState.LOADED
    follow_runbook("stuck-queue", "Healthy again")
    assert dead_letters() == 0
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{file.run_id}'") == [["25"]]


def alarm_state(lake, part):
    alarms = lake.client("cloudwatch").describe_alarms()["MetricAlarms"]
    states = [
        alarm["StateValue"] for alarm in alarms if part in alarm["AlarmName"] and "incoming" in alarm["AlarmName"]
    ]
    return states[0] if states else None


def test_quarantined_rows_are_published_once_after_the_contract_was_corrected(lake, redeployed, run_lake, rows_of):
    file = redeployed.refused
    counts = lake.ledger.runs.get(file.run_id).counts
    assert counts.quarantined > 0
    assert counts.read == 80

    first = json.loads(run_lake("quarantine", "replay", "transactions", "--run", file.run_id, "--json").stdout)
    second = json.loads(run_lake("quarantine", "replay", "transactions", "--run", file.run_id, "--json").stdout)

    assert (first["rows"], second["rows"]) == (counts.quarantined, 0)
    [replayed] = first["processed"]
    assert lake.ledger.runs.get(replayed["run_id"]).counts.published == counts.quarantined
    runs = f"'{file.run_id}', '{replayed['run_id']}'"
    assert rows_of(
        "select count(*), count(distinct order_id || cast(line_number as varchar)) "
        f"from processed.transactions where _run_id in ({runs})"
    ) == [["80", "80"]]
    waiting = rows_of(f"select count(*) from ops.quarantine_rows where run_id = '{file.run_id}' and replay_id is null")
    assert waiting == [["0"]]


def test_nothing_is_lost_when_the_embedded_aws_is_killed(lake, checkout, dropped, run_lake, rows_of, monkeypatch):
    file, _ = dropped(45)

    os.kill(emulator.status(checkout).pid, signal.SIGKILL)
    eventually(lambda: emulator.status(checkout) is None)
    with monkeypatch.context() as patch:
        patch.delenv("CARTLAKE_CONTRACTS_DIR")  # the new server's Lambdas read the contracts deployed with them
        emulator.start(checkout)
    run_lake("up")  # with the contracts of this lake, as every other command

    assert lake.ledger.files.get(file.file_id).state is FileState.LOADED
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{file.run_id}'") == [["45"]]
    again, _ = dropped(15)
    assert again.state is FileState.LOADED


def test_the_ledger_the_tables_and_the_quarantine_agree(lake, dropped, rows_of, began_at):
    """After all that was broken above: every successful run adds up, and its rows are where its counts say."""
    dropped(10)
    since = [run for run in lake.ledger.runs.list("transactions") if run.started_at >= began_at]
    runs = [run for run in since if run.state is RunState.SUCCEEDED]
    quarantined = dict(rows_of("select run_id, count(*) from ops.quarantine_rows group by run_id"))

    assert runs
    for run in runs:
        assert run.counts.read == run.counts.published + run.counts.quarantined + run.counts.duplicate
        assert int(quarantined.get(run.run_id, 0)) == run.counts.quarantined
    failed = {run.run_id for run in lake.ledger.runs.list("transactions") if run.state is RunState.FAILED}
    published = {run_id for [run_id] in rows_of("select distinct _run_id from processed.transactions")}
    assert published.isdisjoint(failed)
