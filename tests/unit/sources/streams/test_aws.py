"""What DynamoDB and S3 do for a read: conditions on writes, and metadata beside files."""

from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from cartlake.aws import clients as aws
from cartlake.ledger import Ledger
from cartlake.ledger.items.leases import SyncReplacedError
from cartlake.ledger.streams import Claim, Incarnation, Partition, StreamState
from cartlake.ledger.streams.states import Totals
from sources.files import ForeignFileError
from sources.streams.files import Landed, RangeBucket, range_key
from sources.streams.lines import Lines

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
STATE = StreamState(topic="shop.clicks", dataset="clickstream", incarnation=2)
CLAIM = Claim(partition=3, first=10, last=19)
KEY = "incoming/clickstream/stream/shop.clicks/i0002/p00003/00000000000000000010-00000000000000000019.jsonl"
LINES = Lines(b'{"a": 1}\n{"_poison": {}}\n', 2, 1)


@pytest.fixture(autouse=True)
def account(monkeypatch):
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
        yield
    aws.client.cache_clear()


def test_a_range_is_written_once_and_says_what_it_holds():
    bucket = RangeBucket("raw")

    assert range_key(STATE, CLAIM) == KEY
    assert bucket.find(KEY) is None
    assert bucket.create(KEY, LINES)
    assert not bucket.create(KEY, Lines(b"other\n", 1, 0))
    assert bucket.find(KEY) == Landed(2, 1)
    assert boto3.client("s3").get_object(Bucket="raw", Key=KEY)["Body"].read() == LINES.body


def test_a_file_that_no_reader_wrote_is_no_range():
    boto3.client("s3").put_object(Bucket="raw", Key=KEY, Body=b"{}")

    with pytest.raises(ForeignFileError, match="something else than the reader"):
        RangeBucket("raw").find(KEY)


def test_the_state_of_a_topic_is_kept_as_it_is():
    ledger = Ledger("ledger", aws.client("dynamodb")).streams
    gone = Incarnation(number=1, topic_id=None, totals=Totals(records=3), unread=1, replaced_at="2026-03-01T08:00:00Z")
    wanted = STATE.model_copy(
        update={"partitions": {12: Partition(next=2**40, end=2**40)}, "claim": CLAIM, "past": [gone]}
    )

    saved = ledger.save(wanted, NOW)

    assert ledger.get("shop.clicks") == saved
    assert [one.topic for one in ledger.all()] == ["shop.clicks"]
    with pytest.raises(SyncReplacedError, match=r"stream shop\.clicks"):
        ledger.save(wanted, NOW)
