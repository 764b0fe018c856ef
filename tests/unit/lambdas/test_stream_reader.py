"""The function reads a topic that is enabled, and answers what it did; what is lost is logged and counted."""

import json
from datetime import timedelta
from types import SimpleNamespace

import boto3
import pytest

from cartlake.times import utc_now
from lambdas.shared.clients import ledger
from lambdas.stream_reader import handler
from lambdas.stream_reader.settings import Settings
from sources.errors import UnknownSourceError
from tests.unit.sources.streams.cluster import Cluster

TOPIC = "clickstream"


@pytest.fixture
def cluster(monkeypatch):
    cluster = Cluster()
    cluster.close = lambda: None
    enabled = {TOPIC: {"brokers": ["kafka:9092"], "authentication": "none"}, "payments": {"brokers": ["kafka:9092"]}}
    monkeypatch.setattr(handler, "settings", lambda: Settings(streams=enabled))
    monkeypatch.setattr(handler, "KafkaBroker", lambda _options: cluster)
    monkeypatch.setattr(handler, "PAUSE_SECONDS", 0)
    return cluster


@pytest.fixture
def invoke(account, lambda_context):
    def invoke(left_ms=600_000, **request):
        lambda_context.get_remaining_time_in_millis = lambda: left_ms
        return handler.lambda_handler({"topic": TOPIC, **request}, lambda_context)

    return invoke


def keys():
    return [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket="raw").get("Contents", [])]


def metrics(capsys):
    """The values of metrics of the whole lake, by name."""
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    return {
        name: one[name]
        for one in said
        if "dataset" not in one
        for name in ("StreamLag", "StreamOffsetsLost")
        if name in one
    }


def test_it_writes_a_file_for_each_partition_and_says_how_many(cluster, invoke, capsys):
    cluster.send(0, 2)
    cluster.send(1, 3)

    answer = invoke()

    assert (answer["outcome"], answer["records"], answer["files"]) == ("done", 5, 2)
    assert keys()[0] == f"incoming/clickstream/stream/{TOPIC}/i0001/p00000/{0:020d}-{1:020d}.jsonl"
    assert metrics(capsys) == {"StreamLag": [0.0]}


def test_what_is_lost_is_counted_and_the_rest_is_landed(cluster, invoke, capsys):
    cluster.send(0, 1)
    invoke()
    cluster.send(0, 3)
    cluster.expire(0, 3)

    answer = invoke()

    assert (answer["records"], answer["lost"]) == (1, 2)
    assert "2 offsets of topic clickstream were deleted" in answer["notices"][0]
    assert metrics(capsys)["StreamOffsetsLost"] == [2.0]


def test_it_follows_a_topic_and_adds_up_what_it_read(cluster, invoke, monkeypatch):
    cluster.send(0, 1)
    looks = iter([0.0, 1.0, 2.0, 100.0])
    # In the place of the module's own `time`: other threads look at the clock, and sleep, as well.
    clock = SimpleNamespace(monotonic=lambda: next(looks), sleep=lambda _seconds: cluster.send(0, 2))
    monkeypatch.setattr(handler, "time", clock)

    answer = invoke(follow_seconds=50)

    assert (answer["records"], answer["files"]) == (5, 3)


def test_without_time_it_leaves_all_to_the_next_call(cluster, invoke, capsys):
    cluster.send(0, 1)

    assert (invoke(left_ms=60_000)["outcome"], metrics(capsys)) == ("unfinished", {"StreamLag": [1.0]})
    assert invoke()["outcome"] == "done"


def test_a_call_amid_another_is_no_error(cluster, invoke):
    cluster.send(0, 1)
    ledger().streams.take(TOPIC, "another", utc_now() - timedelta(seconds=1))

    assert invoke()["outcome"] == "busy"


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("payments", "No contract names topic 'payments'; there are clickstream, orders"),
        ("orders", "does not read topic orders"),
    ],
)
def test_a_topic_that_no_contract_or_no_setting_names_is_refused(cluster, invoke, topic, message):
    with pytest.raises(UnknownSourceError, match=message):
        invoke(topic=topic)
