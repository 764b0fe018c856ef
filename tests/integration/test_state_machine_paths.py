"""Every way through the state machines, with functions that do as they are told instead of their work."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from localaws.testing.server import LocalAws

pytestmark = pytest.mark.integration

DEFINITIONS = Path(__file__).parents[2] / "state_machines"

# One file for all steps. The table says what a step of a run answers, or how often it fails and with which error.
FAKE = """
import json
import os

import boto3


class TransientError(Exception):
    pass


class GlueConcurrencyError(TransientError):
    pass


class BrokenError(Exception):
    pass


class BackfillError(Exception):
    pass


class EngineLimitError(Exception):
    pass


class TerminalError(Exception):
    pass


class BadFilesError(Exception):
    pass


class TableRewrittenError(Exception):
    pass


class TooManyRepeatsError(Exception):
    pass


table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    step = os.environ["STEP"] + (":" + event["action"] if "action" in event else "")
    row = table.update_item(
        Key={"run": event.get("run_id", "any"), "step": step},
        UpdateExpression="ADD calls :one SET last_event = :event",
        ExpressionAttributeValues={":one": 1, ":event": json.dumps(event)},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    told = json.loads(row.get("told", "{}"))
    if told.get("fails", 0) >= row["calls"] or row["calls"] > told.get("fails_after", row["calls"]):
        raise globals().get(told["error"], MemoryError)("as told")
    if event.get("step") in told.get("fails_at", {}):
        raise globals()[told["fails_at"][event["step"]]]("as told")
    if os.environ["STEP"] == "job_starter":
        states = boto3.client("stepfunctions")
        error = told.get("job_error") or told.get("job_errors", {}).get(event["step"])
        if error and row["calls"] <= told.get("job_fails", row["calls"]):
            states.send_task_failure(taskToken=event["task_token"], error=error, cause="the job said why")
        else:
            report = {"report_uri": "s3://runs/transform.json", "rows": {}, "snapshot_id": "7"}
            states.send_task_success(taskToken=event["task_token"], output=json.dumps(report))
    if "wait_seconds" in told and not event["execution"].get("claim"):
        return {"wait_seconds": told["wait_seconds"], "file_count": 0}
    answer = told.get("answer", {})
    if answer.pop("gathers", 0) >= row["calls"]:
        return {"wait_seconds": 1, "table_count": 0}
    return answer | ({"wait_seconds": 0} if "table_count" in answer else {})
"""

CLAIM: dict[str, Any] = {
    "file_count": 2,
    "backfill": False,
    "manifest_uri": "s3://runs/manifest.json",
    "transform_job": "etl",
    "runner": "glue",
    "branch": "audit_run",
    "table": "processed.things",
}
LIGHT = CLAIM | {"runner": "light"}
LIGHT_WAY = ["Claim", "LightTransform", "Audit", "Publish", "Record", "Release"]
ANSWERS: dict[str, dict[str, Any]] = {
    "light_loader": {"answer": {"report_uri": "s3://runs/transform.json", "rows": {}, "snapshot_id": "7"}},
    "batch_claimer": {"answer": CLAIM},
    "data_quality_check": {"answer": {"passed": True, "failures": [], "report_uri": "s3://runs/quality.json"}},
    "table_publisher:publish": {"answer": {"published_snapshot_id": "7"}},
    "refresh_planner": {"answer": {"table_count": 3, "plan_uri": "s3://runs/plan.json", "refresh_job": "refresh"}},
    "maintenance_planner": {"answer": {"table_count": 2, "plan_uri": "s3://runs/plan.json", "maintenance_job": "m"}},
}
FOR_EVER = 99
GOOD_WAY = ["Claim", "Transform", "Audit", "Publish", "Record", "Release"]
BAD_END = ["MarkFailed", "NotifyFailure", "ReleaseFailed"]
PUBLISHED_BAD_END = ["MarkPublishedFailed", *BAD_END[1:]]


@dataclass(frozen=True)
class Run:
    status: str
    error: str | None
    cause: str
    tasks: list[str]
    events: dict[str, dict[str, Any]]  # what each step was last invoked with
    calls: dict[str, int]


@dataclass(frozen=True)
class Machine:
    aws: LocalAws
    arn: str
    table: str
    alerts: str

    def run(self, **told: dict[str, Any]) -> Run:
        """Run the machine once. `told` is by step; `run_recorder__fail` is the step's action `fail`."""
        run_id = f"things-{uuid.uuid4().hex[:8]}"
        database, states = self.aws.client("dynamodb"), self.aws.client("stepfunctions")
        for step, orders in (ANSWERS | {name.replace("__", ":"): order for name, order in told.items()}).items():
            item = {"run": {"S": run_id}, "step": {"S": step}, "told": {"S": json.dumps(orders)}}
            database.put_item(TableName=self.table, Item=item)
        work = json.dumps({"dataset": "things", "run_id": run_id})
        arn = states.start_execution(stateMachineArn=self.arn, name=run_id, input=work)["executionArn"]
        ended = self.aws.ended(arn, 240)
        history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        steps = {"TaskStateEntered", "WaitStateEntered"}
        entered = [e["stateEnteredEventDetails"]["name"] for e in history if e["type"] in steps]
        rows = database.query(
            TableName=self.table,
            KeyConditionExpression="run = :run",
            ExpressionAttributeValues={":run": {"S": run_id}},
        )["Items"]
        events = {row["step"]["S"]: json.loads(row["last_event"]["S"]) for row in rows if "last_event" in row}
        calls = {row["step"]["S"]: int(row["calls"]["N"]) for row in rows if "calls" in row}
        return Run(ended["status"], ended.get("error"), ended.get("cause", ""), entered, events, calls)


@pytest.fixture(scope="module")
def ingest(localaws: LocalAws) -> Machine:
    return deployed(localaws, "ingest")


@pytest.fixture(scope="module")
def refresh(localaws: LocalAws) -> Machine:
    return deployed(localaws, "refresh")


@pytest.fixture(scope="module")
def maintenance(localaws: LocalAws) -> Machine:
    return deployed(localaws, "maintenance")


def deployed(localaws: LocalAws, name: str) -> Machine:
    """The state machine, with a function of our own for each that it names."""
    table = f"{name}-paths"
    localaws.client("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "run", "KeyType": "HASH"}, {"AttributeName": "step", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("run", "step")],
    )
    topic = localaws.client("sns").create_topic(Name=table)["TopicArn"]
    alerts, alerts_arn = localaws.queue(f"{table}-alerts")
    localaws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=alerts_arn)
    text = (DEFINITIONS / f"{name}.asl.json").read_text()
    values = {
        "alerts_topic_arn": topic,
        "database_prefix": "dev_",
        "environment": "test",
        "name_prefix": "lake-test",
    } | {
        f"{step}_function_arn": localaws.function(
            f"{table}-{step}", FAKE, Environment={"Variables": {"STEP": step, "TABLE": table}}
        )
        for step in set(re.findall(r"\$\{(\w+)_function_arn\}", text))
    }
    definition = json.loads(re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text))
    if "CoolDown" in definition["States"]:
        definition["States"]["CoolDown"]["Seconds"] = 1
    for state in definition["States"].values():
        for retry in state.get("Retry", []):
            retry.update(IntervalSeconds=1, MaxDelaySeconds=1, MaxAttempts=2)
    return Machine(localaws, localaws.machine(table, definition), table, alerts)


def test_a_good_batch_takes_every_step(ingest):
    run = ingest.run()

    assert (run.status, run.tasks) == ("SUCCEEDED", GOOD_WAY)
    assert run.events["table_publisher:publish"]["table"] == "dev_processed.things"
    assert run.events["table_publisher:publish"]["snapshot_id"] == "7"
    assert run.events["run_recorder:record"]["published_snapshot_id"] == "7"


def test_a_backfill_supersedes_the_quarantine_once_its_rows_are_published(ingest):
    run = ingest.run(batch_claimer={"answer": CLAIM | {"backfill": True}})

    assert (run.status, run.tasks) == ("SUCCEEDED", [*GOOD_WAY[:4], "SupersedeQuarantine", *GOOD_WAY[4:]])
    told = run.events["job_starter"]
    assert (told["step"], told["job_name"], told["input_uri"]) == (
        "supersede_quarantine",
        "etl",
        "s3://runs/manifest.json",
    )


def test_a_quarantine_that_cannot_be_superseded_is_tried_again_and_then_fails_the_backfill(ingest):
    told = {"job_starter": {"job_errors": {"supersede_quarantine": "GlueJobFailed"}}}

    run = ingest.run(batch_claimer={"answer": CLAIM | {"backfill": True}}, **told)

    assert (run.status, run.error) == ("FAILED", "GlueJobFailed")
    assert run.tasks == [*GOOD_WAY[:4], "SupersedeQuarantine", *PUBLISHED_BAD_END]
    assert run.calls["job_starter"] == 4  # the load, the quarantine, and that twice again


def test_a_backfill_that_is_refused_frees_the_dataset_at_once(ingest):
    run = ingest.run(batch_claimer={"fails": FOR_EVER, "error": "BackfillError"})

    assert (run.status, run.error) == ("FAILED", "BackfillError")
    assert run.tasks == ["Claim", *BAD_END]


def test_a_batch_for_the_light_engine_starts_no_job(ingest):
    run = ingest.run(batch_claimer={"answer": LIGHT})

    assert (run.status, run.tasks) == ("SUCCEEDED", LIGHT_WAY)
    assert "job_starter" not in run.events
    told = run.events["light_loader"]
    assert (told["step"], told["input_uri"]) == ("transform", "s3://runs/manifest.json")
    assert run.events["table_publisher:publish"]["snapshot_id"] == "7"
    assert run.events["run_recorder:record"]["report_uri"] == "s3://runs/transform.json"


def test_a_light_backfill_supersedes_the_quarantine_in_a_function(ingest):
    run = ingest.run(batch_claimer={"answer": LIGHT | {"backfill": True}})

    assert (run.status, run.tasks) == ("SUCCEEDED", [*LIGHT_WAY[:4], "LightSupersedeQuarantine", *LIGHT_WAY[4:]])
    assert run.events["light_loader"]["step"] == "supersede_quarantine"
    assert "job_starter" not in run.events


def test_what_is_too_large_for_the_light_engine_is_done_by_spark(ingest):
    too_small = {"fails": FOR_EVER, "error": "EngineLimitError"}

    run = ingest.run(batch_claimer={"answer": LIGHT}, light_loader=too_small)

    assert (run.status, run.tasks) == ("SUCCEEDED", [*LIGHT_WAY[:2], "FallBack", *GOOD_WAY[1:]])
    assert run.calls["light_loader"] == 1
    recorded = run.events["run_recorder:fall_back"]
    assert (recorded["step"], recorded["error"]) == ("transform", "EngineLimitError")
    assert run.events["job_starter"]["step"] == "transform"


def test_a_function_that_is_killed_is_followed_by_spark(ingest):
    run = ingest.run(batch_claimer={"answer": LIGHT}, light_loader={"fails": FOR_EVER, "error": "MemoryError"})

    assert (run.status, run.tasks) == ("SUCCEEDED", [*LIGHT_WAY[:2], "FallBack", *GOOD_WAY[1:]])


def test_a_quarantine_that_a_function_cannot_supersede_is_superseded_by_spark(ingest):
    answer = ANSWERS["light_loader"] | {"fails_at": {"supersede_quarantine": "EngineLimitError"}}

    run = ingest.run(batch_claimer={"answer": LIGHT | {"backfill": True}}, light_loader=answer)

    assert run.status == "SUCCEEDED"
    assert run.tasks[4:7] == ["LightSupersedeQuarantine", "FallBackQuarantine", "SupersedeQuarantine"]
    assert run.events["run_recorder:fall_back"]["step"] == "supersede_quarantine"


def test_a_fault_of_the_data_never_falls_back(ingest):
    run = ingest.run(batch_claimer={"answer": LIGHT}, light_loader={"fails": FOR_EVER, "error": "TerminalError"})

    assert (run.status, run.error) == ("FAILED", "TerminalError")
    assert run.tasks == ["Claim", "LightTransform", "Discard", *BAD_END]
    assert "job_starter" not in run.events


def test_a_light_load_that_may_pass_is_tried_again(ingest):
    answer = ANSWERS["light_loader"] | {"fails": 1, "error": "TransientError"}

    run = ingest.run(batch_claimer={"answer": LIGHT}, light_loader=answer)

    assert (run.status, run.tasks, run.calls["light_loader"]) == ("SUCCEEDED", LIGHT_WAY, 2)


LEFT = {"answer": {"rejected": 1, "again": True}}
NONE_LEFT = {"answer": {"rejected": 2, "again": False}}


def test_bad_files_are_taken_out_of_a_light_batch_and_the_others_loaded(ingest):
    bad = ANSWERS["light_loader"] | {"fails": 1, "error": "BadFilesError"}

    run = ingest.run(batch_claimer={"answer": LIGHT}, light_loader=bad, run_recorder__reject_files=LEFT)

    assert (run.status, run.tasks) == ("SUCCEEDED", [*LIGHT_WAY[:2], "RejectFiles", *LIGHT_WAY[1:]])
    assert run.events["run_recorder:reject_files"]["run_id"] == run.events["batch_claimer"]["run_id"]
    assert "run_recorder:fail" not in run.events


def test_bad_files_are_taken_out_of_a_batch_of_spark_and_the_others_loaded(ingest):
    bad = {"job_error": "BadFilesError", "job_fails": 1}

    run = ingest.run(job_starter=bad, run_recorder__reject_files=LEFT)

    assert (run.status, run.tasks) == ("SUCCEEDED", [*GOOD_WAY[:2], "RejectFiles", *GOOD_WAY[1:]])


def test_a_batch_that_the_light_engine_gave_up_stays_with_spark_without_its_bad_files(ingest):
    run = ingest.run(
        batch_claimer={"answer": LIGHT},
        light_loader={"fails": FOR_EVER, "error": "EngineLimitError"},
        job_starter={"job_error": "BadFilesError", "job_fails": 1},
        run_recorder__reject_files=LEFT,
    )

    assert (run.status, run.calls["light_loader"]) == ("SUCCEEDED", 1)
    assert run.tasks == ["Claim", "LightTransform", "FallBack", "Transform", "RejectFiles", *GOOD_WAY[1:]]


def test_a_batch_of_nothing_but_bad_files_fails_with_their_fault(ingest):
    run = ingest.run(job_starter={"job_error": "BadFilesError"}, run_recorder__reject_files=NONE_LEFT)

    assert (run.status, run.error, run.cause) == ("FAILED", "BadFilesError", "the job said why")
    assert run.tasks == ["Claim", "Transform", "RejectFiles", "Discard", *BAD_END]
    assert run.events["run_recorder:fail"]["error"] == "BadFilesError"


def test_bad_files_that_cannot_be_taken_out_fail_the_run_with_their_fault(ingest):
    broken = {"fails": FOR_EVER, "error": "BrokenError"}

    run = ingest.run(job_starter={"job_error": "BadFilesError"}, run_recorder__reject_files=broken)

    assert (run.status, run.error) == ("FAILED", "BadFilesError")
    assert run.tasks == ["Claim", "Transform", "RejectFiles", "Discard", *BAD_END]


def test_a_run_in_the_gather_window_waits_and_then_claims(ingest):
    run = ingest.run(batch_claimer={"answer": LIGHT | {"wait_seconds": 0}, "wait_seconds": 1})

    assert (run.status, run.tasks) == ("SUCCEEDED", ["Claim", "Gather", *LIGHT_WAY])
    assert run.events["batch_claimer"]["execution"]["claim"]["Payload"] == {"wait_seconds": 1, "file_count": 0}


def test_a_claim_that_fails_after_the_wait_does_not_start_run_after_run(ingest):
    run = ingest.run(batch_claimer={"wait_seconds": 1, "fails_after": 1, "error": "BrokenError"})

    assert (run.status, run.error) == ("FAILED", "BrokenError")
    assert run.tasks == ["Claim", "Gather", "Claim", *BAD_END[:2], "CoolDown", "ReleaseFailed"]


@pytest.mark.parametrize(("fails", "status"), [(2, "SUCCEEDED"), (FOR_EVER, "FAILED")])
def test_a_job_that_glue_failed_is_started_again_twice_at_most(ingest, fails, status):
    run = ingest.run(job_starter={"job_error": "GlueInfrastructureError", "job_fails": fails})

    assert (run.status, run.calls["job_starter"]) == (status, 3)
    assert run.tasks == (GOOD_WAY if status == "SUCCEEDED" else ["Claim", "Transform", "Discard", *BAD_END])


REPEATED = ["Repeat", "LightTransform", "Audit", "Publish"]


@pytest.mark.parametrize(
    ("claim", "again"), [(LIGHT, REPEATED), (CLAIM, ["Repeat", "Transform", "Audit", "Publish"])], ids=["light", "glue"]
)
def test_a_run_whose_table_was_compacted_meanwhile_is_done_again(ingest, claim, again):
    publisher = ANSWERS["table_publisher:publish"] | {"fails": 2, "error": "TableRewrittenError"}

    run = ingest.run(batch_claimer={"answer": claim}, table_publisher__publish=publisher)

    way = LIGHT_WAY if claim is LIGHT else GOOD_WAY
    assert (run.status, run.tasks) == ("SUCCEEDED", [*way[:4], *again, *again, *way[4:]])
    assert run.calls["run_recorder:repeat"] == 2


def test_a_run_that_fell_back_to_spark_is_repeated_by_spark(ingest):
    publisher = ANSWERS["table_publisher:publish"] | {"fails": 1, "error": "TableRewrittenError"}
    too_small = {"fails": FOR_EVER, "error": "EngineLimitError"}

    run = ingest.run(batch_claimer={"answer": LIGHT}, light_loader=too_small, table_publisher__publish=publisher)

    assert run.status == "SUCCEEDED"
    assert run.tasks[2:8] == ["FallBack", "Transform", "Audit", "Publish", "Repeat", "Transform"]
    assert run.calls["light_loader"] == 1


def test_a_run_is_not_repeated_for_ever(ingest):
    run = ingest.run(
        batch_claimer={"answer": LIGHT},
        table_publisher__publish={"fails": FOR_EVER, "error": "TableRewrittenError"},
        run_recorder__repeat={"fails": FOR_EVER, "error": "TooManyRepeatsError"},
    )

    assert (run.status, run.error) == ("FAILED", "TooManyRepeatsError")
    assert run.tasks == [*LIGHT_WAY[:4], "Repeat", "Discard", *BAD_END]


def test_an_empty_batch_only_frees_the_dataset(ingest):
    run = ingest.run(batch_claimer={"answer": CLAIM | {"file_count": 0}})

    assert (run.status, run.tasks) == ("SUCCEEDED", ["Claim", "Release"])


@pytest.mark.parametrize(
    ("step", "error"), [("job_starter", "GlueConcurrencyError"), ("data_quality_check", "TransientError")]
)
def test_what_may_pass_is_retried(ingest, step, error):
    run = ingest.run(**{step: ANSWERS.get(step, {}) | {"fails": 2, "error": error}})

    assert (run.status, run.tasks) == ("SUCCEEDED", GOOD_WAY)


def test_a_failed_audit_publishes_nothing_and_tells_with_the_report(ingest):
    verdict = {"passed": False, "failures": [{"rule": "row_count"}], "report_uri": "s3://runs/quality.json"}

    run = ingest.run(data_quality_check={"answer": verdict})

    assert (run.status, run.error) == ("FAILED", "AuditFailed")
    assert run.tasks == ["Claim", "Transform", "Audit", "Discard", *BAD_END]
    assert json.loads(run.events["run_recorder:fail"]["cause"]) == verdict
    alert = next(body for body in ingest.aws.received(ingest.alerts) if run.events["batch_claimer"]["run_id"] in body)
    assert "s3://runs/quality.json" in alert


def test_a_job_that_failed_gives_its_own_cause(ingest):
    run = ingest.run(job_starter={"job_error": "GlueJobFailed"})

    assert (run.status, run.error, run.cause) == ("FAILED", "GlueJobFailed", "the job said why")
    assert run.tasks == ["Claim", "Transform", "Discard", *BAD_END]


@pytest.mark.parametrize(
    ("step", "tasks"),
    [
        pytest.param("batch_claimer", ["Claim", *BAD_END[:2], "CoolDown", "ReleaseFailed"], id="claim"),
        pytest.param("table_publisher__publish", [*GOOD_WAY[:4], "Discard", *BAD_END], id="publish"),
        pytest.param("run_recorder__record", [*GOOD_WAY[:5], *PUBLISHED_BAD_END], id="record"),
        pytest.param("run_coordinator__release", [*GOOD_WAY, "NotifyFailure", "ReleaseFailed"], id="release"),
    ],
)
def test_a_terminal_error_is_never_retried_and_ends_red(ingest, step, tasks):
    run = ingest.run(**{step: {"fails": FOR_EVER, "error": "BrokenError"}})

    assert (run.status, run.error, run.tasks) == ("FAILED", "BrokenError", tasks)


def test_a_failure_path_that_itself_fails_keeps_the_first_cause(ingest):
    broken = {"fails": FOR_EVER, "error": "BrokenError"}

    run = ingest.run(
        job_starter={"job_error": "GlueJobTimedOut"},
        table_publisher__discard=broken,
        run_recorder__fail=broken,
        run_coordinator__release=broken,
    )

    assert (run.status, run.error) == ("FAILED", "GlueJobTimedOut")
    assert run.tasks == ["Claim", "Transform", "Discard", *BAD_END]


def test_a_refresh_takes_every_step(refresh):
    run = refresh.run()

    assert (run.status, run.tasks) == ("SUCCEEDED", ["Claim", "Rebuild", "Record", "WriteTiles", "Release"])
    assert run.events["job_starter"]["input_uri"] == "s3://runs/plan.json"
    assert run.events["job_starter"]["step"] == "refresh"
    assert run.events["tile_writer"] == {"run_id": run.events["run_coordinator:release"]["run_id"]}


def test_a_refresh_waits_for_runs_that_load_files(refresh):
    run = refresh.run(refresh_planner={"answer": ANSWERS["refresh_planner"]["answer"] | {"gathers": 1}})

    assert (run.status, run.tasks) == (
        "SUCCEEDED",
        ["Claim", "Gather", "Claim", "Rebuild", "Record", "WriteTiles", "Release"],
    )


def test_a_refresh_whose_claim_fails_after_a_wait_does_not_start_run_after_run(refresh):
    gathers = ANSWERS["refresh_planner"]["answer"] | {"gathers": 1}
    run = refresh.run(refresh_planner={"answer": gathers, "fails_after": 1, "error": "BrokenError"})

    assert (run.status, run.error) == ("FAILED", "BrokenError")
    assert run.tasks == ["Claim", "Gather", "Claim", *BAD_END[:2], "CoolDown", "ReleaseFailed"]


def test_a_rebuild_that_glue_failed_is_started_again(refresh):
    run = refresh.run(job_starter={"job_error": "GlueInfrastructureError", "job_fails": 2})

    assert (run.status, run.calls["job_starter"]) == ("SUCCEEDED", 3)


def test_tiles_that_cannot_be_written_fail_no_refresh(refresh):
    run = refresh.run(tile_writer={"fails": FOR_EVER, "error": "TileError"})

    assert (run.status, run.tasks[-2:]) == ("SUCCEEDED", ["WriteTiles", "Release"])


def test_where_nothing_is_stale_no_job_starts(refresh):
    run = refresh.run(refresh_planner={"answer": {"table_count": 0}})

    assert (run.status, run.tasks) == ("SUCCEEDED", ["Claim", "Release"])


@pytest.mark.parametrize(
    ("told", "error", "tasks"),
    [
        pytest.param(
            {"job_starter": {"job_error": "GlueJobFailed"}},
            "GlueJobFailed",
            ["Claim", "Rebuild", *BAD_END],
            id="the job fails",
        ),
        pytest.param(
            {"refresh_planner": {"fails": FOR_EVER, "error": "BrokenError"}},
            "BrokenError",
            ["Claim", *BAD_END[:2], "CoolDown", "ReleaseFailed"],
            id="no plan: wait, as the next refresh would start at once",
        ),
        pytest.param(
            {"run_recorder__record_refresh": {"fails": FOR_EVER, "error": "BrokenError"}},
            "BrokenError",
            ["Claim", "Rebuild", "Record", *BAD_END],
            id="not on record",
        ),
    ],
)
def test_a_refresh_that_fails_says_so_and_frees_its_place(refresh, told, error, tasks):
    run = refresh.run(**told)

    assert (run.status, run.error, run.tasks) == ("FAILED", error, tasks)


def test_maintenance_takes_every_step(maintenance):
    run = maintenance.run()

    assert (run.status, run.tasks) == ("SUCCEEDED", ["Plan", "Maintain", "Record", "Release"])
    assert run.events["job_starter"]["step"] == "maintenance"
    assert run.events["job_starter"]["input_uri"] == "s3://runs/plan.json"


def test_maintenance_that_glue_failed_is_started_again(maintenance):
    run = maintenance.run(job_starter={"job_error": "GlueInfrastructureError", "job_fails": 1})

    assert (run.status, run.calls["job_starter"]) == ("SUCCEEDED", 2)


def test_where_maintenance_would_not_pay_no_job_starts(maintenance):
    run = maintenance.run(maintenance_planner={"answer": {"table_count": 0}})

    assert (run.status, run.tasks) == ("SUCCEEDED", ["Plan", "Release"])


@pytest.mark.parametrize(
    ("told", "error", "tasks"),
    [
        pytest.param(
            {"job_starter": {"job_error": "GlueJobFailed"}},
            "GlueJobFailed",
            ["Plan", "Maintain", *BAD_END],
            id="the job fails",
        ),
        pytest.param(
            {"maintenance_planner": {"fails": FOR_EVER, "error": "BrokenError"}},
            "BrokenError",
            ["Plan", *BAD_END],
            id="no plan",
        ),
        pytest.param(
            {"run_recorder__record_maintenance": {"fails": FOR_EVER, "error": "BrokenError"}},
            "BrokenError",
            ["Plan", "Maintain", "Record", *BAD_END],
            id="not on record",
        ),
    ],
)
def test_maintenance_that_fails_says_so_and_frees_its_place(maintenance, told, error, tasks):
    run = maintenance.run(**told)

    assert (run.status, run.error, run.tasks) == ("FAILED", error, tasks)
