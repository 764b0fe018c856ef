"""What tasks of state machines and services call with a role."""

import pytest

from localaws.iam_calls import service_duties
from localaws.iam_calls.integrations import calls_of

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:load"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("arn:aws:states:::lambda:invoke", ["lambda:Invoke"]),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", ["lambda:Invoke"]),
        (FUNCTION, ["lambda:Invoke"]),
        ("arn:aws:states:::sns:publish", ["sns:Publish"]),
        ("arn:aws:states:::events:putEvents", ["events:PutEvents"]),
        ("arn:aws:states:::dynamodb:updateItem", ["dynamodb:UpdateItem"]),
        ("arn:aws:states:::aws-sdk:s3:getObject", ["s3:GetObject"]),
        ("arn:aws:states:::aws-sdk:sfn:describeExecution", ["stepfunctions:DescribeExecution"]),
        ("arn:aws:states:::glue:startJobRun", ["glue:StartJobRun"]),
        (
            "arn:aws:states:::glue:startJobRun.sync",
            ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
        ),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            [
                "stepfunctions:StartExecution",
                "stepfunctions:DescribeExecution",
                "stepfunctions:StopExecution",
                "events:PutTargets",
                "events:PutRule",
                "events:DescribeRule",
            ],
        ),
        ("arn:aws:states:us-east-1:111122223333:activity:count", []),
    ],
)
def test_calls_of_tasks(resource, expected):
    assert [f"{call.service}:{call.operation}" for call in calls_of(resource, {})] == expected


def test_a_function_writes_its_log_and_its_traces():
    plain = service_duties.of_function({"FunctionName": "load"}, "s")
    traced = service_duties.of_function({"FunctionName": "load", "TracingConfig": {"Mode": "Active"}}, "s")

    assert plain[1] == ("logs", "PutLogEvents", {"logGroupName": "/aws/lambda/load", "logStreamName": "s"})
    assert [operation for _, operation, _ in traced[2:]] == ["PutTraceSegments", "PutTelemetryRecords"]


def test_a_machine_without_log_traces_and_key_needs_nothing():
    key = {"encryptionConfiguration": {"kmsKeyId": "k"}}

    assert service_duties.of_machine({}) == []
    assert [operation for _, operation, _ in service_duties.of_machine(key)] == ["Decrypt", "GenerateDataKey"]
    assert len(service_duties.of_machine({"loggingConfiguration": {"level": "ALL"}})) == 8


@pytest.mark.parametrize(
    ("target", "service"),
    [("arn:aws:sqs:us-east-1:1:q", "sqs"), ("arn:aws:sns:us-east-1:1:t", "sns"), (FUNCTION, "lambda")],
)
def test_failed_events_go_to_their_destination(target, service):
    assert [found[0] for found in service_duties.of_failed_event(target)] == [service]
