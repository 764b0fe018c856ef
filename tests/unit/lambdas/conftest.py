import json
import os
from dataclasses import dataclass
from uuid import uuid4

import boto3
import pytest
import yaml
from moto import mock_aws

from cartlake.aws import clients as aws

# Powertools and settings are read when a handler module is imported, so they are set before any test is collected.
os.environ |= {
    "API_ROLES": json.dumps(
        {
            name: {
                "arn": f"arn:aws:iam::123456789012:role/cartlake-test-{name}",
                "workgroup": f"cartlake-test-{name}",
                "groups": [group],
                "principals": [f"arn:aws:iam::123456789012:role/machines/{name}-job"],
            }
            for name, group in {"analyst": "analysts", "auditor": "auditors", "data_engineer": "platform"}.items()
        }
    ),
    "CALLERS_TABLE": "callers",
    "QUERIES_PER_MINUTE": "1000000",
    "REQUESTS_PER_MINUTE": "1000000",
    "METRICS_BY_DATASET": "true",
    "ARTIFACTS_BUCKET": "artifacts",
    "DASHBOARD_BUCKET": "dashboard",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "test",
    "ENVIRONMENT": "test",
    "RUN_RECORDER_FUNCTION": "cartlake-test-run-recorder",
    "TABLE_PUBLISHER_FUNCTION": "cartlake-test-table-publisher",
    "TRANSFORM_JOB": "dataset-etl",
    "EVENT_BUS": "cartlake-test",
    "GLUE_JOBS": "dataset-etl,table-refresh",
    "RUN_COORDINATOR_FUNCTION": "cartlake-test-run-coordinator",
    "IDEMPOTENCY_TABLE": "idempotency",
    "INCOMING_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/incoming",
    "INGEST_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:cartlake-test-ingest",
    "LEDGER_TABLE": "ledger",
    "LIGHT_MAX_MB": "256",
    "LIGHT_MAX_ROWS": "5000000",
    "LIGHT_TABLE_MAX_MB": "1024",
    "MAINTENANCE_JOB": "table-maintenance",
    "MAINTENANCE_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:cartlake-test-maintenance",
    "FORECAST_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:cartlake-test-forecast",
    "POWERTOOLS_METRICS_NAMESPACE": "Cartlake",
    "POWERTOOLS_SERVICE_NAME": "unit-tests",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "QUARANTINE_BUCKET": "quarantine",
    "RAW_BUCKET": "raw",
    "FORECAST_JOB": "demand-forecast",
    "REFRESH_JOB": "table-refresh",
    "SOURCES": "{}",
    "SFTP": "{}",
    "STREAMS": "{}",
    "RESULTS_BUCKET": "results",
    "REFRESH_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:cartlake-test-refresh",
}


@pytest.fixture
def lambda_context():
    @dataclass
    class Context:
        function_name: str = "unit-tests"
        function_version: str = "$LATEST"
        memory_limit_in_mb: int = 512
        invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:unit-tests"
        aws_request_id: str = "7d6f3a52-0000-4000-8000-000000000000"

        def get_remaining_time_in_millis(self) -> int:
            return 30_000

    return Context()


class AwsAccount:
    """What the functions find in an account: buckets, the ledger, and a bus that remembers what it was sent."""

    def __init__(self):
        self.s3 = boto3.client("s3")
        self.dynamodb = boto3.client("dynamodb")
        for bucket in ("raw", "quarantine", "artifacts"):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
        self._table("ledger", ["pk", "sk"], ["gsi1pk", "gsi1sk"])
        self._table("idempotency", ["id"], [])
        self._table("callers", ["id"], [])
        boto3.client("events").create_event_bus(Name="cartlake-test")

    def _table(self, name, keys, index):
        def schema(names):
            kinds = zip(names, ("HASH", "RANGE"), strict=False)
            return [{"AttributeName": key, "KeyType": kind} for key, kind in kinds]

        by_state = {"IndexName": "by_state", "KeySchema": schema(index), "Projection": {"ProjectionType": "ALL"}}
        self.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=schema(keys),
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in [*keys, *index]],
            **({"GlobalSecondaryIndexes": [by_state]} if index else {}),
        )

    def drop(self, key, body, bucket="raw"):
        """Put an object and return the detail of the event S3 sends for it."""
        put = self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        etag, version = put["ETag"].strip('"'), put.get("VersionId")
        found = {"key": key, "size": len(body), "etag": etag, "sequencer": "00617F08299329D189"}
        return {"bucket": {"name": bucket}, "object": found | ({"version-id": version} if version else {})}

    def read(self, uri):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def read_json(self, uri):
        return json.loads(self.read(uri))

    def write(self, uri, text):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


@pytest.fixture
def account():
    """An account of its own; clients made for it are of no use to the next test."""
    with mock_aws():
        aws.client.cache_clear()
        yield AwsAccount()
    aws.client.cache_clear()


def contract(name, **table):
    """A contract of one table, `processed.<name>`, with a row per `id` and `day`."""
    columns = [
        {"name": "id", "logicalType": "string", "physicalType": "string", "primaryKey": True, "primaryKeyPosition": 1},
        {"name": "day", "logicalType": "date", "physicalType": "date"},
    ]
    properties = {"cartlake.versionColumn": "day", "cartlake.eventTime": "day", **table}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"test.{name}",
        "name": name,
        "version": "1.0.0",
        "status": "active",
        "team": {"name": "tests"},
        "schema": [
            {
                "name": name,
                "physicalName": f"processed.{name}",
                "properties": [column | {"required": True} for column in columns],
                "customProperties": [{"property": key, "value": value} for key, value in properties.items()],
            }
        ],
    }


def built(replaces, *upstreams):
    return {"transform": "few.make", "replaces": replaces, "upstreams": list(upstreams)}


@pytest.fixture
def few_contracts(tmp_path, monkeypatch):
    """A small lake: `sums` of the days of `events`, and `totals` of all sums."""
    files = [{"property": "cartlake.file", "value": {"formats": ["csv"]}}]
    sums = built("days", {"table": "processed.events"})
    totals = built("all", {"table": "processed.sums", "reads": "all"})
    for one in (
        contract("events") | {"customProperties": files},
        contract("sums", **{"cartlake.build": sums}),
        contract("totals", **{"cartlake.build": totals}),
    ):
        (tmp_path / f"{one['name']}.odcs.yaml").write_text(yaml.safe_dump(one))
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(tmp_path))


class FakeBus:
    """Remembers events; refuses as many as it is told to, as a bus that throttles."""

    def __init__(self):
        self.sent, self.refuse = [], 0

    def send(self, event):
        if self.refuse:
            self.refuse -= 1
            raise TimeoutError(event.detail_type())
        self.sent.append((event.detail_type(), json.loads(event.detail())))

    @property
    def types(self):
        return [detail_type for detail_type, _ in self.sent]


@pytest.fixture
def bus():
    return FakeBus()


def eventbridge(source, detail_type, detail):
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2026-01-31T08:30:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


@pytest.fixture(name="eventbridge")
def eventbridge_fixture():
    return eventbridge


@pytest.fixture
def sqs_event():
    """Build an SQS batch of S3 "Object Created" events, one for each detail."""

    def build(*details, deliveries=1):
        bodies = [eventbridge("aws.s3", "Object Created", detail) for detail in details]
        return {"Records": [_message(body, deliveries) for body in bodies]}

    return build


def _message(body, deliveries):
    return {
        "messageId": str(uuid4()),
        "receiptHandle": "handle",
        "body": json.dumps(body),
        "attributes": {
            "ApproximateReceiveCount": str(deliveries),
            "ApproximateFirstReceiveTimestamp": "1755900000000",
            "SenderId": "sender",
            "SentTimestamp": "1755900000000",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:cartlake-test-incoming",
        "awsRegion": "us-east-1",
    }
