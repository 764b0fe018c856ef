"""Calls that services make with a role are authorized, and logged with the rights that they need."""

import json
from types import SimpleNamespace

import pytest

from localaws.paths import Paths
from localaws.testing.server import eventually, running

pytestmark = pytest.mark.integration

CODE = """import boto3
def handler(event, context):
    s3 = boto3.client('s3')
    s3.put_object(Bucket='lake', Key='a', Body=b'1')
    try:
        s3.get_object(Bucket='lake', Key='missing')
    except s3.exceptions.NoSuchKey:
        return 'missing'
"""
OF_LAMBDA = ["logs:CreateLogStream", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
ALLOWED = {
    "function": ["s3:PutObject", "s3:GetObject", "s3:ListBucket", *OF_LAMBDA],
    "machine": ["lambda:InvokeFunction"],
}


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def role_of(aws, name, actions, resource):
    services = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}
    trust = document(Principal=services, Action="sts:AssumeRole")
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allow(aws, name, actions, resource)
    return role


def allow(aws, role, actions, resource):
    policy = document(Action=actions, Resource=resource)
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="run", PolicyDocument=policy)


def calling(function):
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": function}}
    return json.dumps({"StartAt": "Call", "States": {"Call": {**call, "End": True}}})


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A function that was called by a machine that may, one that may not, and by a queue; and the log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_AUTH", "1")
        patch.setenv("LOCALAWS_IAM_LOG", "1")
        with running(tmp_path_factory.mktemp("iam")) as aws:
            aws.client("s3").create_bucket(Bucket="lake")
            reader = [*ALLOWED["function"], "sqs:ReceiveMessage"]
            function = aws.function("load", CODE, Role=role_of(aws, "loader", reader, "*"))
            states = aws.client("stepfunctions")
            ended = {}
            for name, resource in (("may", function), ("may-not", f"{function}-other")):
                role = role_of(aws, name, ALLOWED["machine"], resource)
                machine = states.create_state_machine(name=name, definition=calling(function), roleArn=role)
                started = states.start_execution(stateMachineArn=machine["stateMachineArn"])
                ended[name] = aws.ended(started["executionArn"])
            url, arn = aws.queue("files")
            aws.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="load")
            allow(aws, "loader", ALLOWED["function"], "*")  # the queue's mapping is made only for one who may receive
            aws.client("sqs").send_message(QueueUrl=url, MessageBody="1")
            log = Paths(aws.settings.home).iam_log
            eventually(lambda: "sqs:DeleteMessage" in log.read_text())
            calls = [json.loads(line) for line in log.read_text().splitlines()]
    return SimpleNamespace(ended=ended, calls=calls, function=function)


def rights(ran, role, call):
    return [call_of["rights"] for call_of in ran.calls if (call_of["role"], call_of["call"]) == (role, call)]


def test_a_task_fails_when_the_role_of_its_machine_may_not_call(ran):
    assert ran.ended["may"]["status"] == "SUCCEEDED"
    assert json.loads(ran.ended["may"]["output"])["Payload"] == "missing"
    assert ran.ended["may-not"]["error"] == "States.Permissions"
    assert "may-not is not authorized to perform lambda:InvokeFunction" in ran.ended["may-not"]["cause"]


def test_requests_of_a_role_are_logged_with_their_rights(ran):
    assert rights(ran, "loader", "s3:PutObject")[0] == [["s3:PutObject", "arn:aws:s3:::lake/a", {}]]


def test_who_is_told_that_an_object_is_missing_needs_to_list(ran):
    assert rights(ran, "loader", "s3:GetObject")[0] == [
        ["s3:GetObject", "arn:aws:s3:::lake/missing", {}],
        ["s3:ListBucket", "arn:aws:s3:::lake", {}],
    ]


def test_calls_of_services_for_a_role_are_logged(ran):
    by = {(call["role"], call["by"], call["call"]) for call in ran.calls}

    assert by >= {
        ("may", "states", "lambda:Invoke"),
        ("loader", "lambda", "logs:PutLogEvents"),
        ("loader", "lambda", "sqs:ReceiveMessage"),
        ("loader", "lambda", "sqs:DeleteMessage"),
    }
    assert rights(ran, "may", "lambda:Invoke") == [[["lambda:InvokeFunction", ran.function, {}]]]


def test_calls_that_were_refused_are_marked(ran):
    denied = {(call["role"], call["call"]) for call in ran.calls if call.get("denied")}

    assert denied == {("may-not", "lambda:Invoke"), ("loader", "logs:PutLogEvents")}
