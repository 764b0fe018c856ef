"""DynamoDB: conditions, transactions, indexes, types of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target

KEY: Any = [{"AttributeName": "pk", "KeyType": "HASH"}]
INDEX: Any = {
    "IndexName": "by_state",
    "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


def table(target: Target, indexes: Any = ()) -> Any:
    """Create a table with the key `pk`; it is deleted after the check. Returns a client."""
    names = ["pk", *(["state"] if indexes else [])]
    client = target.client("dynamodb")
    client.create_table(
        TableName=target.name,
        KeySchema=KEY,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": list(indexes)} if indexes else {}),
    )
    target.later(client.delete_table, TableName=target.name)
    target.eventually(
        lambda: client.describe_table(TableName=target.name)["Table"]["TableStatus"], lambda state: state == "ACTIVE"
    )
    return client


@check("dynamodb", "a condition that fails writes nothing, and shows the old item if asked to")
def condition(target: Target) -> None:
    client = table(target)
    client.put_item(TableName=target.name, Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    error = refused(
        "ConditionalCheckFailedException",
        client.put_item,
        TableName=target.name,
        Item={"pk": {"S": "a"}, "n": {"N": "2"}},
        ConditionExpression="attribute_not_exists(pk)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    answer: Any = error.response
    equal(answer["Item"]["n"], {"N": "1"})


@check("dynamodb", "a transaction with a failed condition writes nothing, and names the reason of each item")
def transaction(target: Target) -> None:
    client = table(target)
    put = {"TableName": target.name, "ConditionExpression": "attribute_not_exists(pk)"}
    client.put_item(TableName=target.name, Item={"pk": {"S": "a"}})
    items = [{"Put": {**put, "Item": {"pk": {"S": key}}}} for key in ("a", "b")]
    error: Any = refused("TransactionCanceledException", client.transact_write_items, TransactItems=items).response
    equal([reason["Code"] for reason in error["CancellationReasons"]], ["ConditionalCheckFailed", "None"])
    answer = client.get_item(TableName=target.name, Key={"pk": {"S": "b"}}, ConsistentRead=True)
    equal(answer.get("Item"), None)


@check("dynamodb", "an index has the items with its key, and follows their changes")
def index(target: Target) -> None:
    client = table(target, [INDEX])
    for key, state in (("a", "new"), ("b", "new"), ("a", "done")):
        client.put_item(TableName=target.name, Item={"pk": {"S": key}, "state": {"S": state}})
    client.put_item(TableName=target.name, Item={"pk": {"S": "c"}})

    def found() -> list[str]:
        answer = client.query(
            TableName=target.name,
            IndexName="by_state",
            KeyConditionExpression="#s = :s",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": {"S": "new"}},
        )
        return [item["pk"]["S"] for item in answer["Items"]]

    target.eventually(found, lambda keys: keys == ["b"])


@check("dynamodb", "a key of another type is refused")
def key_type(target: Target) -> None:
    client = table(target)
    refused("ValidationException", client.put_item, TableName=target.name, Item={"pk": {"N": "1"}})


@check("dynamodb", "numbers keep 38 digits, and more are refused")
def numbers(target: Target) -> None:
    client, digits = table(target), "1" * 38
    client.put_item(TableName=target.name, Item={"pk": {"S": "a"}, "n": {"N": digits}})
    equal(client.get_item(TableName=target.name, Key={"pk": {"S": "a"}})["Item"]["n"]["N"], digits)
    refused(
        "ValidationException", client.put_item, TableName=target.name, Item={"pk": {"S": "b"}, "n": {"N": f"{digits}1"}}
    )
