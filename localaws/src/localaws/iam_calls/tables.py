"""DynamoDB: a transaction needs the action of each of its items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from localaws.iam_calls.model import Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Lookups

ITEM_ACTIONS: Final = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
"""Member of an item of a transaction to its action."""


def needed(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to DynamoDB needs."""
    if call.operation in {"TransactWriteItems", "TransactGetItems"}:
        return list(dict.fromkeys(_of_item(call, item) for item in call.members.get("TransactItems") or []))
    if call.operation in {"BatchGetItem", "BatchWriteItem"}:
        return [_on(call, call.operation, table) for table in call.members.get("RequestItems") or {}]
    table, index = call.text("TableName", "ResourceArn"), call.text("IndexName")
    if not table:
        return [Needed(f"dynamodb:{call.operation}")]
    return [_on(call, call.operation, f"{table}/index/{index}" if index else table)]


def _of_item(call: Call, item: dict[str, Any]) -> Needed:
    member = next(name for name in item if name in ITEM_ACTIONS)
    return _on(call, ITEM_ACTIONS[member], str(item[member].get("TableName")))


def _on(call: Call, action: str, table: str) -> Needed:
    return Needed(f"dynamodb:{action}", table if table.startswith("arn:") else call.arn(f"table/{table}"))
