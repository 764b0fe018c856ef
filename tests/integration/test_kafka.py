"""Topics of a real Kafka broker: killed broker, killed readers, transactions, deleted messages, a topic made again."""

import json
import random
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import timedelta

import pytest

from cartlake.errors import CartlakeError
from cartlake.ledger.items.leases import LEASE
from cartlake.ledger.streams import StreamLedger
from cartlake.times import utc_now
from sources.errors import UnknownTopicError
from sources.streams.connection import StreamSettings, options_of
from sources.streams.kafka_broker import KafkaBroker
from sources.streams.lines import LineWriter
from sources.streams.model import Limits
from sources.streams.reading import Stream, StreamReader
from tests.servers.kafka import Cluster, running_broker
from tests.unit.sources.streams.cluster import MemoryRanges
from tests.unit.sources.world import Faults, Killed, MemoryTable

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield Cluster(broker)


class Reading:
    """A ledger and a raw bucket in memory, and readers of a topic that are killed at any step."""

    def __init__(self, kafka, topic):
        self.kafka, self.topic, self.time = kafka, topic, utc_now()
        self.faults = Faults()
        self.ledger, self.files = StreamLedger(MemoryTable(self.faults)), MemoryRanges(self.faults)

    def read(self, planned=(), limits=None):
        """Read once with a new process, which has no connection and no memory of others."""
        self.faults.planned = list(planned)
        self.time += LEASE + timedelta(seconds=1)
        settings = StreamSettings(brokers=[self.kafka.broker.address], authentication="none")
        with closing(KafkaBroker(options_of(self.topic, settings))) as broker:
            reader = StreamReader(
                self.ledger, self.files, broker, now=lambda: self.time, limits=limits or Limits(messages=70)
            )
            return reader.read(Stream(self.topic, "clickstream", LineWriter(10_000)))

    @property
    def lines(self):
        return [json.loads(line) for lines in self.files.files.values() for line in lines.body.splitlines()]


@pytest.fixture
def reading(kafka, request):
    topic = request.node.name
    kafka.create(topic)
    return Reading(kafka, topic)


def test_each_message_is_landed_once_though_broker_and_readers_are_killed(kafka, reading):
    numbers = list(range(1_500))
    for partition in (0, 1):
        kafka.send(reading.topic, [{"n": n} for n in numbers if n % 2 == partition], partition, compression_type="zstd")
    chance = random.Random(7)

    for attempt in range(12):
        with suppress(Killed, CartlakeError):
            reading.read([(chance.randrange(25), chance.choice(["kill", "fail"]))])
        if attempt == 5:
            kafka.broker.kill()
            with pytest.raises(CartlakeError):
                reading.read()
            kafka.broker.start()
            kafka.send(reading.topic, [{"n": n} for n in (9_001, 9_002)])
    reading.read()

    assert Counter(line["n"] for line in reading.lines) == Counter([*numbers, 9_001, 9_002])
    totals = reading.ledger.get(reading.topic).totals
    assert (totals.records, totals.gaps, totals.lost, totals.lag) == (1_502, 0, 0, 0)


def test_messages_of_a_transaction_that_was_taken_back_are_not_landed(kafka, reading):
    with kafka.producer(transactional_id="t") as producer:
        producer.init_transactions()
        for number, end in ((1, producer.commit_transaction), (2, producer.abort_transaction)):
            producer.begin_transaction()
            producer.send(reading.topic, value=b'{"n": %d}' % number, partition=0)
            producer.flush()  # what was not sent yet, an abort would just forget
            end()

    # The broker ends a transaction a moment after it has said so.
    totals = read_until(reading, offsets=4)

    assert [line["n"] for line in reading.lines] == [1]
    assert (totals.records, totals.gaps, totals.lost, totals.lag) == (1, 3, 0, 0)


def test_poison_messages_are_lines_with_their_place(kafka, reading):
    kafka.send(reading.topic, [{"n": 1}, None, b"hello", b"\xff"], 1)

    result = reading.read()

    assert (result.records, result.poison) == (4, 3)
    found = [line["_poison"] for line in reading.lines if "_poison" in line]
    assert [(one["reason"], one["partition"], one["offset"]) for one in found] == [
        ("tombstone", 1, 1),
        ("not_json", 1, 2),
        ("not_json", 1, 3),
    ]


def test_messages_that_the_broker_deleted_are_lost_with_their_number(kafka, reading):
    kafka.send(reading.topic, [{"n": n} for n in range(10)])
    reading.read()
    kafka.send(reading.topic, [{"n": n} for n in range(10, 20)])
    kafka.delete_messages(reading.topic, 0, before=15)

    result = reading.read()

    assert (result.lost, result.records) == (5, 5)
    assert sorted(line["n"] for line in reading.lines) == [*range(10), *range(15, 20)]


def test_a_topic_that_is_deleted_and_made_again_is_read_from_its_first_message(kafka, reading):
    kafka.send(reading.topic, [{"n": n} for n in range(3)])
    reading.read()
    kafka.delete(reading.topic)
    assert_gone(reading)
    kafka.create(reading.topic)
    kafka.send(reading.topic, [{"n": n} for n in range(100, 110)])

    result = reading.read()

    assert (result.incarnation, result.records) == (2, 10)
    assert "was deleted and made again" in result.notices[0]
    assert sorted(line["n"] for line in reading.lines) == [0, 1, 2, *range(100, 110)]


def read_until(reading, offsets):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        reading.read()
        if (totals := reading.ledger.get(reading.topic).totals).offsets == offsets:
            return totals
        time.sleep(0.2)
    return pytest.fail(f"{totals} after 20 s")


def assert_gone(reading):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(UnknownTopicError):
            reading.read()
            time.sleep(0.2)
            continue
        return
    pytest.fail("a topic that is deleted was read")
