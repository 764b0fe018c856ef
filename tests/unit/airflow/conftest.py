"""A lake of moto as a DAG sees it: ledger, raw bucket, and the real run coordinator in place of its function."""

import io
import json
from dataclasses import asdict
from datetime import UTC, datetime

import boto3
import pytest

from cartlake.aws import clients as aws
from cartlake.ledger import Content, ObjectVersion
from cartlake.runs.documents import FileFormat
from cartlake.runs.ids import Workflow, new_run_id
from cartlake_airflow.lake import Lake as DagLake
from cartlake_airflow.naming import Task
from lambdas.run_coordinator.domain import Coordinator, ExecutionState

OUTPUTS = {
    "region": "us-east-1",
    "buckets": {"raw": "raw"},
    "ledger_table": "ledger",
    "functions": {"run_coordinator": "test-run-coordinator"},
}


class Executions:
    """Executions of Step Functions by their names."""

    def __init__(self):
        self.states, self.started = {}, []

    def state(self, run_id):
        return self.states.get(run_id, ExecutionState.NEVER_STARTED)

    def execution_arn(self, run_id):
        return f"arn:{run_id}"

    def start(self, _subject, run_id, _request=None, _wait_seconds=0):
        if run_id not in self.states:
            self.states[run_id] = ExecutionState.RUNNING
            self.started.append(run_id)
        return self.execution_arn(run_id)


class CoordinatorFunction:
    """The client of Lambda: its one function is the run coordinator."""

    def __init__(self, coordinator):
        self.coordinator, self.requests, self.fails = coordinator, [], None

    def invoke(self, **request):
        said = json.loads(request["Payload"])
        self.requests.append(request | {"Payload": said})
        if self.fails:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(self.fails).encode())}
        decision = self.coordinator.begin_as(Workflow(said["workflow"]), said["run_id"])
        return {"Payload": io.BytesIO(json.dumps(asdict(decision)).encode())}


@pytest.fixture
def ledger(lake):
    return lake.ledger


@pytest.fixture
def executions():
    return Executions()


@pytest.fixture
def function(ledger, executions):
    now = datetime(2026, 1, 31, 9, tzinfo=UTC)
    return CoordinatorFunction(Coordinator(ledger, executions, lambda subject: new_run_id(subject, now, "0000aa")))


@pytest.fixture
def dag_lake(lake, function):
    """The lake of a DAG. The bucket `shop` has a file of orders."""
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    s3.create_bucket(Bucket="shop")
    s3.put_object(Bucket="shop", Key="2026-09-01.csv", Body=b"first")
    found = DagLake.of(OUTPUTS)
    found._clients["lambda"] = function
    return found


@pytest.fixture
def task():
    return Task("daily", "scheduled__2026-09-01T06:00:00+00:00", "load", -1, datetime(2026, 9, 1, 6, tzinfo=UTC))


@pytest.fixture
def versions():
    """All versions of objects of the raw bucket, as key and version."""

    def listed():
        found = boto3.client("s3").list_object_versions(Bucket="raw").get("Versions", [])
        return [(one["Key"], one["VersionId"]) for one in found]

    return listed


@pytest.fixture
def received(ledger):
    """The validator takes the object under a key, as of its last version; returns the file's record."""

    def receive(key, sha256="aa", *, rejected=None):
        head = boto3.client("s3").head_object(Bucket="raw", Key=key)
        version = ObjectVersion(
            bucket="raw", key=key, version_id=head.get("VersionId"), etag=head["ETag"].strip('"'), size=5
        )
        file = ledger.files.receive(key.split("/")[1], version)
        if rejected:
            return ledger.files.rejected(file.file_id, rejected, "The header has other columns.")
        content = Content(sha256=sha256, contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
        return ledger.files.validated(file.file_id, content)

    return receive
