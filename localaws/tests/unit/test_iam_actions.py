import json
from urllib.parse import urlencode

import pytest
from ministack.core import iam_actions as actions

from localaws.extensions.iam import actions as extension

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module", autouse=True)
def _installed():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actions, "extract_iam_action", actions.extract_iam_action)  # restored after these tests
        extension.install()
        yield


def action_of(service, prefix, call, body=None):
    headers = {"x-amz-target": f"{prefix}.{call}", "content-type": "application/x-amz-json-1.0"}
    return actions.extract_iam_action(service, "POST", "/", headers, json.dumps(body or {}).encode(), {})


@pytest.mark.parametrize(
    ("service", "prefix", "call", "expected"),
    [
        ("sqs", "AmazonSQS", "SendMessage", "sqs:SendMessage"),
        ("sqs", "AmazonSQS", "SendMessageBatch", "sqs:SendMessage"),
        ("sqs", "AmazonSQS", "DeleteMessageBatch", "sqs:DeleteMessage"),
        ("sqs", "AmazonSQS", "ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
        ("sqs", "AmazonSQS", "ReceiveMessage", "sqs:ReceiveMessage"),
        ("sqs", "AmazonSQS", "PurgeQueue", "sqs:PurgeQueue"),
        ("dynamodb", "DynamoDB_20120810", "BatchWriteItem", "dynamodb:BatchWriteItem"),
        ("dynamodb", "DynamoDB_20120810", "BatchGetItem", "dynamodb:BatchGetItem"),
        ("glue", "AWSGlue", "BatchCreatePartition", "glue:BatchCreatePartition"),
        ("glue", "AWSGlue", "BatchDeleteTable", "glue:BatchDeleteTable"),
        ("kinesis", "Kinesis_20131202", "PutRecords", "kinesis:PutRecords"),
        ("firehose", "Firehose_20150804", "PutRecordBatch", "firehose:PutRecordBatch"),
        ("athena", "AmazonAthena", "BatchGetQueryExecution", "athena:BatchGetQueryExecution"),
        ("events", "AWSEvents", "PutEvents", "events:PutEvents"),
    ],
)
def test_a_call_is_authorized_by_the_action_aws_checks(service, prefix, call, expected):
    assert action_of(service, prefix, call) == expected


@pytest.mark.parametrize(
    ("service", "call", "expected"),
    [
        ("sqs", "SendMessageBatch", "sqs:SendMessage"),
        ("sns", "PublishBatch", "sns:Publish"),
        ("sns", "Publish", "sns:Publish"),
    ],
)
def test_so_is_one_of_the_query_protocol(service, call, expected):
    body = urlencode({"Action": call}).encode()

    assert actions.extract_iam_action(service, "POST", "/", FORM, body, {}) == expected
