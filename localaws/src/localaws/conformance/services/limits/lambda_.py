"""Lambda: sizes of payloads, variables and code, layers, and settings of queues that a function cannot be fed from."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, mentions, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target

SOURCE = "def handler(event, context):\n    return 'x' * event.get('bytes', 0)\n"
INVALID = "InvalidParameterValueException"


def archive(files: dict[str, str]) -> bytes:
    """Return a zip of files, by their names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return content.getvalue()


def _request(target: Target, **settings: Any) -> dict[str, Any]:
    code = {"ZipFile": archive({"app.py": SOURCE})}
    return {"FunctionName": target.name, "Runtime": "python3.11", "Handler": "app.handler", "Role": target.role,
            "Code": code, **settings}  # fmt: skip


def _function(target: Target, **settings: Any) -> Any:
    client = target.client("lambda")
    client.create_function(**_request(target, **settings))
    target.later(client.delete_function, FunctionName=target.name)
    target.eventually(
        lambda: client.get_function_configuration(FunctionName=target.name)["State"], lambda state: state == "Active"
    )
    return client


def _queue(target: Target, suffix: str = "", **attributes: str) -> str:
    sqs = target.client("sqs")
    url = sqs.create_queue(QueueName=f"{target.name}{suffix}", Attributes=attributes)["QueueUrl"]
    target.later(sqs.delete_queue, QueueUrl=url)
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


@check("lambda", "a function has at most five layers")
def layers(target: Target) -> None:
    arns = [f"arn:aws:lambda:{target.region}:000000000000:layer:conformance-{number}:1" for number in range(6)]
    error = refused(INVALID, target.client("lambda").create_function, **_request(target, Layers=arns))
    mentions(error, "5 layers")


@check("lambda", "a function runs at most 900 seconds")
def timeout(target: Target) -> None:
    refused("ValidationException", target.client("lambda").create_function, **_request(target, Timeout=901))


@check("lambda", "variables have at most 4 KB")
def variables(target: Target) -> None:
    settings = {"Environment": {"Variables": {f"A{number}": "x" * 100 for number in range(50)}}}
    error = refused(INVALID, target.client("lambda").create_function, **_request(target, **settings))
    mentions(error, "4KB")


@check("lambda", "variables do not have the names that Lambda sets itself")
def reserved_variables(target: Target) -> None:
    settings = {"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}}
    error = refused(INVALID, target.client("lambda").create_function, **_request(target, **settings))
    mentions(error, "AWS_REGION")


@check("lambda", "code and layers have at most 250 MB together, unzipped")
def unzipped(target: Target) -> None:
    code = {"ZipFile": archive({"app.py": SOURCE, "large.bin": "0" * 263_000_000})}
    error = refused(INVALID, target.client("lambda").create_function, **_request(target, Code=code))
    mentions(error, "262144000")


@check("lambda", "an invocation takes 6 MB, an event 1 MB")
def payloads(target: Target) -> None:
    client = _function(target)
    large = json.dumps({"x": "y" * 1_100_000}).encode()
    client.invoke(FunctionName=target.name, Payload=large)
    request = {"FunctionName": target.name, "InvocationType": "Event"}
    refused(("RequestEntityTooLargeException", "413"), client.invoke, **request, Payload=large)
    larger = json.dumps({"x": "y" * 6_300_000}).encode()
    refused(("RequestEntityTooLargeException", "413"), client.invoke, FunctionName=target.name, Payload=larger)


@check("lambda", "a result has at most 6 MB")
def result(target: Target) -> None:
    answer = _function(target).invoke(FunctionName=target.name, Payload=b'{"bytes": 6300000}')
    equal(json.loads(answer["Payload"].read())["errorType"], "Function.ResponseSizeTooLarge")


@check("lambda", "a queue whose visibility timeout is shorter than the function's timeout does not feed it")
def visibility(target: Target) -> None:
    client, queue = _function(target, Timeout=60), _queue(target, VisibilityTimeout="30")
    request = {"EventSourceArn": queue, "FunctionName": target.name}
    error = refused(INVALID, client.create_event_source_mapping, **request)
    mentions(error, "visibility timeout: 30")


@check("lambda", "batches of more than ten messages need a window to gather them")
def batch_window(target: Target) -> None:
    client, queue = _function(target), _queue(target)
    request = {"EventSourceArn": queue, "FunctionName": target.name, "BatchSize": 11}
    error = refused(INVALID, client.create_event_source_mapping, **request)
    mentions(error, "batch window")


@check("lambda", "batches of a first-in-first-out queue have at most ten messages")
def fifo_batch(target: Target) -> None:
    client, queue = _function(target), _queue(target, ".fifo", FifoQueue="true")
    request = {"EventSourceArn": queue, "FunctionName": target.name, "BatchSize": 11}
    refused(INVALID, client.create_event_source_mapping, **request, MaximumBatchingWindowInSeconds=1)
