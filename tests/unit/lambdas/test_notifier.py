"""Somebody hears of each rejected file, and of a broken export ten times an hour, not thousands of times."""

import importlib
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from cartlake.ledger import Ledger
from lambdas.notifier.domain import MOST_AN_HOUR, Rejected, mail_of

FILE = Rejected("vendors", "f" * 32, "incoming/vendors/a.csv", "missing_columns", "Column vendor_id is missing.")
NOON = datetime(2026, 1, 31, 12, 5, tzinfo=UTC)


def test_a_mail_names_file_reason_and_what_to_do():
    mail = mail_of(FILE, "prod", 1)

    assert mail.subject == "Cartlake prod: a file of vendors was rejected (missing_columns)"
    assert FILE.key in mail.text
    assert FILE.message in mail.text
    assert f"lake --env prod quarantine show {FILE.file_id}" in mail.text
    assert "Further files" not in mail.text


def test_the_last_mail_of_an_hour_says_so_and_then_there_are_none():
    assert "Further files of vendors this hour send no mail" in mail_of(FILE, "prod", MOST_AN_HOUR).text
    assert mail_of(FILE, "prod", MOST_AN_HOUR + 1) is None


@pytest.mark.parametrize("name", ["x" * 300, "zeile\nzwei", "größe"])
def test_a_subject_is_one_that_sns_takes(name):
    subject = mail_of(Rejected(name, "f", "k", "r", "m"), "prod", 1).subject

    assert len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()


def test_notices_are_counted_by_dataset_and_hour(account):
    notices = Ledger("ledger", account.dynamodb).notices

    assert [notices.next("vendors", NOON) for _ in range(3)] == [1, 2, 3]
    assert notices.next("orders", NOON) == 1
    assert notices.next("vendors", NOON + timedelta(hours=1)) == 1


@pytest.fixture
def published(account, monkeypatch, lambda_context):
    """Hand a rejected file to the function; returns the messages that the topic delivered."""
    topic = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = boto3.client("sqs").create_queue(QueueName="mails")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    monkeypatch.setenv("ALERTS_TOPIC_ARN", topic)
    handler = importlib.import_module("lambdas.notifier.handler")
    handler.settings.cache_clear()

    def send():
        event = {
            "version": "0",
            "id": "1",
            "detail-type": "FileRejected",
            "source": "cartlake",
            "account": "123456789012",
            "time": "2026-11-20T12:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "dataset": FILE.dataset,
                "file_id": FILE.file_id,
                "bucket": "raw",
                "key": FILE.key,
                "reason": FILE.reason,
                "message": FILE.message,
                "reason_uri": "s3://quarantine/reason.json",
            },
        }
        handler.lambda_handler(event, lambda_context)

    def read():
        return boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])

    return send, read


def test_the_function_publishes_to_the_topic_and_stops_at_the_limit(published):
    send, read = published
    for _ in range(MOST_AN_HOUR + 2):
        send()

    assert len(read() + read()) == MOST_AN_HOUR
