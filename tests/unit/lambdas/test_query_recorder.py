"""What is kept of a query, and where."""

import importlib
import json
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from cartlake.aws.clients import client
from lambdas.query_recorder.domain import name_of, record_of

EXECUTION = {
    "QueryExecutionId": "11111111-2222-3333-4444-555555555555",
    "Query": "select * from processed.customers where email = 'ada@example.org'",
    "StatementType": "DML",
    "QueryExecutionContext": {"Database": "processed"},
    "Status": {"State": "SUCCEEDED", "SubmissionDateTime": datetime(2026, 11, 20, 23, 59, 59, 123456, tzinfo=UTC)},
    "Statistics": {
        "DataScannedInBytes": 12,
        "QueryQueueTimeInMillis": 3,
        "TotalExecutionTimeInMillis": 450,
        "ResultReuseInformation": {"ReusedPreviousResult": True},
    },
}


def test_a_record_has_cost_and_outcome_and_lies_by_its_day():
    record = record_of(EXECUTION)

    assert (record.scanned_bytes, record.queued_milliseconds, record.total_milliseconds) == (12, 3, 450)
    assert (record.state, record.reused_result, record.error_code) == ("SUCCEEDED", True, None)
    assert record.submitted_at == "2026-11-20 23:59:59.123"
    assert record.key == "query_history/day=2026-11-20/11111111-2222-3333-4444-555555555555.json"


def test_the_text_of_a_query_is_not_kept():
    kept = record_of(EXECUTION).model_dump_json()

    assert "ada@example.org" not in kept
    assert record_of({**EXECUTION, "Query": EXECUTION["Query"] + "\n"}).query_hash == json.loads(kept)["query_hash"]


def test_a_failure_keeps_its_code_and_not_its_message():
    status = {
        **EXECUTION["Status"],
        "State": "FAILED",
        "StateChangeReason": "TYPE_MISMATCH: line 1:8: 'ada@example.org'",
    }

    record = record_of({**EXECUTION, "Status": status, "Statistics": {}})

    assert (record.error_code, record.scanned_bytes) == ("TYPE_MISMATCH", 0)
    assert "ada" not in record.model_dump_json()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("-- Daily KPIs: what was sold.\nselect 1", "Daily KPIs"),
        ("execute daily_kpis using date '2026-11-01'", "daily_kpis"),
        ("  select 1", "SELECT"),
        ("", ""),
    ],
)
def test_a_query_is_named_by_its_title_its_statement_or_its_verb(text, name):
    assert name_of(text) == name


@mock_aws
def test_the_handler_writes_the_record_of_the_query_that_ended(monkeypatch, lambda_context):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("ARTIFACTS_BUCKET", "artifacts")
    client.cache_clear()
    s3, athena = boto3.client("s3"), boto3.client("athena")
    for bucket in ("artifacts", "results"):
        s3.create_bucket(Bucket=bucket)
    started = athena.start_query_execution(
        QueryString="-- Mine: a title.\nselect 1", ResultConfiguration={"OutputLocation": "s3://results/"}
    )
    handler = importlib.import_module("lambdas.query_recorder.handler")
    event = {
        "version": "0",
        "id": "1",
        "detail-type": "Athena Query State Change",
        "source": "aws.athena",
        "account": "123456789012",
        "time": "2026-11-20T12:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {"queryExecutionId": started["QueryExecutionId"], "currentState": "SUCCEEDED"},
    }

    uri = handler.lambda_handler(event, lambda_context)["uri"]

    body = s3.get_object(Bucket="artifacts", Key=uri.removeprefix("s3://artifacts/"))["Body"].read()
    assert json.loads(body)["query_name"] == "Mine"
