"""The error response to an invalid request: AWS's message, the service's code, the protocol's format."""

import json
from xml.etree import ElementTree as ET

import botocore.session
import pytest

from localaws.strict import exceptions
from localaws.strict.constraints import Compiler
from localaws.strict.requests import Request
from localaws.strict.services import Service

SESSION = botocore.session.get_session()
JSON = {"content-type": "application/x-amz-json-1.1"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def refusal():
    """Check a request; return status, headers and body of the error response, or None."""
    services = {}

    def answer(name, request):
        rules = services.setdefault(name, Service(SESSION.get_service_model(name)))
        return rules.refusal(rules.read(request))

    return answer


def call(target, **members):
    return Request("POST", "/", JSON | {"x-amz-target": target}, json.dumps(members).encode(), {})


def form(text):
    return Request("POST", "/", FORM, text.encode(), {})


def message(refused):
    return json.loads(refused[2])["message"]


def table(*columns):
    return {"Name": "t", "StorageDescriptor": {"Columns": list(columns)}}


LONG = "x" * 256
SINGLE_LINE = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*"


@pytest.mark.parametrize(
    ("service", "request_", "expected"),
    [
        pytest.param(
            "glue",
            call(
                "AWSGlue.CreateTable", DatabaseName="d", TableInput=table({"Name": "a"}, {"Name": "b", "Comment": LONG})
            ),
            f"1 validation error detected: Value '{LONG}' at 'table.storageDescriptor.columns.2.member.comment' failed "
            "to satisfy constraint: Member must have length less than or equal to 255",
            id="length of a member of a list",
        ),
        pytest.param(
            "glue",
            call("AWSGlue.CreateTable", TableInput=table({"Name": "a", "Comment": "b\nc"})),
            "2 validation errors detected: Value null at 'databaseName' failed to satisfy constraint: Member must not "
            "be null; Value 'b\nc' at 'table.storageDescriptor.columns.1.member.comment' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {SINGLE_LINE}",
            id="two errors",
        ),
        pytest.param(
            "kms",
            call("TrentService.UntagResource", KeyId="k", TagKeys=["a", ""]),
            "1 validation error detected: Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy "
            "constraint: [Member must have length less than or equal to 128, Member must have length greater than or "
            "equal to 1]",
            id="list of texts",
        ),
        pytest.param(
            "glue",
            call("AWSGlue.CreateJob", Name="j", Role="r", Command={}, Tags={"": "v"}),
            "1 validation error detected: Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy "
            "constraint: [Member must have length less than or equal to 128, Member must have length greater than or "
            "equal to 1]",
            id="keys of a map",
        ),
        pytest.param(
            "dynamodb",
            call("DynamoDB_20120810.PutItem", TableName="t", Item={}, ReturnValues="SOME"),
            "1 validation error detected: Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must "
            "satisfy enum value set: [NONE, ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW]",
            id="enum",
        ),
        pytest.param(
            "kinesis",
            call("Kinesis_20131202.PutRecords", StreamName="s", Records=[]),
            "1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1",
            id="too few",
        ),
        pytest.param(
            "athena",
            call("AmazonAthena.ListWorkGroups", MaxResults=51),
            "1 validation error detected: Value '51' at 'maxResults' failed to satisfy constraint: Member must have "
            "value less than or equal to 50",
            id="number",
        ),
        pytest.param(
            "cognito-idp",
            call("AWSCognitoIdentityProviderService.ChangePassword", ProposedPassword="a b", AccessToken="a"),
            "1 validation error detected: Value at 'proposedPassword' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: [\S]+",
            id="a secret is not repeated",
        ),
    ],
)
def test_the_message_is_that_of_aws(refusal, service, request_, expected):
    assert message(refusal(service, request_)) == expected


@pytest.mark.parametrize(
    ("service", "target", "members", "code"),
    [
        pytest.param("glue", "AWSGlue.GetTable", {}, "ValidationException", id="glue"),
        pytest.param("athena", "AmazonAthena.GetWorkGroup", {}, "InvalidRequestException", id="athena"),
        pytest.param("logs", "Logs_20140328.CreateLogGroup", {}, "InvalidParameterException", id="logs"),
        pytest.param("events", "AWSEvents.PutRule", {}, "ValidationException", id="events"),
        pytest.param("stepfunctions", "AWSStepFunctions.StartExecution", {}, "ValidationException", id="states"),
        pytest.param("sqs", "AmazonSQS.SendMessage", {}, "MissingParameter", id="sqs, missing"),
        pytest.param(
            "sqs",
            "AmazonSQS.CreateQueue",
            {"QueueName": "q", "Attributes": {"No": "1"}},
            "InvalidAttributeName",
            id="sqs",
        ),
        pytest.param(
            "cognito-idp",
            "AWSCognitoIdentityProviderService.CreateUserPool",
            {},
            "InvalidParameterException",
            id="cognito",
        ),
    ],
)
def test_the_error_code_is_the_services(refusal, service, target, members, code):
    status, headers, body = refusal(service, call(target, **members))

    assert (status, headers["x-amzn-errortype"], json.loads(body)["__type"]) == (400, code, code)


@pytest.mark.parametrize(
    ("service", "request_", "code", "words"),
    [
        pytest.param("iam", form("Action=CreateUser&UserName=a+b"), "ValidationError", "'userName'", id="query"),
        pytest.param(
            "iam",
            form("Action=TagRole&RoleName=r&Tags.member.1.Key=&Tags.member.1.Value=v"),
            "ValidationError",
            "'tags.1.member.key'",
            id="query, within a list",
        ),
        pytest.param("sns", form("Action=Subscribe&TopicArn=t"), "ValidationError", "'protocol'", id="missing"),
        pytest.param(
            "ec2", form("Action=DescribeVpcs&MaxResults=1"), "InvalidParameterValue", "'maxResults'", id="ec2"
        ),
        pytest.param(
            "ec2",
            form("Action=TerminateInstances"),
            "MissingParameter",
            "must contain the parameter InstanceId",
            id="ec2,",
        ),
        pytest.param("cloudwatch", form("Action=DeleteAlarms"), "ValidationError", "'alarmNames'", id="cloudwatch"),
        pytest.param(
            "s3",
            Request("PUT", "/b/k", {"x-amz-storage-class": "COLD"}, b"content", {}),
            "InvalidArgument",
            "'storageClass'",
            id="s3, header",
        ),
        pytest.param(
            "s3",
            Request(
                "PUT",
                "/b",
                {},
                b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>On</Status>'
                b"</VersioningConfiguration>",
                {"versioning": [""]},
            ),
            "MalformedXML",
            "The XML you provided was not well-formed",
            id="s3, body",
        ),
    ],
)
def test_services_with_an_xml_protocol_answer_in_xml(refusal, service, request_, code, words):
    status, headers, body = refusal(service, request_)
    error = next(node for node in ET.fromstring(body).iter("Error"))

    assert (status, headers["Content-Type"], error.findtext("Code")) == (400, "text/xml", code)
    assert words in error.findtext("Message")


def test_rest_json_names_members_of_path_and_body(refusal):
    body = json.dumps({"StatementId": "a b", "Action": "lambda:InvokeFunction", "Principal": "p"}).encode()
    refused = refusal("lambda", Request("POST", "/2015-03-31/functions/my fn/policy", {}, body, {}))

    assert refused[1]["x-amzn-errortype"] == "ValidationException"
    assert "'functionName'" in message(refused)
    assert "'statementId'" in message(refused)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(Request("POST", "/", {"x-amz-target": "AWSGlue.NoSuchOperation"}, b"{}", {}), id="no operation"),
        pytest.param(Request("POST", "/", {"x-amz-target": "Other.GetTable"}, b"{}", {}), id="another service"),
        pytest.param(Request("GET", "/", {}, b"", {}), id="no action"),
    ],
)
def test_a_request_of_an_unknown_operation_is_not_refused(request_):
    assert Service(SESSION.get_service_model("glue")).read(request_) is None


def test_a_body_that_is_not_json_has_no_members(refusal):
    broken = Request("POST", "/", JSON | {"x-amz-target": "AWSGlue.GetTable"}, b"{", {})

    assert "2 validation errors detected" in message(refusal("glue", broken))


def test_exceptions_name_members_and_shapes_of_the_models():
    for service, names in [*exceptions.RENAMED.items(), *exceptions.LENIENT.items()]:
        model = SESSION.get_service_model(service)
        members = {name for shape in model.shape_names for name in getattr(model.shape_for(shape), "members", {})}

        assert set(names) <= members | set(model.shape_names)


def test_a_constraint_that_aws_does_not_enforce_is_not_checked():
    model = SESSION.get_service_model("glue")
    shape = model.operation_model("GetDatabase").input_shape

    def faults(lenient):
        found = []
        Compiler({}, lenient).compile(shape)({"Name": LONG}, "", found)
        return len(found)

    assert (faults({}), faults({"NameString": "an account was seen to accept it"})) == (1, 0)


@pytest.mark.parametrize(("sent", "refused"), [("enabled", False), ("ENABLED", False), ("disabled", True)])
def test_arrow_and_aws_clients_send_the_checksum_mode_in_lower_case(refusal, sent, refused):
    answer = refusal("s3", Request("GET", "/b/k", {"x-amz-checksum-mode": sent}, b"", {}))

    assert (answer is not None) == refused


def test_the_content_of_a_large_blob_is_not_read():
    rules = Service(SESSION.get_service_model("s3"))
    read = rules.read(Request("PUT", "/b/k", {}, bytes(50_000_000), {}))

    assert read.members["Body"] == 50_000_000
