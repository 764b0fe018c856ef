"""SQS, SNS, EventBridge, Step Functions and Lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.iam_calls.model import Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Lookups

SINGLE_ACTIONS: Final = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "PublishBatch": "Publish",
}
"""Batches of SQS and SNS need the action of the single call."""

LAMBDA_ACTIONS: Final = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}
CALLBACKS: Final = frozenset({"SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"})
_MACHINE_MEMBERS: Final = ("stateMachineArn", "executionArn", "activityArn", "mapRunArn", "resourceArn")


def of_queue(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to SQS needs."""
    name = call.text("QueueUrl", "QueueName").rstrip("/").rpartition("/")[2]
    resource = call.arn(name) if name else "*"
    return [Needed(f"sqs:{SINGLE_ACTIONS.get(call.operation, call.operation)}", resource)]


def of_topic(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to SNS needs."""
    action = SINGLE_ACTIONS.get(call.operation, call.operation)
    return [Needed(f"sns:{action}", call.text("TopicArn", "TargetArn", "ResourceArn") or "*")]


def of_bus(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to EventBridge needs: for PutEvents each bus that the entries name."""
    if call.operation == "PutEvents":
        buses = dict.fromkeys(
            str(entry.get("EventBusName") or "default") for entry in call.members.get("Entries") or []
        )
        return [Needed("events:PutEvents", call.arn(f"event-bus/{bus}" if ":" not in bus else bus)) for bus in buses]
    rule, bus = call.text("Name", "Rule"), call.text("EventBusName")
    path = f"rule/{rule}" if bus in {"", "default"} else f"rule/{bus.rpartition('/')[2]}/{rule}"
    return [Needed(f"events:{call.operation}", call.arn(path) if rule else "*")]


def of_machine(call: Call, lookups: Lookups) -> list[Needed]:
    """Return what a call to Step Functions needs: callbacks need the state machine that waits."""
    resource = call.text(*_MACHINE_MEMBERS)
    if call.operation in CALLBACKS:
        resource = lookups.machine_of_token(call.text("taskToken"))
    return [Needed(f"states:{call.operation}", resource or "*")]


def of_function(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to Lambda needs; a call of a version or an alias needs that as resource."""
    action = LAMBDA_ACTIONS.get(call.operation, call.operation)
    name, qualifier = call.text("FunctionName"), call.text("Qualifier")
    if not name:
        return [Needed(f"lambda:{action}")]
    arn = name if name.startswith("arn:") else call.arn(f"function:{name.rpartition('function:')[2]}")
    return [Needed(f"lambda:{action}", f"{arn}:{qualifier}" if qualifier else arn)]
