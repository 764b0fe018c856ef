"""A lake of moto: the ledger, the artifacts, and a clock that others act by."""

import io
import json
import threading
import time
from types import SimpleNamespace

import boto3
import moto.dynamodb.models
import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from cartlake.aws import clients as aws
from cartlake.contracts import Column, Table
from cartlake.contracts.custom_properties.building import Build
from cartlake.ledger import Content, ObjectVersion
from cartlake.refresh.graph import Graph
from cartlake.runs.documents import FileFormat, RefreshReport, TableRefresh
from cartlake.runs.ids import Workflow
from cartlake_cli.context import Lake
from cartlake_cli.output import Output

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:test-refresh"


@pytest.fixture(scope="session", autouse=True)
def one_request_at_a_time():
    """DynamoDB takes requests of several threads; moto copies tables for a transaction while others write to them."""
    alone, answer = threading.RLock(), DynamoHandler.call_action

    def call_action(handler):
        with alone:
            return answer(handler)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoHandler, "call_action", call_action)
        yield


@pytest.fixture
def transactions_that_copy_nothing(monkeypatch):
    """For tests of hundreds of items: moto copies its tables for each transaction, and needs them only to undo one."""
    monkeypatch.setattr(moto.dynamodb.models, "copy", SimpleNamespace(deepcopy=lambda value: value))


class Others:
    """What goes on in the lake while a command waits: one act at each of its pauses."""

    def __init__(self):
        self.acts, self.invoked, self.started, self.refuse = [], [], [], None
        # In the place of a module's own `time`: a thread of another test that sleeps must not act here.
        self.clock = SimpleNamespace(sleep=self.pause, monotonic=time.monotonic)

    def pause(self, _seconds):
        if not self.acts:
            raise AssertionError("every act is done, and the command still waits")
        self.acts.pop(0)()

    def invoke(self, **request):
        self.invoked.append(request)
        return {"Payload": io.BytesIO(json.dumps({"outcome": "started"}).encode())}

    def start_execution(self, **request):
        if self.refuse:
            raise self.refuse
        self.started.append(request)


@pytest.fixture
def others():
    return Others()


@pytest.fixture
def lake(monkeypatch, others):
    outputs = SimpleNamespace(
        ledger_table="ledger",
        buckets={"artifacts": "artifacts", "raw": "raw"},
        databases={"processed": "processed"},
        functions={"run_coordinator": "test-run-coordinator"},
        state_machine_arns={"refresh": MACHINE},
    )

    def client(_lake, service):
        return others if service in ("lambda", "stepfunctions") else aws.client(service)

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(Lake, "outputs", outputs)
    monkeypatch.setattr(Lake, "client", client)
    monkeypatch.setattr(Lake, "connect", lambda _: None)
    aws.client.cache_clear()
    with mock_aws():
        for bucket in ("artifacts", "raw"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        keys, index = ("pk", "sk"), ("gsi1pk", "gsi1sk")
        by_state = {"IndexName": "by_state", "KeySchema": schema(index), "Projection": {"ProjectionType": "ALL"}}
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=schema(keys),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in (*keys, *index)],
            GlobalSecondaryIndexes=[by_state],
        )
        yield Lake("dev", Output())
    aws.client.cache_clear()


@pytest.fixture
def load_file(lake):
    """Put a file of a dataset into the raw bucket, and record it as loaded by a run."""

    def load(dataset, run_id, counts):
        s3, ledger, key = boto3.client("s3"), lake.ledger, f"incoming/{dataset}/a.csv"
        s3.create_bucket(Bucket="raw")
        s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
        put = s3.put_object(Bucket="raw", Key=key, Body=b"rows")
        version = ObjectVersion(bucket="raw", key=key, version_id=put["VersionId"], etag=put["ETag"], size=4)
        content = Content(sha256="aa", contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
        file = ledger.files.validated(ledger.files.receive(dataset, version).file_id, content)
        ledger.locks.acquire(dataset, run_id)
        ledger.runs.start(run_id)
        ledger.runs.claim(run_id, [file])
        ledger.runs.loaded(run_id, [file.file_id])
        ledger.runs.finish(run_id, counts, "s3://artifacts/transform.json")
        ledger.locks.release(dataset, run_id)
        return file

    return load


def schema(names):
    kinds = zip(names, ("HASH", "RANGE"), strict=True)
    return [{"AttributeName": name, "KeyType": kind} for name, kind in kinds]


RUN = "refresh-20260131T083000-aaaaaa"


def table(name, *upstreams):
    build = {"transform": "few.make", "replaces": "all", "upstreams": upstreams}
    about = {"description": "", "classification": None, "tags": (), "examples": ()}
    return Table(
        name=name,
        physical_name=f"processed.{name}",
        description="",
        grain="",
        columns=(Column("id", "string", required=True, primary_key=True, **about),),
        primary_key=("id",),
        version_column=None,
        event_time=None,
        partitioning=(),
        row_rules=(),
        table_rules=(),
        table_properties={},
        build=None if name == "events" else Build.model_validate(build),
    )


def reads(*names):
    return [{"table": f"processed.{name}", "reads": "all"} for name in names]


class FewTables:
    """`calendar` is built of nothing, `sums` of events, and `totals` of sums."""

    tables = (
        table("totals", *reads("sums")),
        table("events"),
        table("sums", *reads("events")),
        table("calendar"),
    )


@pytest.fixture
def few_tables(monkeypatch):
    """The graph of few tables in the place of that of the contracts."""
    few = Graph.of([FewTables()])
    monkeypatch.setattr(Graph, "of", lambda _: few)
    return few


@pytest.fixture
def begins(lake):
    """A refresh begins and takes what is stale."""

    def begin(run_id=RUN):
        lake.ledger.locks.acquire(Workflow.REFRESH, run_id)
        lake.ledger.runs.start(run_id)
        lake.ledger.stale.claim(run_id)

    return begin


@pytest.fixture
def ends(lake):
    """A refresh ends well, having rebuilt or compared some tables."""

    def end(run_id=RUN, names=("processed.sums",), **about):
        done = [TableRefresh(table=name, scope="all rows", **({"outcome": "rebuilt"} | about)) for name in names]
        report = RefreshReport(run_id=run_id, tables=done, started_at="", ended_at="")
        key = f"runs/{run_id}/refresh.json"
        boto3.client("s3").put_object(Bucket="artifacts", Key=key, Body=report.model_dump_json().encode())
        lake.ledger.runs.finish(run_id, None, f"s3://artifacts/{key}")
        lake.ledger.locks.release(Workflow.REFRESH, run_id)

    return end


@pytest.fixture
def fails(lake):
    def fail(run_id=RUN):
        lake.ledger.runs.fail(run_id, "RefreshError", "sums: no")
        lake.ledger.locks.release(Workflow.REFRESH, run_id)

    return fail
