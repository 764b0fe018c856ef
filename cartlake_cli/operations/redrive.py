"""Sends dead letters again. Each is deleted only after it was sent, so one may be sent twice, but none is lost."""

import json
from collections.abc import Iterator
from typing import Any

from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError


def move_incoming(lake: Lake) -> int:
    """Move S3 events back to the queue they came from; returns how many.

    Unlike the message move task of SQS, this ends when the queue is empty, so the number is known.
    """
    sqs, moved = lake.client("sqs"), 0
    for message in _letters(lake, lake.outputs.incoming_dlq_url):
        sqs.send_message(QueueUrl=lake.outputs.incoming_queue_url, MessageBody=message["Body"])
        moved += 1
    return moved


def invoke_again(lake: Lake) -> int:
    """Invoke the function of each dead letter with its event, asynchronously as before; returns how many.

    Raises CommandError for a message that names no function; it stays in the queue.
    """
    functions, moved = lake.client("lambda"), 0
    for message in _letters(lake, lake.outputs.events_dlq_url):
        function, event = destination(message)
        functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())
        moved += 1
    return moved


def destination(message: dict[str, Any]) -> tuple[str, Any]:
    """Return the function ARN and the event of a dead letter, in either of AWS's two formats.

    Lambda's failure destination wraps the event ("Asynchronous invocation record" in its developer guide);
    EventBridge sends the bare event and names the target in a message attribute ("Using dead-letter queues").
    """
    body = json.loads(message["Body"])
    if isinstance(body, dict) and "requestPayload" in body:
        return str(body["requestContext"]["functionArn"]), body["requestPayload"]
    target = message.get("MessageAttributes", {}).get("TARGET_ARN", {}).get("StringValue")
    if target is None:
        msg = f"Message {message['MessageId']} names no function to deliver it to: {message['Body'][:200]}"
        raise CommandError(msg)
    return str(target), body


def _letters(lake: Lake, url: str) -> Iterator[dict[str, Any]]:
    """Yield every message. Each is deleted when the caller asks for the next, so not if the caller fails before."""
    sqs = lake.client("sqs")
    request = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1, "MessageAttributeNames": ["All"]}
    # A second of waiting makes SQS ask all its servers; a shorter call may miss messages.
    while messages := sqs.receive_message(**request).get("Messages"):
        for message in messages:
            yield message
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
