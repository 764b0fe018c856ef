"""A real Kafka broker for tests, on a free port, with its jars downloaded where they are not there yet."""

import json
import socket
from contextlib import contextmanager

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from localaws.kafka.broker import KafkaBroker
from localaws.kafka.jars import JARS
from localaws.spark import java


def free_port():
    """A port whose next one is free as well."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            try:
                second.bind(("127.0.0.1", first.getsockname()[1] + 1))
            except (OSError, OverflowError):
                continue
            return first.getsockname()[1]


@contextmanager
def running_broker(folder):
    java.ensure()
    JARS.resolve()
    broker = KafkaBroker(folder, free_port())
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


class Cluster:
    """Topics of a broker, and what was sent to them."""

    def __init__(self, broker):
        self.broker = broker

    def create(self, topic, partitions=2):
        # Messages of long ago are kept: a broker deletes them by the time that their producer gives them.
        kept = {"num_partitions": partitions, "replication_factor": 1, "configs": {"retention.ms": "-1"}}
        with self.admin() as admin:
            admin.create_topics({topic: kept}, wait_for_metadata=True)

    def delete(self, topic):
        with self.admin() as admin:
            admin.delete_topics([topic])

    def delete_messages(self, topic, partition, before):
        """Have the broker delete the messages before an offset, as it does with old ones."""
        with self.admin() as admin:
            admin.delete_records({TopicPartition(topic, partition): before})

    @contextmanager
    def admin(self):
        """A client of its own: one that saw its broker die needs a while to look again."""
        admin = KafkaAdminClient(bootstrap_servers=self.broker.address)
        try:
            yield admin
        finally:
            admin.close()

    @contextmanager
    def producer(self, **options):
        producer = KafkaProducer(bootstrap_servers=self.broker.address, acks="all", **options)
        try:
            yield producer
            producer.flush()
        finally:
            producer.close()

    def send(self, topic, values, partition=0, **options):
        """Send values, objects as JSON, and wait until the broker has them."""
        with self.producer(**options) as producer:
            for value in values:
                body = json.dumps(value).encode() if isinstance(value, dict) else value
                producer.send(topic, key=b"key", value=body, partition=partition)
