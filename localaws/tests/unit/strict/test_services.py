"""Every operation of the services that the lake uses: requests of botocore are read, each broken member is named."""

from urllib.parse import parse_qs, unquote, urlencode

import botocore.session
import pytest
from botocore.serialize import create_serializer

from localaws.strict.requests import Request
from localaws.strict.services import Service

LAKE = [
    "apigatewayv2", "athena", "cloudwatch", "cognito-idp", "dynamodb", "events", "firehose", "glue", "iam", "kinesis",
    "kms", "lakeformation", "lambda", "logs", "s3", "scheduler", "secretsmanager", "sns", "sqs", "ssm",
    "stepfunctions", "sts",
]  # fmt: skip
SCALARS = {"integer", "long", "float", "double", "string"}
PROTOCOLS = {"smithy-rpc-v2-cbor": "json"}
RENAMED = {"glue": {"TableInput": "table", "DatabaseInput": "database", "PartitionInput": "partition"}}
SESSION = botocore.session.get_session()
DEEPEST = 6
BROKEN = ("length less than", "value less than", "enum value set")
TOLD_BY_HOST = {("s3", "ListDirectoryBuckets"): "the request of ListBuckets, to another host"}


def broken(shape):
    """A value that breaks the shape's length, range or enum; None for a shape without them."""
    if getattr(shape, "enum", None):
        return "no-such-value"
    limits = shape.metadata
    if shape.type_name == "string" and "max" in limits and limits["max"] < 10_000:
        return "x" * (limits["max"] + 1)
    if shape.type_name in SCALARS - {"string"} and "max" in limits:
        return int(limits["max"]) + 1
    return None


class Sample:
    """A request with an invalid value for every member with a constraint, and their paths as AWS writes them."""

    def __init__(self, service):
        self.service = service
        self.paths = set()
        self.containers = set()

    def of(self, shape, path, seen=()):
        if shape.name in seen or len(seen) > DEEPEST:
            return None
        seen = (*seen, shape.name)
        match shape.type_name:
            case "structure":
                return self.structure(shape, path, seen)
            case "list":
                return self.list(shape, path, seen)
            case "map":
                return self.map(shape, path, seen)
        if shape.type_name in SCALARS:
            return self.scalar(shape, path)
        return {"blob": b"blob", "boolean": True}.get(shape.type_name)

    def scalar(self, shape, path):
        value = broken(shape)
        if value is not None:
            self.paths.add(path)
            return value
        return self.scalar_that_is_fine(shape)

    def scalar_that_is_fine(self, shape):
        return "x" if shape.type_name == "string" else 1

    def structure(self, shape, path, seen):
        if shape.is_document_type or getattr(shape, "is_eventstream", False):
            return None
        members = {}
        for name, member in shape.members.items():
            shown = RENAMED.get(self.service, {}).get(name, name[0].lower() + name[1:])
            value = self.of(member, f"{path}.{shown}".lstrip("."), seen)
            if value is not None and member.serialization.get("location") != "headers":
                members[name] = value
        return members

    def list(self, shape, path, seen):
        if shape.member.type_name in SCALARS:
            value = broken(shape.member)
            (self.containers if value is None else self.paths).add(path)
            return [value or self.scalar_that_is_fine(shape.member)]
        value = self.of(shape.member, f"{path}.1.member", seen)
        return None if value is None else [value]

    def map(self, shape, path, seen):
        if shape.value.type_name in SCALARS:
            value, key = broken(shape.value), broken(shape.key)
            (self.containers if value is None and key is None else self.paths).add(path)
            return {key or "key": value or self.scalar_that_is_fine(shape.value)}
        self.containers.add(path)
        value = self.of(shape.value, f"{path}.key.member", seen)
        return None if value is None else {"key": value}


def sent(model, operation, members):
    """The request that botocore sends for the members."""
    protocol = PROTOCOLS.get(model.metadata["protocol"], model.metadata["protocol"])
    made = create_serializer(protocol, include_validation=False).serialize_to_request(members, operation)
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    path, _, query = made["url_path"].partition("?")
    parameters = parse_qs(query, keep_blank_values=True)
    for name, value in (made["query_string"] or {}).items():
        parameters[name] = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    headers = {name.lower(): str(value) for name, value in made["headers"].items()}
    if protocol == "query":
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    content = body if isinstance(body, bytes) else (body or "").encode()
    return Request(made["method"], unquote(path), headers, content, parameters)


@pytest.fixture(scope="module")
def model_of():
    # models of a session of its own: a client of S3 changes the paths in the one it uses
    return SESSION.get_service_model


@pytest.mark.parametrize("service", LAKE)
def test_every_member_that_is_broken_is_named_and_no_other(service, model_of):
    model = model_of(service)
    rules = Service(model)
    wrong = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.input_shape is None or operation.deprecated or (service, name) in TOLD_BY_HOST:
            continue
        sample = Sample(service)
        members = sample.of(operation.input_shape, "")
        call = rules.read(sent(model, operation, members))
        if call is None or call.operation != name:
            wrong[name] = call and call.operation
            continue
        faults = rules.faults(name, call.members)
        # Samples keep to no pattern and no minimum, and a list or map is named with all constraints of its members.
        found = {fault.path for fault in faults if any(words in fault.constraint for words in BROKEN)}
        if found - sample.containers != sample.paths - sample.containers:
            wrong[name] = found ^ sample.paths

    assert wrong == {}


@pytest.mark.parametrize("service", LAKE)
def test_every_missing_required_member_is_named(service, model_of):
    model = model_of(service)
    rules = Service(model)
    wrong = {}
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        missed = {fault.path for fault in rules.faults(name, {}) if fault.kind == "missing"}
        required = set(shape.required_members) if shape is not None else set()
        if missed != {RENAMED.get(service, {}).get(member, member[0].lower() + member[1:]) for member in required}:
            wrong[name] = missed, required

    assert wrong == {}
