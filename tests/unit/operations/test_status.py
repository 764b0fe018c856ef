"""The state of the lake as `lake status` counts it."""

from datetime import timedelta

import boto3
import pytest

from cartlake.ledger import Content, NextRun, ObjectVersion
from cartlake.runs.documents import FileFormat, RowCounts
from cartlake.times import utc_now
from cartlake_cli.context import Lake
from cartlake_cli.operations import status
from cartlake_cli.operations.status import status_of, waits_until

RUN = "transactions-20260131T083000-aaaaaa"
COUNTS = RowCounts(read=1, published=1, quarantined=0, duplicate=0)


@pytest.fixture
def queues(lake):
    sqs = boto3.client("sqs")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("incoming", "events")}
    Lake.outputs.incoming_dlq_url, Lake.outputs.events_dlq_url = urls["incoming"], urls["events"]
    return lambda name, body: sqs.send_message(QueueUrl=urls[name], MessageBody=body)


def of(seen, dataset):
    [found] = [one for one in seen["datasets"] if one["dataset"] == dataset]
    return found


def test_files_are_counted_by_state_and_the_running_run_is_named(lake, queues, load_file):
    load_file("transactions", RUN, COUNTS)
    landed = ObjectVersion(bucket="raw", key="incoming/transactions/b.csv", etag="b", size=1)
    content = Content(sha256="bb", contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
    lake.ledger.files.validated(lake.ledger.files.receive("transactions", landed).file_id, content)
    lake.ledger.locks.acquire("transactions", RUN)

    seen = status_of(lake)

    assert seen["environment"] == "dev"
    assert of(seen, "transactions") == {
        "dataset": "transactions",
        "LOADED": 1,
        "VALIDATED": 1,
        "pending": 1,
        "running": RUN,
        "next_run_at": None,
    }
    assert of(seen, "vendors") == {"dataset": "vendors", "pending": 0, "running": None, "next_run_at": None}


def test_a_run_that_gathers_files_is_named_by_when_it_begins(lake, queues):
    at = "2026-01-31T08:31:00.000000Z"
    lake.ledger.next_runs.plan(NextRun(subject="transactions", run_id=RUN, execution_arn="arn:1", starts_at=at))

    assert of(status_of(lake), "transactions")["next_run_at"] == at
    assert waits_until(lake, ["transactions", "vendors"]) == {"transactions": at}


def test_files_outside_every_dataset_are_counted_too(lake, queues):
    lake.ledger.files.receive("_unknown", ObjectVersion(bucket="raw", key="incoming/x.csv", etag="x", size=1))

    assert of(status_of(lake), "_unknown")["RECEIVED"] == 1


def test_dead_letters_are_counted_by_queue(lake, queues):
    queues("events", "{}")
    queues("events", "{}")

    assert status_of(lake)["dead_letters"] == {"incoming": 0, "events": 2}


def test_files_without_a_record_are_counted_once_their_event_cannot_be_under_way(lake, queues, load_file, monkeypatch):
    load_file("transactions", RUN, COUNTS)
    for name in ("b.csv", "c.csv"):
        boto3.client("s3").put_object(Bucket="raw", Key=f"incoming/transactions/{name}", Body=b"b")
    assert status_of(lake)["not_in_ledger"] == {"files": 0, "looked_at": 3, "complete": True}

    later = utc_now() + timedelta(minutes=2)
    monkeypatch.setattr(status, "utc_now", lambda: later)

    assert status_of(lake)["not_in_ledger"] == {"files": 2, "looked_at": 3, "complete": True}
    assert status_of(lake, compare=False)["not_in_ledger"] is None


def test_of_a_large_bucket_only_a_part_is_compared(lake, queues, monkeypatch):
    for n in range(4):
        boto3.client("s3").put_object(Bucket="raw", Key=f"incoming/transactions/{n}.csv", Body=b"b")
    monkeypatch.setattr("cartlake.raw_listing.COMPARED_AT_ONCE", 1)
    monkeypatch.setattr(status, "MOST_LOOKED_AT", 2)

    assert status_of(lake)["not_in_ledger"] == {"files": 0, "looked_at": 2, "complete": False}
