"""A ledger and a raw bucket of moto, and no waiting."""

import boto3
import pytest
from moto import mock_aws

from cartlake.aws import clients as aws
from cartlake.ledger import Ledger
from sources.files import RawBucket
from sources.sync import Syncer


@pytest.fixture
def syncer(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    aws.client.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="raw")
        keys = {"pk": "HASH", "sk": "RANGE"}
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        )
        yield Syncer(Ledger("ledger", aws.client("dynamodb")).sources, RawBucket("raw"))
    aws.client.cache_clear()


@pytest.fixture
def written():
    """The rows of all files of the raw bucket, in the order of their keys."""

    def rows():
        listed = boto3.client("s3").list_objects_v2(Bucket="raw").get("Contents", [])
        return [row for one in listed for row in RawBucket("raw").find(one["Key"]).rows]

    return rows
