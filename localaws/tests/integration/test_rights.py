"""With IAM enforced: policies of queues and keys decide on deliveries, roles on what a function may be fed from."""

import json

import pytest
from botocore.exceptions import ClientError

from localaws.testing.server import running

pytestmark = pytest.mark.integration

EVENTBRIDGE = {"Service": "events.amazonaws.com"}
ECHO = "def handler(event, context): return event"


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_AUTH", "1")
        with running(tmp_path_factory.mktemp("strict")) as aws:
            yield aws


def document(action, resource, **changes):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def received(aws, name, policy=None, **attributes):
    """What a queue gets of one event, with a policy made from its ARN."""
    url, arn = aws.queue(name, **attributes)
    if policy:
        aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(arn)})
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
    return aws.received(url, seconds=3)


def test_a_queue_without_a_policy_gets_no_events(strict, name):
    assert received(strict, name) == []


def test_a_queue_gets_the_events_of_the_rule_that_its_policy_names(strict, name):
    def of(rule):
        condition = {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:us-east-1:000000000000:rule/{rule}"}}
        return lambda arn: document("sqs:SendMessage", arn, Principal=EVENTBRIDGE, Condition=condition)

    assert len(received(strict, name, of(name))) == 1
    assert received(strict, f"{name}-2", of(name)) == []


def test_the_key_of_an_encrypted_queue_must_let_eventbridge_use_it(strict, name):
    administrator = {"AWS": "arn:aws:iam::000000000000:root"}
    key = strict.client("kms").create_key(Policy=document("kms:*", "*", Principal=administrator))["KeyMetadata"]

    def policy(arn):
        return document("sqs:SendMessage", arn, Principal=EVENTBRIDGE)

    assert received(strict, name, policy, KmsMasterKeyId=key["KeyId"]) == []
    both = json.loads(document("kms:*", "*", Principal=administrator))
    both["Statement"] += json.loads(document(["kms:Decrypt", "kms:GenerateDataKey"], "*", Principal=EVENTBRIDGE))[
        "Statement"
    ]
    strict.client("kms").put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(both))
    assert len(received(strict, f"{name}-2", policy, KmsMasterKeyId=key["KeyId"])) == 1


def role_of(aws, name, principal):
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]


def test_a_function_has_a_role_that_lambda_may_assume(strict, name):
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        strict.function(name, ECHO, Role=role_of(strict, name, "glue.amazonaws.com"))

    strict.function(name, ECHO, Role=role_of(strict, f"{name}-2", "lambda.amazonaws.com"))


def test_a_queue_feeds_only_a_function_whose_role_may_read_it(strict, name):
    iam, role = strict.client("iam"), role_of(strict, name, "lambda.amazonaws.com")
    _, arn = strict.queue(name, VisibilityTimeout="60")
    strict.function(name, ECHO, Role=role)
    create = strict.client("lambda").create_event_source_mapping

    with pytest.raises(ClientError, match="permissions to call ReceiveMessage on SQS"):
        create(EventSourceArn=arn, FunctionName=name)

    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    iam.put_role_policy(RoleName=name, PolicyName="queue", PolicyDocument=document(actions, arn))
    assert create(EventSourceArn=arn, FunctionName=name)["EventSourceArn"] == arn
