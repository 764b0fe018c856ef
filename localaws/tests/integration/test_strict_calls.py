"""Calls that are invalid by AWS's service models are refused, from every client and service."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

LONG = "x" * 256


@pytest.fixture
def unchecked(localaws):
    """A client that does not validate parameters, like SDKs of other languages."""
    return lambda service: localaws.client(service, parameter_validation=False)


def error_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]


def one_task(resource, parameters):
    return {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}},
    }


def failure_of(localaws, machine):
    started = localaws.client("stepfunctions").start_execution(stateMachineArn=machine)
    ended = localaws.ended(started["executionArn"])
    return ended["status"], ended.get("error"), ended.get("cause", "")


class TestClients:
    @pytest.mark.parametrize(
        ("service", "operation", "parameters", "code", "words"),
        [
            pytest.param(
                "glue",
                "create_database",
                {"DatabaseInput": {"Name": LONG}},
                "ValidationException",
                "at 'database.name' failed to satisfy constraint: Member must have length less than or equal to 255",
                id="json",
            ),
            pytest.param(
                "lambda",
                "create_function",
                {"FunctionName": "a b", "Role": "r", "Code": {"ZipFile": b"x"}},
                "ValidationException",
                "Value 'a b' at 'functionName'",
                id="rest-json",
            ),
            pytest.param("iam", "create_user", {"UserName": "a b"}, "ValidationError", "'userName'", id="query"),
            pytest.param(
                "ec2",
                "describe_vpcs",
                {"MaxResults": 1},
                "InvalidParameterValue",
                "greater than or equal to 5",
                id="ec2",
            ),
            pytest.param(
                "s3",
                "put_bucket_versioning",
                {"Bucket": "any", "VersioningConfiguration": {"Status": "On"}},
                "MalformedXML",
                "enum value set: [Enabled, Suspended]",
                id="rest-xml",
            ),
            pytest.param(
                "apigatewayv2",
                "create_api",
                {"Name": "n", "ProtocolType": "FTP"},
                "BadRequestException",
                "'protocolType'",
                id="second model of a module",
            ),
            pytest.param(
                "sqs", "create_queue", {}, "MissingParameter", "must contain the parameter QueueName", id="sqs"
            ),
            pytest.param(
                "cloudwatch", "put_metric_data", {"Namespace": ":n"}, "ValidationError", "'namespace'", id="query code"
            ),
        ],
    )
    def test_each_protocol_answers_with_the_services_error(
        self, unchecked, service, operation, parameters, code, words
    ):
        error = error_of(getattr(unchecked(service), operation), **parameters)

        assert error["Code"] == code
        assert words in error["Message"]

    def test_a_head_request_is_answered_without_a_body(self, unchecked):
        error = error_of(unchecked("s3").head_object, Bucket="any", Key="k", ChecksumMode="SOMETIMES")

        assert error["Code"] == "400"

    def test_a_refused_call_has_no_effect(self, localaws, unchecked, name):
        localaws.client("glue").create_database(DatabaseInput={"Name": name})
        columns = [{"Name": "id", "Type": "bigint", "Comment": "two\nlines"}]

        error_of(
            unchecked("glue").create_table,
            DatabaseName=name,
            TableInput={"Name": "t", "StorageDescriptor": {"Columns": columns}},
        )

        assert localaws.client("glue").get_tables(DatabaseName=name)["TableList"] == []

    def test_a_request_without_an_sdk_is_checked(self, localaws):
        signed = (
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/athena/aws4_request, SignedHeaders=host, Signature=0"
        )
        headers = {
            "Authorization": signed,
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AmazonAthena.StartQueryExecution",
        }
        body = json.dumps({"QueryString": "x" * 262_145}).encode()
        request = urllib.request.Request(localaws.endpoint, data=body, headers=headers)

        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        answer = json.loads(caught.value.read())

        assert (caught.value.code, answer["__type"]) == (400, "InvalidRequestException")
        assert answer["message"].endswith(
            "at 'queryString' failed to satisfy constraint: Member must have length less than or equal to 262144"
        )

    def test_objects_of_any_size_and_name_are_accepted(self, localaws, name):
        s3 = localaws.client("s3")
        s3.create_bucket(Bucket=name)
        key = "über/uns & co/10%+1.csv"
        s3.put_object(Bucket=name, Key=key, Body=bytes(2_000_000), Metadata={"a": "b"}, Tagging="a=b")
        s3.copy_object(Bucket=name, Key="copy", CopySource={"Bucket": name, "Key": key})

        assert s3.head_object(Bucket=name, Key="copy")["ContentLength"] == 2_000_000


class TestStateMachines:
    def test_an_sdk_task_fails_with_the_services_error(self, localaws, name):
        parameters = {"DatabaseInput": {"Name": LONG}}
        machine = localaws.machine(name, one_task("arn:aws:states:::aws-sdk:glue:createDatabase", parameters))

        status, error, cause = failure_of(localaws, machine)

        assert (status, error) == ("FAILED", "Glue.ValidationException")
        assert "at 'database.name' failed to satisfy constraint" in cause

    def test_an_sdk_task_of_the_query_protocol_fails_with_the_services_error(self, localaws, name):
        machine = localaws.machine(name, one_task("arn:aws:states:::aws-sdk:iam:createUser", {"UserName": "a b"}))

        status, error, cause = failure_of(localaws, machine)

        assert (status, error) == ("FAILED", "Iam.ValidationError")
        assert "at 'userName' failed to satisfy constraint" in cause

    @pytest.mark.parametrize(
        ("resource", "parameters", "error", "words"),
        [
            pytest.param(
                "dynamodb:getItem",
                {"TableName": "", "Key": {}},
                "DynamoDB.AmazonDynamoDBException",
                "'tableName'",
                id="item",
            ),
            pytest.param(
                "sqs:sendMessage", {"QueueUrl": "http://q"}, "SQS.AmazonSQSException", "MessageBody", id="message"
            ),
            pytest.param("sns:publish", {"TopicArn": "t"}, "SNS.AmazonSNSException", "'message'", id="publish"),
            pytest.param(
                "events:putEvents", {"Entries": []}, "EventBridge.AmazonEventBridgeException", "'entries'", id="events"
            ),
            pytest.param(
                "lambda:invoke",
                {"FunctionName": "a b", "Payload": {"a": 1}},
                "Lambda.AWSLambdaException",
                "'functionName'",
                id="invoke",
            ),
            pytest.param(
                "states:startExecution",
                {
                    "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m",
                    "Name": "x" * 81,
                    "Input": {},
                },
                "StepFunctions.ValidationException",
                "'name'",
                id="execution",
            ),
        ],
    )
    def test_an_optimized_task_fails_with_the_services_error(self, localaws, name, resource, parameters, error, words):
        machine = localaws.machine(name, one_task(f"arn:aws:states:::{resource}", parameters))

        status, found, cause = failure_of(localaws, machine)

        assert (status, found) == ("FAILED", error)
        assert words in cause

    def test_a_valid_task_is_carried_out(self, localaws, name):
        url, _ = localaws.queue(name)
        task = one_task("arn:aws:states:::sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"text": "hello"}})

        assert failure_of(localaws, localaws.machine(name, task))[0] == "SUCCEEDED"
        assert [json.loads(body) for body in localaws.received(url)] == [{"text": "hello"}]


class TestEventTargets:
    def test_an_event_that_is_too_long_starts_no_execution(self, localaws, name):
        machine = localaws.machine(name, {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
        events = localaws.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
        transformer = {"InputPathsMap": {"text": "$.detail.text"}, "InputTemplate": '{"a": "<text>", "b": "<text>"}'}
        events.put_targets(
            Rule=name,
            Targets=[
                {
                    "Id": "m",
                    "Arn": machine,
                    "InputTransformer": transformer,
                    "RoleArn": "arn:aws:iam::000000000000:role/r",
                }
            ],
        )

        def put(characters):
            detail = json.dumps({"text": "x" * characters})
            events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": detail}])

        put(140_000)
        put(1_000)

        states = localaws.client("stepfunctions")
        started = states.list_executions(stateMachineArn=machine)["executions"]
        inputs = [states.describe_execution(executionArn=one["executionArn"])["input"] for one in started]
        assert [len(json.loads(text)["a"]) for text in inputs] == [1_000]

    def test_an_invalid_message_group_is_refused_with_the_target(self, localaws, unchecked, name):
        localaws.client("events").put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
        _, arn = localaws.queue(f"{name}.fifo", FifoQueue="true")

        error = error_of(
            unchecked("events").put_targets,
            Rule=name,
            Targets=[{"Id": "a b", "Arn": arn, "SqsParameters": {"MessageGroupId": "g"}}],
        )

        assert error["Code"] == "ValidationException"
        assert "Value 'a b' at 'targets.1.member.id'" in error["Message"]


class TestLimitsBeyondTheModels:
    def test_a_client_gets_the_services_error_and_status(self, localaws, name):
        with pytest.raises(ClientError) as caught:
            localaws.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps({"x": "y" * 6_145}))

        assert caught.value.response["Error"]["Code"] == "LimitExceeded"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409

    def test_a_task_of_a_state_machine_fails_with_it(self, localaws, name):
        run = {"JobName": name, "WorkerType": "G.1X", "NumberOfWorkers": 2, "MaxCapacity": 2}
        machine = localaws.machine(name, one_task("arn:aws:states:::glue:startJobRun", run))

        status, error, cause = failure_of(localaws, machine)

        assert (status, error) == ("FAILED", "Glue.InvalidInputException")
        assert cause.startswith("Please do not set Max Capacity")
