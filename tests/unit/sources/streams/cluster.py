"""A Kafka cluster in memory, with a ledger and a raw bucket, and faults at any step of a read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta

from cartlake.ledger.items.leases import LEASE
from cartlake.ledger.streams import StreamLedger
from sources.errors import UnknownTopicError
from sources.streams.files import Landed
from sources.streams.lines import LineWriter
from sources.streams.model import Batch, Limits, Message, Offsets, Topic
from sources.streams.reading import Stream, StreamReader
from tests.unit.sources.world import START, Faults, MemoryTable

TOPIC, DATASET = "clicks", "clickstream"
KEY = re.compile(rf"incoming/{DATASET}/stream/{TOPIC}/i(\d+)/p(\d+)/(\d+)-(\d+)\.jsonl")


class MemoryRanges:
    """What RangeBucket does, in memory; whoever writes a key first has it."""

    def __init__(self, faults):
        self.files, self.faults = {}, faults

    def find(self, key):
        with self.faults.around():
            found = self.files.get(key)
            return Landed(found.records, found.poison) if found else None

    def create(self, key, lines):
        with self.faults.around():
            assert lines.records, "an empty file"
            return self.files.setdefault(key, lines) is lines


@dataclass
class Log:
    """A partition: messages by offset, with gaps where a transaction ended or a topic was compacted."""

    messages: dict[int, bytes | None] = field(default_factory=dict)
    begin: int = 0
    end: int = 0


class Cluster:
    """One topic whose messages say which they are. `sent` is all that was ever sent, `gone` what nobody can read."""

    def __init__(self, planned=(), partitions=2, *, ids=True):
        self.faults = Faults(list(planned))
        self.faults.rival = self.read_by_another
        self.time, self.ids, self.made = START, ids, 0
        self.ledger, self.files = StreamLedger(MemoryTable(self.faults)), MemoryRanges(self.faults)
        self.number_of_partitions, self.logs, self.sent, self.gone = partitions, {}, [], set()
        self.make_topic()

    def make_topic(self):
        self.gone |= {body for log in self.logs.values() for body in log.messages.values()}
        self.made += 1
        self.logs = {number: Log() for number in range(self.number_of_partitions)}

    def send(self, partition, times=1):
        for _ in range(times):
            log = self.logs[partition]
            log.messages[log.end] = json.dumps({"n": len(self.sent), "at": [self.made, partition, log.end]}).encode()
            self.sent.append(log.messages[log.end])
            log.end += 1

    def skip(self, partition):
        """An offset without a message, as a transaction leaves one."""
        self.logs[partition].end += 1

    def expire(self, partition, messages=1):
        log = self.logs[partition]
        for _ in range(min(messages, log.end - log.begin)):
            if log.begin in log.messages:
                self.gone.add(log.messages.pop(log.begin))
            log.begin += 1

    def topic(self, name):
        with self.faults.around():
            if not self.logs:
                raise UnknownTopicError(name)
            return Topic(self._id, {number: Offsets(log.begin, log.end) for number, log in self.logs.items()})

    def topic_id(self, name):
        with self.faults.around():
            return self._id

    @property
    def _id(self):
        return f"id-{self.made}" if self.ids else None

    def read(self, topic, partition, first, end, limits):
        with self.faults.around():
            log = self.logs[partition]
            found = [Message(at, 0, log.messages[at]) for at in range(first, min(end, log.end)) if at in log.messages]
            if len(found) <= limits.messages:
                return Batch(tuple(found), end)
            cut = found[: limits.messages]
            return Batch(tuple(cut), cut[-1].offset + 1)

    def tick(self, **passed):
        self.time += timedelta(**(passed or {"seconds": 1}))
        return self.time

    def reader(self, **options):
        return StreamReader(self.ledger, self.files, self, **{"now": self.tick, "limits": Limits(3), **options})

    def land(self, **options):
        return self.reader(**options).read(Stream(TOPIC, DATASET, LineWriter(10_000)))

    def read_by_another(self):
        self.tick(seconds=LEASE.total_seconds() + 60)
        self.land()

    @property
    def landed(self):
        """The lines of all files, in the order of their keys."""
        return [line for _, lines in sorted(self.files.files.items()) for line in lines.body.splitlines()]

    @property
    def ranges(self):
        """The ranges of all files: incarnation, partition, first and last offset."""
        return sorted(tuple(map(int, KEY.fullmatch(key).groups())) for key in self.files.files)

    @property
    def state(self):
        return self.ledger.get(TOPIC)
