"""`StartMessageMoveTask`, `ListMessageMoveTasks`, `CancelMessageMoveTask`: move messages out of dead-letter queues."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from ministack.services import sqs


def move_messages(source: dict[str, Any], sources_of: dict[str, dict[str, Any]], target: dict[str, Any] | None) -> int:
    """Move every visible message of a dead-letter queue to `target`, or without one to the queue it came from.

    `sources_of` are the queues whose DLQ this is, by ARN. Messages that came from none of them are not moved.
    Returns how many messages were moved.
    """
    now = time.time()
    only = next(iter(sources_of.values())) if len(sources_of) == 1 else None
    remaining, moved = [], 0
    for message in source["messages"]:
        origin = sources_of.get(message.get("sys", {}).get("DeadLetterQueueSourceArn", ""))
        queue = target or origin or only
        if message["visible_at"] > now or queue is None:
            remaining.append(message)
            continue
        queue["messages"].append({**message, "receipt_handle": None, "receive_count": 0, "visible_at": now})
        moved += 1
    source["messages"] = remaining
    return moved


def install() -> None:
    """Register the three actions."""
    tasks: dict[str, list[dict[str, Any]]] = {}

    def sources_of(arn: str) -> dict[str, dict[str, Any]]:
        found = {}
        for queue in sqs._queues.values():
            policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
            if policy.get("deadLetterTargetArn") == arn:
                found[queue["attributes"]["QueueArn"]] = queue
        return found

    def start(data: dict[str, Any], _url: str) -> dict[str, Any]:
        arn = data.get("SourceArn", "")
        source, sources = sqs._queue_by_arn(arn), sources_of(arn)
        if source is None:
            raise sqs._Err(
                "ResourceNotFoundException", "The resource that you specified for the SourceArn does not exist."
            )
        if not sources:
            raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
        target = sqs._queue_by_arn(data["DestinationArn"]) if data.get("DestinationArn") else None
        if data.get("DestinationArn") and target is None:
            raise sqs._Err("ResourceNotFoundException", "The destination queue does not exist.")
        with sqs._queues_lock:  # Lambda's pollers move messages to the queue from threads of their own
            waiting = len(source["messages"])
            moved = move_messages(source, sources, target)
        task = {
            "TaskHandle": uuid.uuid4().hex,
            "Status": "COMPLETED",
            "SourceArn": arn,
            "DestinationArn": data.get("DestinationArn"),
            "ApproximateNumberOfMessagesToMove": waiting,
            "ApproximateNumberOfMessagesMoved": moved,
            "StartedTimestamp": int(time.time() * 1000),
        }
        tasks.setdefault(arn, []).insert(0, {name: value for name, value in task.items() if value is not None})
        sqs.esm_wake.set()
        return {"TaskHandle": task["TaskHandle"]}

    def listed(data: dict[str, Any], _url: str) -> dict[str, Any]:
        found = tasks.get(data.get("SourceArn", ""), [])[: int(data.get("MaxResults") or 1)]
        return {"Results": [{k: v for k, v in task.items() if k != "TaskHandle"} for task in found]}

    def cancel(_data: dict[str, Any], _url: str) -> dict[str, Any]:
        raise sqs._Err("ResourceNotFoundException", "Only running tasks can be cancelled, and this one has ended.")

    sqs._HANDLERS |= {
        "StartMessageMoveTask": start,
        "ListMessageMoveTasks": listed,
        "CancelMessageMoveTask": cancel,
    }
