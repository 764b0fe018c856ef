"""A small account: few invocations at a time, and API calls at a fraction of AWS's rates."""

import json

import pytest
from botocore.exceptions import ClientError

from localaws.testing.server import eventually, running

pytestmark = pytest.mark.integration

SLOW = "import time\ndef handler(event, context): time.sleep(0.5); return {}"
MESSAGES = 30


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_LAMBDA_CONCURRENCY", "2")
        patch.setenv("LOCALAWS_THROTTLING", "0.05")
        with running(tmp_path_factory.mktemp("small")) as aws:
            yield aws


def throttled(call, times):
    """The errors of so many calls, one after another."""
    errors = []
    for _ in range(times):
        try:
            call()
        except ClientError as error:
            errors.append((error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]))
    return errors


def test_calls_over_their_rate_fail_with_the_services_error(small):
    assert set(throttled(small.client("stepfunctions").list_state_machines, 12)) == {("ThrottlingException", 400)}
    assert ("TooManyRequestsException", 429) in throttled(small.client("lambda").list_functions, 5)
    assert throttled(small.client("s3").list_buckets, 20) == []


def test_a_patient_client_gets_its_answer(small):
    client = small.client("stepfunctions")
    throttled(client.list_state_machines, 12)

    assert eventually(lambda: not throttled(client.list_state_machines, 1), 60)


def test_tasks_of_a_state_machine_are_throttled_too(small, name):
    task = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "Parameters": {"JobName": name}}
    throttled(lambda: small.client("glue").start_job_run(JobName=name), 3)
    machine = patiently(lambda: small.machine(name, {"StartAt": "T", "States": {"T": task | {"End": True}}}))

    started = small.client("stepfunctions").start_execution(stateMachineArn=machine)
    ended = small.ended(started["executionArn"])

    assert ended["error"] == "Glue.AWSGlueException"
    assert "Rate exceeded" in ended["cause"]


def test_a_queue_that_is_faster_than_its_function_loses_nothing(small, name):
    dead, dead_arn = small.queue(f"{name}-dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5})
    url, arn = small.queue(name, VisibilityTimeout="90", RedrivePolicy=redrive)
    function = patiently(lambda: small.function(name, SLOW, Timeout=5))
    patiently(lambda: _mapped(small, arn, function))

    sqs = small.client("sqs")
    for number in range(MESSAGES):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))

    assert eventually(lambda: _waiting(sqs, url) == 0, 60)
    assert _waiting(sqs, dead) == 0


def patiently(call):
    """The result of a call of the control plane, made again while it is throttled."""

    results = []
    eventually(lambda: not throttled(lambda: results.append(call()), 1), 60)
    return results[0]


def _mapped(aws, queue_arn, function):
    return aws.client("lambda").create_event_source_mapping(
        EventSourceArn=queue_arn, FunctionName=function, BatchSize=1
    )["UUID"]


def _waiting(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)
