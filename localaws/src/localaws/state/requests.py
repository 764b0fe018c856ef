"""What a request may change, told from its target, method and path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

READS: Final = ("Get", "List", "Describe", "BatchGet", "Query", "Scan", "Search", "Filter", "Lookup")
"""Beginnings of the names of actions that change nothing."""

DATA_ACTIONS: Final = frozenset(
    {
        *("PutEvents", "Publish", "PublishBatch", "StartExecution", "StartQueryExecution"),
        *("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"),
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
    }
)
"""Actions that look through all records of a store, such as rules, and change none of those they pass."""

_FORM_ACTION: Final = re.compile(rb"(?:^|&)Action=(\w+)")
_SIGNED_SERVICE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_S3_CONTROL: Final = "/v20180820/"
_INVOCATION: Final = re.compile(r"/functions/[^/]+/invocations$")


@dataclass(frozen=True, slots=True)
class Effects:
    """What a request may change: nothing if not `changes`; of `skip` no service; `scans` as RequestMarks has it."""

    changes: bool
    scans: bool
    skip: frozenset[str]


def effects(method: str, path: str, headers: dict[str, str], body: bytes) -> Effects:
    """Return what a request may change. When in doubt, it may change everything."""
    action = _action(headers, body)
    changes = not action.startswith(READS) if action else method not in {"GET", "HEAD"}
    signed = _SIGNED_SERVICE.search(headers.get("authorization", ""))
    return Effects(changes, action not in DATA_ACTIONS, _unchanged(signed[1] if signed else "", path))


def _action(headers: dict[str, str], body: bytes) -> str:
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        found = _FORM_ACTION.search(body)
        return found[1].decode() if found else ""
    return ""


def _unchanged(service: str, path: str) -> frozenset[str]:
    """Return the services whose records a request reads but cannot change."""
    skip = set() if service in {"iam", ""} else {"iam"}  # read to check what the caller may do
    if service == "s3" and "/" in path.strip("/") and not path.startswith(_S3_CONTROL):
        skip.add("s3")  # objects are files of their own, with all their metadata
    if service == "lambda" and _INVOCATION.search(path):
        skip.add("lambda")
    return frozenset(skip)
