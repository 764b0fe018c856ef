"""One DynamoDB table with conditional writes. A condition that fails is expected, and raises ConflictError."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import And, Attr, ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, error_code
from cartlake.errors import CartlakeError, TransientError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

MAX_TRANSACTION: Final = 100
MAX_BATCH_GET: Final = 100
ATTEMPTS: Final = 6
"""Tries of a call that conflicts with other writers or is throttled; the wait doubles each time, from 20 ms."""

# Reasons of a cancelled transaction that may be gone at the next try.
_PASSING: Final = frozenset({"TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"})

ABSENT: Final = Attr("pk").not_exists()
PRESENT: Final = Attr("pk").exists()


class ConflictError(CartlakeError):
    """A condition was false, so nothing was written. `failed` has the positions of these actions."""

    def __init__(self, failed: frozenset[int]) -> None:
        super().__init__(
            f"Another call changed the ledger first: conditions {sorted(failed)} failed, nothing was written."
        )
        self.failed = failed


@dataclass(frozen=True)
class Key:
    pk: str
    sk: str


@dataclass(frozen=True)
class Action:
    """One write of a transaction, or with kind `ConditionCheck` only a condition."""

    kind: str
    key: Key
    condition: ConditionBase | None = None
    attributes: Item = field(default_factory=dict)
    add: dict[str, int] = field(default_factory=dict)


def put(key: Key, attributes: Item, *, when: ConditionBase | None = None) -> Action:
    """Return the action that replaces a whole item. Attributes that are None are left out."""
    return Action("Put", key, when, attributes)


def update(key: Key, attributes: Item, *, when: ConditionBase, add: dict[str, int] | None = None) -> Action:
    """Return the action that sets attributes, removes those given as None, and adds to the counters in `add`."""
    return Action("Update", key, when, attributes, add or {})


def delete(key: Key, *, when: ConditionBase | None = None) -> Action:
    """Return the action that deletes an item. Without `when`, a missing item is no error."""
    return Action("Delete", key, when)


def check(key: Key, *, when: ConditionBase) -> Action:
    """Return the action that writes nothing, and fails the transaction when the condition is false."""
    return Action("ConditionCheck", key, when)


def all_of(*conditions: ConditionBase) -> ConditionBase:
    """Return the condition that is true when all of these are."""
    first, *others = conditions
    for other in others:
        first = And(first, other)
    return first


class Table:
    """The table. Reads are strongly consistent, except `query_index`: DynamoDB has no consistent reads of an index."""

    def __init__(self, name: str, client: "DynamoDBClient") -> None:
        self._name = name
        self._client = client

    def get(self, key: Key) -> Item | None:
        """Return an item, None if it does not exist."""
        with aws_errors():
            answer = self._client.get_item(TableName=self._name, Key=_pack(vars(key)), ConsistentRead=True)
        return _unpack(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        """Return items in the order of the keys given; those that do not exist are left out."""
        # DynamoDB returns the items of a batch in any order.
        found: dict[Key, Item] = {}
        for start in range(0, len(keys), MAX_BATCH_GET):
            for item in self._get_batch(keys[start : start + MAX_BATCH_GET]):
                found[Key(item["pk"], item["sk"])] = item
        return [found[key] for key in keys if key in found]

    def _get_batch(self, keys: Sequence[Key]) -> Iterator[Item]:
        wanted: list[Any] = [_pack(vars(key)) for key in keys]
        for wait in _waits():
            with aws_errors():
                answer = self._client.batch_get_item(
                    RequestItems={self._name: {"Keys": wanted, "ConsistentRead": True}}
                )
            yield from map(_unpack, answer["Responses"].get(self._name, []))
            left = answer.get("UnprocessedKeys", {}).get(self._name)
            if not left:
                return
            wanted = list(left["Keys"])
            time.sleep(wait)
        raise TransientError(f"DynamoDB left {len(wanted)} items of {self._name} unread after {ATTEMPTS} tries.")

    def query(self, pk: str, sk_prefix: str = "", *, limit: int | None = None) -> list[Item]:
        """Return the items under one partition key, by ascending sort key, at most `limit`."""
        values = {":pk": pk} | ({":sk": sk_prefix} if sk_prefix else {})
        expression = "pk = :pk" + (" AND begins_with(sk, :sk)" if sk_prefix else "")
        return self._pages(limit, KeyConditionExpression=expression, Values=values, ConsistentRead=True)

    def query_index(
        self,
        gsi1pk: str,
        *,
        limit: int | None = None,
        newest_first: bool = False,
        between: tuple[str, str] | None = None,
    ) -> list[Item]:
        """Return the items under one key of the index `by_state`, which lags the table by well under a second.

        `between` are the first and the last sort key, both included.
        """
        bounds = {":first": between[0], ":last": between[1]} if between else {}
        return self._pages(
            limit,
            KeyConditionExpression="gsi1pk = :pk" + (" AND gsi1sk BETWEEN :first AND :last" if bounds else ""),
            Values={":pk": gsi1pk, **bounds},
            IndexName="by_state",
            ScanIndexForward=not newest_first,
        )

    def scan(self) -> Iterator[Item]:
        """Yield every item of the table, page by page. Reads all of it: for rare commands, never for runs."""
        request: dict[str, Any] = {"TableName": self._name, "ConsistentRead": True}
        while True:
            with aws_errors():
                page = self._client.scan(**request)
            yield from map(_unpack, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _pages(self, limit: int | None, **request: Any) -> list[Item]:
        values = _pack(request.pop("Values"))
        found: list[Item] = []
        while True:
            if limit is not None:
                # A page ends at 1 MB, so it may have fewer items than the limit.
                request["Limit"] = limit - len(found)
            with aws_errors():
                page = self._client.query(TableName=self._name, ExpressionAttributeValues=values, **request)
            found += map(_unpack, page["Items"])
            if "LastEvaluatedKey" not in page or len(found) == limit:
                return found
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def write(self, *actions: Action) -> None:
        """Apply all actions or none. Raises ConflictError if a condition is false, TransientError if always busy."""
        members = [_member(self._name, action) for action in actions]
        for wait in _waits():
            try:
                self._transact(members)
            except _BusyError:
                time.sleep(wait)
            else:
                return
        raise TransientError(f"{self._name} was busy with other writes during all {ATTEMPTS} tries; try again.")

    def try_write(self, action: Action) -> bool:
        """Apply one action. Returns False, with nothing written, if its condition is false."""
        try:
            self.write(action)
        except ConflictError:
            return False
        return True

    def write_each(self, actions: Sequence[Action]) -> None:
        """Apply all actions in one transaction; if the condition of one is false, apply the others one by one."""
        try:
            self.write(*actions)
        except ConflictError:
            for action in actions if len(actions) > 1 else ():
                self.write_each([action])

    def _transact(self, members: list[Any]) -> None:
        try:
            with aws_errors():
                self._client.transact_write_items(TransactItems=members)
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            failed = frozenset(n for n, code in enumerate(reasons) if code == "ConditionalCheckFailed")
            # A condition that failed is final; a conflict with another transaction is worth a retry.
            if failed:
                raise ConflictError(failed) from error
            if _PASSING & set(reasons):
                raise _BusyError from error
            raise


class _BusyError(CartlakeError):
    """Another transaction holds one of the items at this moment."""


def _waits() -> Iterator[float]:
    for attempt in range(ATTEMPTS):
        # Random, so that two writers that conflict do not meet again at every try.
        yield random.uniform(0.5, 1) * 0.02 * 2**attempt  # noqa: S311 - jitter, not a secret


def _member(table: str, action: Action) -> dict[str, Any]:
    names: dict[str, str] = {}
    values: Item = {}
    body: dict[str, Any] = {"TableName": table}
    if action.kind == "Put":
        body["Item"] = _pack({**vars(action.key), **action.attributes})
    else:
        body["Key"] = _pack(vars(action.key))
    if action.kind == "Update":
        body["UpdateExpression"] = _update_expression(action, names, values)
    if action.condition is not None:
        built = ConditionExpressionBuilder().build_expression(action.condition)
        body["ConditionExpression"] = built.condition_expression
        names |= built.attribute_name_placeholders
        values |= built.attribute_value_placeholders
    if names:
        body["ExpressionAttributeNames"] = names
    if values:
        body["ExpressionAttributeValues"] = _pack(values)
    return {action.kind: body}


def _update_expression(action: Action, names: dict[str, str], values: Item) -> str:
    # Placeholders start with #u and :u; the condition builder uses #n and :v.
    sets, removes, adds = [], [], []
    for n, (name, value) in enumerate(action.attributes.items()):
        names[f"#u{n}"] = name
        if value is None:
            removes.append(f"#u{n}")
        else:
            values[f":u{n}"] = value
            sets.append(f"#u{n} = :u{n}")
    for name, value in action.add.items():
        names[f"#a_{name}"], values[f":a_{name}"] = name, value
        adds.append(f"#a_{name} :a_{name}")
    clauses = {"SET": sets, "REMOVE": removes, "ADD": adds}
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def _pack(values: Item) -> Any:
    pack = TypeSerializer().serialize
    return {name: pack(value) for name, value in values.items() if value is not None}


def _unpack(item: Any) -> Item:
    unpack = TypeDeserializer().deserialize
    return {name: unpack(value) for name, value in item.items()}
