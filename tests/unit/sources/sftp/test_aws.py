"""What S3 and DynamoDB do for copies: nothing half is shown, nothing is overwritten, and claims are taken once."""

import io
import os
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cartlake.aws import clients as aws
from cartlake.ledger import Ledger
from cartlake.ledger.sftp import LandedContent, ListedFile, ListedState
from sources.files import ForeignFileError
from sources.sftp.bucket import CopyBucket

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
MB = 1024**2
BODY = os.urandom(11 * MB)
FILE = ListedFile(file_id="f" * 64, path="a.csv", size=4, modified=1, seen_at="2026-03-01T08:00:00.000000Z")


def content(size, key="incoming/transactions/sftp/acme/ab/März.csv"):
    return LandedContent(sha256="ab" * 32, key=key, path="in/März 1.csv", size=size, claimed_at="2026")


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    aws.client.cache_clear()
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="raw")
        yield client
    aws.client.cache_clear()


@pytest.fixture
def ledger(s3):
    keys = {"pk": "HASH", "sk": "RANGE"}
    boto3.client("dynamodb").create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
    )
    return Ledger("ledger", aws.client("dynamodb")).sftp


def bucket():
    return CopyBucket("raw", part_bytes=5 * MB, one_put_bytes=6 * MB)


@pytest.mark.parametrize("body", [BODY[:1000], BODY], ids=["one put", "three parts"])
def test_a_copy_is_written_once_with_its_name_and_hash_beside_it(s3, body):
    of = content(len(body))
    bucket().create(of, io.BytesIO(body))
    bucket().create(of, io.BytesIO(bytes(len(body))))

    found = s3.get_object(Bucket="raw", Key=of.key)
    assert found["Body"].read() == body
    assert found["Metadata"] == {"cartlake-sftp-name": "in/M%C3%A4rz%201.csv", "cartlake-sha256": "ab" * 32}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="raw")


@pytest.mark.parametrize("size", [1000, len(BODY)], ids=["one put", "three parts"])
def test_an_object_of_somebody_else_in_the_place_of_a_copy_is_said(s3, size):
    s3.put_object(Bucket="raw", Key=content(0).key, Body=b"other")

    with pytest.raises(ForeignFileError, match=r"März.csv has 5 bytes and should be a copy of 'in/März 1.csv'"):
        bucket().create(content(size), io.BytesIO(BODY[:size]))


def test_parts_of_an_upload_that_fails_are_removed_and_nothing_is_shown(s3, monkeypatch):
    refused = ClientError(
        {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "UploadPart"
    )
    client, calls = aws.client("s3"), []

    def upload_part(**request):
        calls.append(request["PartNumber"])
        if len(calls) == 2:
            raise refused
        return type(client).upload_part(client, **request)

    monkeypatch.setattr(client, "upload_part", upload_part)
    with pytest.raises(ClientError):
        bucket().create(content(len(BODY)), io.BytesIO(BODY))

    assert "Uploads" not in s3.list_multipart_uploads(Bucket="raw")
    assert "Contents" not in s3.list_objects_v2(Bucket="raw")


def test_a_content_is_claimed_once_and_landed_with_its_file(ledger):
    first = content(4)
    assert ledger.claim("acme", "transactions", first) == first
    assert ledger.claim("acme", "transactions", content(4, "another")) == first
    assert ledger.claim("acme", "clickstream", content(4, "another")).key == "another"
    landed = first.model_copy(update={"landed_at": "2026"})
    read = FILE.model_copy(update={"state": ListedState.READ, "key": first.key})

    ledger.landed("acme", "transactions", landed, read)

    assert ledger.claim("acme", "transactions", first) == landed
    assert ledger.files("acme") == {FILE.file_id: read}
    assert ledger.files("other") == {}


def test_files_are_noted_and_forgotten(ledger):
    files = [FILE.model_copy(update={"file_id": f"{number:064}"}) for number in range(3)]
    ledger.note("acme", files)
    assert list(ledger.files("acme").values()) == files

    ledger.note("acme", (), [one.file_id for one in files[1:]])
    assert list(ledger.files("acme")) == [files[0].file_id]
    state = ledger.release(ledger.take("acme", "me", NOW), NOW)
    assert ledger.all() == [state]
