"""S3 and DynamoDB: sizes of keys, tags, policies, items and transactions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused
from localaws.conformance.services.dynamodb import table

if TYPE_CHECKING:
    from localaws.conformance.target import Target


@check("s3", "a key has at most 1,024 bytes")
def key_length(target: Target) -> None:
    s3, bucket = target.client("s3"), target.bucket()
    s3.put_object(Bucket=bucket, Key="k" * 1_024, Body=b"")
    refused("KeyTooLongError", s3.put_object, Bucket=bucket, Key="ü" * 513, Body=b"")


@check("s3", "an object has at most ten tags, of 128 and 256 characters")
def object_tags(target: Target) -> None:
    s3, bucket = target.client("s3"), target.bucket()
    eleven = "&".join(f"k{number}=v" for number in range(11))
    refused(("BadRequest", "InvalidTag"), s3.put_object, Bucket=bucket, Key="k", Body=b"", Tagging=eleven)
    for tag in ("k" * 129 + "=v", "k=" + "v" * 257, "k=%3C", "a=1&a=2"):
        codes = ("InvalidTag", "InvalidArgument")
        refused(codes, s3.put_object, Bucket=bucket, Key="k", Body=b"", Tagging=tag)


@check("s3", "metadata of an object has at most 2 KB")
def metadata(target: Target) -> None:
    s3, bucket = target.client("s3"), target.bucket()
    refused("MetadataTooLarge", s3.put_object, Bucket=bucket, Key="k", Body=b"", Metadata={"a": "x" * 2_049})


@check("s3", "at most 1,000 objects are deleted at a time")
def batch_delete(target: Target) -> None:
    keys = [{"Key": str(number)} for number in range(1_001)]
    refused("MalformedXML", target.client("s3").delete_objects, Bucket=target.bucket(), Delete={"Objects": keys})


def _bucket_policy(resource: Any, **changes: Any) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | condition | changes]})


@check("s3", "a bucket's policy has at most 20 KB")
def bucket_policy(target: Target) -> None:
    s3, bucket = target.client("s3"), target.bucket()
    resources = [f"arn:aws:s3:::{bucket}/{number:0>80}" for number in range(200)]
    codes = ("PolicyTooLarge", "MalformedPolicy", "InvalidPolicyDocument")
    refused(codes, s3.put_bucket_policy, Bucket=bucket, Policy=_bucket_policy(resources))


@check("s3", "a bucket's policy is of this bucket, with actions that fit its resources")
def policy_resources(target: Target) -> None:
    s3, bucket = target.client("s3"), target.bucket()
    other = _bucket_policy("arn:aws:s3:::conformance-other/*")
    refused("MalformedPolicy", s3.put_bucket_policy, Bucket=bucket, Policy=other)
    unfit = _bucket_policy(f"arn:aws:s3:::{bucket}/*", Action="s3:ListBucket")
    refused("MalformedPolicy", s3.put_bucket_policy, Bucket=bucket, Policy=unfit)


@check("dynamodb", "an item has at most 400 KB")
def item_size(target: Target) -> None:
    item = {"pk": {"S": "a"}, "x": {"S": "y" * 410_000}}
    refused("ValidationException", table(target).put_item, TableName=target.name, Item=item)


@check("dynamodb", "an update does not make an item larger than 400 KB")
def updated_size(target: Target) -> None:
    client = table(target)
    client.put_item(TableName=target.name, Item={"pk": {"S": "a"}, "x": {"S": "y" * 300_000}})
    request = {"TableName": target.name, "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET z = :z"}
    more = {":z": {"S": "y" * 150_000}}
    refused("ValidationException", client.update_item, **request, ExpressionAttributeValues=more)


@check("dynamodb", "a batch has at most 25 writes, each of another item")
def batch_write(target: Target) -> None:
    client = table(target)
    puts = [{"PutRequest": {"Item": {"pk": {"S": str(number)}}}} for number in range(26)]
    refused("ValidationException", client.batch_write_item, RequestItems={target.name: puts})
    refused("ValidationException", client.batch_write_item, RequestItems={target.name: [puts[0], puts[0]]})


@check("dynamodb", "a transaction has at most 100 items, each once, and 4 MB")
def transaction_size(target: Target) -> None:
    client = table(target)

    def puts(count: int, text: str = "") -> list[Any]:
        return [
            {"Put": {"TableName": target.name, "Item": {"pk": {"S": str(number)}, "x": {"S": text}}}}
            for number in range(count)
        ]

    refused("ValidationException", client.transact_write_items, TransactItems=puts(101))
    refused("ValidationException", client.transact_write_items, TransactItems=[*puts(1), *puts(1)])
    refused("ValidationException", client.transact_write_items, TransactItems=puts(12, "y" * 390_000))


@check("dynamodb", "names and values that an expression does not use are refused")
def unused(target: Target) -> None:
    request = {"TableName": target.name, "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET x = :x"}
    values = {":x": {"N": "1"}, ":y": {"N": "2"}}
    refused("ValidationException", table(target).update_item, **request, ExpressionAttributeValues=values)


@check("dynamodb", "reserved words are refused in expressions")
def reserved(target: Target) -> None:
    request = {"TableName": target.name, "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET status = :x"}
    values = {":x": {"N": "1"}}
    refused("ValidationException", table(target).update_item, **request, ExpressionAttributeValues=values)


@check("dynamodb", "a query answers at most 1 MB, and says where to continue")
def pages(target: Target) -> None:
    client = table(target)
    for number in range(4):
        client.put_item(TableName=target.name, Item={"pk": {"S": str(number)}, "x": {"S": "y" * 300_000}})
    first = client.scan(TableName=target.name)
    equal((len(first["Items"]) < 4, "LastEvaluatedKey" in first), (True, True))  # noqa: PLR2004 -- items above
