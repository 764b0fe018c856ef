"""Messages of a real Kafka broker are in the tables of the deployed lake, or in its quarantine, each once."""

import json
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from cartlake.ledger import FileState
from cartlake_cli.commands.local.kafka import broker_of
from cartlake_cli.commands.runs import streaming_demo
from tests.e2e.conftest import environment_of, eventually
from tests.servers.kafka import Cluster, running_broker

pytestmark = pytest.mark.e2e

TOPIC = "clickstream"
# Of a day that no other test has clicks of.
SENT = datetime(2025, 5, 6, 12, tzinfo=UTC)
CLICKS = "select event_id from processed.clickstream where event_at < timestamp '2025-06-01 00:00:00 UTC'"
REFUSED = "select raw_record, array_join(reasons, ' ') from ops.quarantine_rows where source_file like '%/stream/%'"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        cluster = Cluster(broker)
        cluster.create(TOPIC)
        yield cluster


@contextmanager
def read_from(lake, kafka):
    streams = {TOPIC: {"brokers": [kafka.broker.address], "authentication": "none"}}
    with environment_of(lake, "stream_reader", STREAMS=json.dumps(streams)):
        yield


def click(number, hours_ago=1):
    moment = SENT - timedelta(hours=hours_ago)
    return {
        "event_id": f"EVT-{number:016X}",
        "event_at": moment.isoformat(),
        "event_type": "page_view",
        "visitor_id": f"VIS-{number:012X}",
        "page_path": "/",
        "device": "mobile",
        "country_code": "DE",
        "received_at": moment.isoformat(),
    }


def loaded(lake):
    """Wait until no file of the topic is on its way."""

    def ended():
        files = [one for one in lake.ledger.files.list("clickstream") if "/stream/" in one.key]
        return files if files and all(one.state in (FileState.LOADED, FileState.DUPLICATE) for one in files) else None

    return eventually(ended, 300)


def offsets(run_lake):
    return json.loads(run_lake("streams", TOPIC, "--json").stdout)


def test_offsets_of_a_topic_are_rows_of_the_table_of_quarantine_or_duplicates(
    lake, run_lake, rows_of, follow_runbook, kafka
):
    at = int(SENT.timestamp() * 1000)
    with kafka.producer() as producer:
        for number in range(40):
            producer.send(TOPIC, json.dumps(click(number)).encode(), partition=number % 2, timestamp_ms=at)
        for value in (b"no json", None, json.dumps(click(90, hours_ago=200)).encode(), json.dumps(click(7)).encode()):
            producer.send(TOPIC, value, key=b"key", partition=1, timestamp_ms=at)

    with read_from(lake, kafka):
        first = json.loads(run_lake("stream", TOPIC, "--json").stdout)
        assert (first["records"], first["poison"], first["files"], first["lost"]) == (44, 3, 2, 0)
        kafka.broker.kill()
        assert "do not answer" in str(run_lake("stream", TOPIC, exit_code=1).exception)
        kafka.broker.start()
        kafka.send(TOPIC, [click(100), click(101)], 0)  # sent now, and so a year after their events
        assert "do not answer" in follow_runbook("streaming", "Find out", TOPIC=TOPIC)
        follow_runbook("streaming", "Mend", TOPIC=TOPIC)
    loaded(lake)
    assert follow_runbook("streaming", "Healthy again", TOPIC=TOPIC)

    assert Counter(row[0] for row in rows_of(CLICKS)) == Counter(f"EVT-{number:016X}" for number in range(40))
    refused = [(json.loads(raw)["_corrupt_record"], reason) for raw, reason in rows_of(REFUSED)]
    assert Counter(reason for _, reason in refused) == Counter(not_json=1, tombstone=1, too_late=3)
    [text] = [json.loads(raw)["_poison"] for raw, reason in refused if reason == "not_json"]
    assert (text["text"], text["partition"], text["offset"]) == ("no json", 1, 20)
    report = offsets(run_lake)
    assert (report["offsets"], report["landed"], report["loaded"], report["waiting"]) == (46, 46, 46, 0)
    assert (report["published"], report["quarantined"], report["duplicate"]) == (40, 5, 1)


def test_the_tables_follow_orders_that_arrive(lake, run_lake, monkeypatch):
    monkeypatch.setattr(streaming_demo, "SECONDS", 4)
    monkeypatch.setattr(streaming_demo, "PAUSE_SECONDS", 0.1)
    try:
        shown = json.loads(
            run_lake("demo", "--streaming", "--orders-per-day", 20, "--end-date", "2025-07-08", "--json").stdout
        )
    finally:
        broker_of(lake.root).kill()

    assert shown["sent"] == shown["offsets"] == shown["loaded"] > 30
    assert shown["published"] + shown["quarantined"] + shown["duplicate"] == shown["sent"]
    orders, lines = shown["rows_of_day"]["curated.fct_orders"], shown["rows_of_day"]["processed.order_lines"]
    assert 0 < orders < lines <= shown["published"]
