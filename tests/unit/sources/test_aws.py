"""What DynamoDB and S3 do for a sync: conditions on writes, and metadata beside files."""

from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from cartlake.aws import clients as aws
from cartlake.ledger import Ledger
from cartlake.ledger.sources import OpenSync, SourceBusyError, SyncReplacedError
from sources.files import ForeignFileError, RawBucket, WrittenFile

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
KEY = "incoming/records/sync/x/000001.jsonl"
FILE = WrittenFile(({"id": "1", "name": "Zoë\u2028\n"},), "1", "2026-03-01T08:00:00.000000Z", 2)


@pytest.fixture
def bucket(monkeypatch):
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
        yield RawBucket("raw")
    aws.client.cache_clear()


@pytest.fixture
def ledger(bucket):
    return Ledger("ledger", aws.client("dynamodb")).sources


def test_a_file_is_written_once_and_read_as_it_was_written(bucket):
    assert bucket.find(KEY) is None
    assert bucket.create(KEY, FILE)
    assert not bucket.create(KEY, WrittenFile((), None, None, 0))
    assert bucket.find(KEY) == FILE


def test_a_file_of_somebody_else_is_refused(bucket):
    boto3.client("s3").put_object(Bucket="raw", Key=KEY, Body=b"{}")

    with pytest.raises(ForeignFileError, match=r"s3://raw/incoming/records/sync/x/000001.jsonl was written"):
        bucket.find(KEY)


def test_a_state_is_kept_as_it_was_saved(ledger):
    taken = ledger.take("records", "me", NOW)
    opened = OpenSync(sync_id="s", since=None, until="2026-03-01T08:00:00.000000Z", cursor="1", validators={"u": '"t"'})

    saved = ledger.release(taken.model_copy(update={"open": opened, "watermark": "w"}), NOW)

    assert ledger.get("records") == saved
    assert ledger.all() == [saved]
    assert (saved.revision, saved.holder, saved.opened.cursor) == (2, None, "1")


def test_of_two_syncs_only_the_one_that_wrote_last_goes_on(ledger):
    first = ledger.take("records", "first", NOW)
    with pytest.raises(SourceBusyError):
        ledger.take("records", "second", NOW)
    later = NOW.replace(hour=9)
    second = ledger.take("records", "second", later)

    with pytest.raises(SyncReplacedError):
        ledger.save(first, later)
    assert ledger.save(second, later).revision == 3
