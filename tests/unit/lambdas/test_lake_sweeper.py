import json
import shutil
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from cartlake.aws import clients as aws
from cartlake.ledger import Announcement, Content, FileState, Ledger, NextRun, ObjectVersion, RunState
from cartlake.refresh.graph import WHOLE
from cartlake.runs.documents import FileFormat, RowCounts
from cartlake.runs.ids import Workflow
from cartlake.times import stamp
from lambdas.file_validator import handler as validator
from lambdas.lake_sweeper import adapters, handler
from lambdas.lake_sweeper.domain import Execution, is_due, is_gone
from lambdas.shared import closing
from tests.contract.pages import ROOT

RUN, OTHER = "transactions-20260131T083000-aaaaaa", "transactions-20260131T090000-bbbbbb"
REFRESH_RUN = "refresh-20260131T084000-cccccc"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONTRACTS = ROOT / "contracts"
GRACE = timedelta(minutes=20)
KEY = "incoming/transactions/a.csv"
RELEASED = {"action": "release", "subject": "transactions", "run_id": RUN, "then_start": "refresh"}


class Executions:
    """Step Functions and Lambda: which executions there are, what was invoked, which runs had published rows."""

    def __init__(self):
        self.known, self.invoked, self.published = {}, [], {}

    def recorded(self, function, request):
        assert (function, request["action"]) == ("cartlake-test-run-recorder", "record_published")
        record = self.published.get(request["run_id"], lambda: None)
        record()
        return {"recorded": request["run_id"] in self.published}

    def describe_execution(self, *, executionArn):  # noqa: N803 -- AWS
        run_id = executionArn.rpartition(":")[2]
        if run_id not in self.known:
            error = {"Error": {"Code": "ExecutionDoesNotExist", "Message": ""}, "ResponseMetadata": {}}
            raise ClientError(error, "DescribeExecution")
        return self.known[run_id]

    def invoke(self, **request):
        assert request["InvocationType"] == "Event"
        self.invoked.append((request["FunctionName"], json.loads(request["Payload"])))

    def asked(self):
        return [request for name, request in self.invoked if name == "cartlake-test-run-coordinator"]


@pytest.fixture(scope="module")
def contracts_of_few(tmp_path_factory):
    """Few contracts: a sweep asks the ledger about the files and runs of each."""
    folder = tmp_path_factory.mktemp("contracts")
    for name in ("fx_rates", "transactions"):
        shutil.copy(CONTRACTS / f"{name}.odcs.yaml", folder)
    return folder


@pytest.fixture(autouse=True)
def _few_contracts(contracts_of_few, monkeypatch):
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(contracts_of_few))


@pytest.fixture
def executions(account, monkeypatch):
    fake = Executions()
    clients = {"stepfunctions": fake, "lambda": fake}
    monkeypatch.setattr(adapters, "client", lambda service: clients.get(service) or aws.client(service))
    return fake


@pytest.fixture
def queue(account):
    boto3.client("sqs").create_queue(QueueName="incoming")


@pytest.fixture
def sweep(executions, queue, bus, monkeypatch, lambda_context):
    monkeypatch.setattr(closing, "event_bus", lambda: bus)
    monkeypatch.setattr(closing, "invoke", executions.recorded)
    monkeypatch.setattr(lambda_context, "get_remaining_time_in_millis", lambda: 900_000, raising=False)

    def call(context=lambda_context, **request):
        return handler.lambda_handler({"grace_seconds": 0, **request}, context)

    return call


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


def messages():
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="incoming")["QueueUrl"]
    found = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += batch
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def version_of(detail):
    return validator.LandedEvent.model_validate(
        {**adapters.object_created(ObjectVersion(bucket="b", key="k", etag="e", size=1), NOW), "detail": detail}
    ).detail.version()


def dropped(account, key=KEY, body=b"a"):
    return version_of(account.drop(key, body))


def validated(account, ledger, key=KEY, body=b"a"):
    file = ledger.files.receive("transactions", dropped(account, key, body))
    content = Content(sha256=key, contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
    return ledger.files.validated(file.file_id, content)


def claimed(account, ledger, run_id=RUN, key=KEY):
    file = validated(account, ledger, key)
    ledger.locks.acquire("transactions", run_id)
    ledger.runs.start(run_id)
    ledger.runs.claim(run_id, [file])
    return file.file_id


class TestFilesWithoutRecord:
    def test_each_is_announced_as_s3_would_with_its_version(self, account, sweep):
        landed = dropped(account)

        answer = sweep()

        (event,) = messages()
        assert validator.LandedEvent.model_validate(event).detail.version() == landed
        assert (answer["found"], answer["files"]["announced"], answer["files"]["keys"]) == (1, 1, [KEY])

    def test_every_version_of_a_key_and_every_page_of_a_listing_counts(self, account, sweep, monkeypatch):
        landed = {dropped(account, f"incoming/transactions/{n % 7}.csv", b"%d" % n).file_id for n in range(25)}
        monkeypatch.setattr("cartlake.raw_listing.COMPARED_AT_ONCE", 4)

        assert sweep()["files"]["unrecorded"] == 25

        found = {validator.LandedEvent.model_validate(event).detail.version().file_id for event in messages()}
        assert found == landed

    @pytest.mark.parametrize("state", ["VALIDATED", "REJECTED", "DUPLICATE", "CLAIMED", "LOADED", "FAILED"])
    def test_a_file_with_a_verdict_is_left_alone(self, account, ledger, sweep, executions, state):
        file = validated(account, ledger)
        key = {"pk": {"S": f"FILE#{file.file_id}"}, "sk": {"S": "FILE"}}
        values = {":s": {"S": state}, ":i": {"S": f"transactions#{state}"}, ":r": {"S": RUN}}
        set_state = "SET #s = :s, gsi1pk = :i, run_id = :r"
        names = {"#s": "state"}
        account.dynamodb.update_item(
            TableName="ledger",
            Key=key,
            UpdateExpression=set_state,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        executions.known[RUN] = {"status": "RUNNING"}

        answer = sweep()

        assert (answer["files"]["unrecorded"], answer["files"]["unjudged"], messages()) == (0, 0, [])

    def test_a_file_that_was_received_and_never_judged_is_announced(self, account, ledger, sweep):
        landed = dropped(account)
        ledger.files.receive("transactions", landed)

        answer = sweep()

        assert (answer["files"]["unrecorded"], answer["files"]["unjudged"]) == (0, 1)
        assert [event["detail"]["object"]["version-id"] for event in messages()] == [landed.version_id]

    def test_markers_and_folders_that_are_no_part_of_the_lake_are_no_files(self, account, sweep):
        for key in ("incoming/", "incoming/transactions/_SUCCESS", "_athena/x.csv"):
            account.drop(key, b"")

        assert sweep()["found"] == 0
        assert messages() == []

    def test_a_misplaced_file_is_one_too(self, account, sweep):
        dropped(account, "elsewhere/a.csv")

        assert sweep()["files"]["unrecorded"] == 1

    def test_a_deleted_object_is_found_by_its_version(self, account, sweep):
        dropped(account)
        account.s3.delete_object(Bucket="raw", Key=KEY)

        assert sweep()["files"]["unrecorded"] == 1

    def test_what_is_younger_than_the_grace_period_is_under_way(self, account, ledger, sweep):
        dropped(account)
        ledger.files.receive("transactions", dropped(account, "incoming/transactions/b.csv"))

        assert sweep(grace_seconds=3600)["found"] == 0
        assert messages() == []

    def test_while_messages_wait_the_grace_period_is_longer(self, account, sweep, monkeypatch):
        dropped(account)
        hour_later = datetime.now(UTC) + timedelta(hours=1)
        monkeypatch.setattr(handler, "utc_now", lambda: hour_later)
        sqs = boto3.client("sqs")
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="incoming")["QueueUrl"], MessageBody="{}")

        assert sweep(grace_seconds=None)["found"] == 0

        messages()
        assert sweep(grace_seconds=None)["found"] == 1

    def test_a_dry_run_sends_and_writes_nothing(self, account, ledger, sweep, executions):
        dropped(account)
        claimed(account, ledger, key="incoming/transactions/b.csv")

        answer = sweep(dry_run=True)

        assert (answer["found"], answer["runs"]["closed"], messages(), executions.invoked) == (2, [RUN], [], [])
        assert ledger.runs.get(RUN).state is RunState.RUNNING
        assert not ledger.announcements.all()

    def test_one_that_stays_unrecorded_is_announced_less_and_less_often_but_always_found(
        self, account, sweep, monkeypatch
    ):
        dropped(account)
        start = datetime.now(UTC) + timedelta(hours=1)
        announced = []
        for minutes in range(0, 24 * 60, 20):
            monkeypatch.setattr(handler, "utc_now", lambda at=start + timedelta(minutes=minutes): at)
            answer = sweep(grace_seconds=1200)
            assert answer["files"]["unrecorded"] == 1
            announced.append(answer["files"]["announced"])

        times = [number * 20 for number, times in enumerate(announced) if times]
        assert times == [0, 40, 120, 280, 600, 1240]  # minutes
        assert len(messages()) == 6

    def test_an_announcement_is_forgotten_when_the_file_has_a_verdict(self, account, ledger, sweep):
        landed = dropped(account)
        sweep()
        assert list(ledger.announcements.all()) == [landed.file_id]
        file = ledger.files.receive("transactions", landed)
        ledger.files.rejected(file.file_id, "empty_file", "")

        sweep()

        assert not ledger.announcements.all()

    def test_only_files_of_the_last_days_are_looked_up_when_asked(self, account, sweep, monkeypatch):
        dropped(account)
        later = datetime.now(UTC) + timedelta(days=3)
        monkeypatch.setattr(handler, "utc_now", lambda: later)

        assert sweep(days=2)["files"]["unrecorded"] == 0
        assert sweep(days=4)["files"]["unrecorded"] == 1

    def test_without_time_another_invocation_goes_on_where_this_one_stopped(
        self, account, sweep, executions, lambda_context, monkeypatch
    ):
        monkeypatch.setattr("cartlake.raw_listing.COMPARED_AT_ONCE", 1)
        landed = [dropped(account, f"incoming/transactions/{n}.csv").file_id for n in range(3)]
        monkeypatch.setattr(lambda_context, "get_remaining_time_in_millis", lambda: 0, raising=False)
        found, request = [], {}
        for _ in landed:
            assert sweep(**request)["files"]["unrecorded"] == 1
            found += [validator.LandedEvent.model_validate(event).detail.version().file_id for event in messages()]
            name, request = executions.invoked[-1]
            assert name == lambda_context.invoked_function_arn

        assert found == landed
        assert sweep(**request)["files"]["rest"] is None

    def test_a_message_that_the_queue_refuses_fails_the_sweep_and_is_not_taken_for_sent(
        self, account, ledger, sweep, monkeypatch
    ):
        dropped(account)
        boto3.client("sqs").delete_queue(QueueUrl=boto3.client("sqs").get_queue_url(QueueName="incoming")["QueueUrl"])

        with pytest.raises(ClientError):
            sweep()

        assert not ledger.announcements.all()


class TestRuns:
    @pytest.mark.parametrize("status", ["ABORTED", "FAILED", "TIMED_OUT", "SUCCEEDED", None])
    def test_one_whose_execution_is_gone_is_closed_and_its_files_wait_again(
        self, account, ledger, sweep, executions, bus, status
    ):
        file_id = claimed(account, ledger)
        if status:
            executions.known[RUN] = {"status": status, "stopDate": datetime.now(UTC)}

        answer = sweep()

        assert answer["runs"] == {"closed": [RUN], "released": ["transactions"], "waiting": [], "files": 1}
        assert (ledger.runs.get(RUN).state, ledger.runs.get(RUN).error) == (RunState.FAILED, "ExecutionGone")
        assert ledger.files.get(file_id).state is FileState.VALIDATED
        assert ledger.has_pending("transactions")
        assert executions.asked() == [RELEASED]
        assert [name for name, _ in bus.sent] == ["RunFailed"]

    def test_one_whose_rows_are_published_has_succeeded_and_its_files_are_not_loaded_again(
        self, account, ledger, sweep, executions, bus
    ):
        file_id = claimed(account, ledger)

        def record():
            ledger.runs.loaded(RUN, [file_id])
            ledger.runs.finish(RUN, RowCounts(read=1, published=1, quarantined=0, duplicate=0), "")

        executions.published[RUN] = record

        assert sweep()["runs"] == {"closed": [RUN], "released": ["transactions"], "waiting": [], "files": 0}
        assert (ledger.runs.get(RUN).state, ledger.files.get(file_id).state) == (RunState.SUCCEEDED, FileState.LOADED)
        assert (executions.asked(), bus.sent) == ([RELEASED], [])

    def test_a_second_sweep_does_nothing_more(self, account, ledger, sweep, executions, bus):
        claimed(account, ledger)
        sweep()
        ledger.locks.release("transactions", RUN)
        ledger.locks.acquire("transactions", OTHER)  # what the coordinator does
        executions.known[OTHER] = {"status": "RUNNING"}

        assert sweep()["found"] == 0
        assert (len(executions.asked()), len(bus.sent)) == (1, 1)

    def test_one_that_is_running_is_left_alone(self, account, ledger, sweep, executions):
        file_id = claimed(account, ledger)
        executions.known[RUN] = {"status": "RUNNING"}

        assert sweep()["found"] == 0
        assert (ledger.files.get(file_id).state, executions.asked()) == (FileState.CLAIMED, [])

    def test_one_that_ended_within_the_grace_period_is_left_to_its_event(self, account, ledger, sweep, executions):
        claimed(account, ledger)
        executions.known[RUN] = {"status": "ABORTED", "stopDate": datetime.now(UTC)}

        assert sweep(grace_seconds=3600)["found"] == 0

    def test_a_lock_without_a_run_is_released(self, account, ledger, sweep, executions):
        ledger.locks.acquire("transactions", RUN)

        assert sweep()["runs"]["released"] == ["transactions"]
        assert ledger.runs.get(RUN) is None
        assert executions.asked() == [RELEASED]

    def test_the_lock_of_an_erasure_that_was_interrupted_stays(self, ledger, sweep):
        ledger.locks.acquire("transactions", "erasure-20260131T083000-000000")

        assert sweep()["runs"]["released"] == []
        assert ledger.locks.get("transactions") is not None

    def test_a_run_that_had_succeeded_keeps_its_outcome_and_loses_its_lock(self, account, ledger, sweep, bus):
        file_id = claimed(account, ledger)
        ledger.runs.loaded(RUN, [file_id])
        ledger.runs.finish(RUN, RowCounts(read=0, published=0, quarantined=0, duplicate=0), "")

        assert sweep()["runs"]["released"] == ["transactions"]
        assert ledger.files.get(file_id).state is FileState.LOADED
        assert (ledger.runs.get(RUN).state, bus.sent) == (RunState.SUCCEEDED, [])

    def test_a_run_without_lock_is_closed_and_the_next_one_starts(self, account, ledger, sweep, executions):
        claimed(account, ledger)
        ledger.locks.release("transactions", RUN)
        ledger.locks.acquire("transactions", OTHER)
        executions.known[OTHER] = {"status": "RUNNING"}

        assert sweep()["runs"]["closed"] == [RUN]
        assert executions.asked() == [{"action": "start", "subject": "transactions"}]

    def test_files_of_a_run_that_failed_with_an_event_stay_failed_for_a_person(self, account, ledger, sweep):
        file_id = claimed(account, ledger)
        ledger.runs.fail(RUN, "AuditFailed", "")
        ledger.locks.release("transactions", RUN)

        assert sweep()["found"] == 0
        assert ledger.files.get(file_id).state is FileState.FAILED

    def test_a_file_that_three_runs_did_not_load_stays_failed(self, account, ledger, sweep):
        file_id = claimed(account, ledger)
        for run_id in (OTHER, "transactions-20260131T093000-dddddd"):
            sweep()
            ledger.locks.release("transactions", RUN)
            ledger.locks.release("transactions", OTHER)
            ledger.locks.acquire("transactions", run_id)
            ledger.runs.start(run_id)
            ledger.runs.claim(run_id, [ledger.files.get(file_id)])

        assert sweep()["runs"]["files"] == 0
        assert ledger.files.get(file_id).state is FileState.FAILED

    def test_what_a_gone_refresh_had_to_rebuild_starts_the_next_one(self, account, ledger, sweep, executions):
        ledger.stale.mark(RUN, "processed.transactions", WHOLE)
        ledger.locks.acquire(Workflow.REFRESH, REFRESH_RUN)
        ledger.runs.start(REFRESH_RUN)
        ledger.stale.claim(REFRESH_RUN)

        assert sweep()["runs"]["closed"] == [REFRESH_RUN]
        assert ledger.has_pending(Workflow.REFRESH)
        assert executions.asked() == [{"action": "release", "subject": "refresh", "run_id": REFRESH_RUN}]

    def test_datasets_that_a_gone_maintenance_holds_are_released(self, account, ledger, sweep, executions):
        run_id = "maintenance-20260131T083000-eeeeee"
        for subject in ("transactions", Workflow.MAINTENANCE):
            ledger.locks.acquire(subject, run_id)

        sweep()

        released = {(request["subject"], request["run_id"]) for request in executions.asked()}
        assert released == {("transactions", run_id), ("maintenance", run_id)}


class TestWaitingWork:
    def test_files_whose_event_was_lost_start_a_run(self, account, ledger, sweep, executions):
        validated(account, ledger)

        assert sweep()["runs"]["waiting"] == ["transactions"]
        assert executions.asked() == [{"action": "start", "subject": "transactions"}]

    def test_files_that_were_validated_just_now_are_left_to_their_event(self, account, ledger, sweep):
        validated(account, ledger)

        assert sweep(grace_seconds=3600)["found"] == 0

    def test_files_that_are_gathered_wait(self, account, ledger, sweep, executions):
        validated(account, ledger)
        ledger.next_runs.plan(NextRun(subject="transactions", run_id=RUN, execution_arn="arn", starts_at=stamp(NOW)))
        executions.known[RUN] = {"status": "RUNNING"}
        assert sweep()["found"] == 0

        executions.known[RUN] = {"status": "ABORTED", "stopDate": NOW}
        assert sweep()["runs"]["waiting"] == ["transactions"]

    def test_stale_tables_without_a_refresh_start_one(self, ledger, sweep, executions):
        ledger.stale.mark(RUN, "processed.transactions", WHOLE)

        assert sweep()["runs"]["waiting"] == ["refresh"]
        assert executions.asked() == [{"action": "start", "subject": "refresh"}]


def test_an_end_that_is_unknown_is_judged_by_the_ledger():
    minute = timedelta(minutes=1)

    assert not is_gone(Execution(is_running=True), NOW - GRACE, NOW, GRACE)
    assert not is_gone(Execution(is_running=False), NOW - GRACE + minute, NOW, GRACE)
    assert is_gone(Execution(is_running=False), NOW - GRACE, NOW, GRACE)
    assert not is_gone(Execution(is_running=False, ended_at=NOW - minute), NOW - GRACE, NOW, GRACE)


def test_a_pause_between_announcements_is_at_most_a_day():
    assert not is_due(Announcement(at=stamp(NOW - timedelta(hours=23)), times=99), NOW, GRACE)
    assert is_due(Announcement(at=stamp(NOW - timedelta(hours=24)), times=99), NOW, GRACE)


def test_a_sweep_counts_what_it_found_in_a_metric(account, sweep, capsys):
    dropped(account)

    sweep()

    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    found = [metric for metric in metrics if "SweepFound" in metric]
    assert [(one["SweepFound"], one["service"], one.get("dataset")) for one in found] == [
        ([1.0], "lake", None),
        ([1.0], "lake", "all"),
    ]
