"""The broker of `lake up --with-kafka`: it starts once, has its topics, and never stops a process of others."""

import os

import pytest
from kafka import KafkaAdminClient

from cartlake.times import utc_now
from cartlake_cli.commands.local import kafka
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.producing import WorldMessage
from cartlake_cli.operations.raw_files.topics import make_topics, send_all
from localaws.kafka.broker import KafkaBroker
from localaws.settings import load
from tests.servers.kafka import free_port

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = KafkaBroker(tmp_path_factory.mktemp("lake") / "kafka", free_port(), load().cache)
    yield broker
    broker.kill()


def topics(broker):
    admin = KafkaAdminClient(bootstrap_servers=[broker.address])
    try:
        return sorted(name for name in admin.list_topics() if not name.startswith("_"))
    finally:
        admin.close()


def test_it_starts_once_with_its_topics_and_stops_once(broker):
    assert kafka.start(broker, ["orders", "clickstream"]) == ["clickstream", "orders"]
    first = broker.process_id

    assert kafka.start(broker, ["orders"]) == []
    assert (broker.process_id, topics(broker)) == (first, ["clickstream", "orders"])

    message = WorldMessage(utc_now(), b"key", b"{}")
    assert send_all([broker.address], "orders", [message, message], speed=60) == 2

    assert (kafka.stop(broker), kafka.stop(broker)) == (True, False)
    assert kafka.start(broker, ["orders"]) == []  # its topics are there again


def test_a_port_of_another_process_is_not_taken_for_its_own(broker, tmp_path):
    kafka.start(broker, [])
    other = KafkaBroker(tmp_path / "kafka", broker.port, broker.cache)

    with pytest.raises(CommandError, match=f"Port {broker.port} is in use"):
        kafka.start(other, ["orders"])

    assert not kafka.stop(other)
    assert broker.process_id


def test_a_number_that_another_process_has_now_is_no_broker(tmp_path):
    broker = KafkaBroker(tmp_path, 1)
    (tmp_path / "broker.pid").write_text(str(os.getpid()))

    assert broker.process_id is None
    assert not kafka.stop(broker)  # or this test would end here


def test_without_a_broker_the_message_says_how_to_start_one():
    with pytest.raises(CommandError, match=r"Is there a broker.*lake up --with-kafka"):
        make_topics([f"127.0.0.1:{free_port()}"], ["orders"])
