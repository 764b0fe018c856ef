"""Reads a topic: ranges of offsets become files in the raw bucket, each offset once, whatever ends it on the way.

A range is claimed in the ledger before its file is written, and nobody claims an offset twice. Whoever finds a claim
without its file reads the same range again and writes the same file; whoever finds the file takes it as it is. No
consumer group and no checkpoint has a part in it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from cartlake.ledger.streams import Claim
from cartlake.times import stamp, utc_now
from sources.errors import SourceUnavailableError
from sources.streams.changes import are_other_topics, former, has_work, is_replaced, landed, replaced, seen
from sources.streams.files import Landed, range_key
from sources.streams.model import Limits
from sources.streams.results import StreamResult, notice_of_replacement, result

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cartlake.ledger.streams import StreamLedger, StreamState
    from sources.streams.files import RangeStore
    from sources.streams.lines import Lines, LineWriter
    from sources.streams.model import Batch, Broker, Topic

NO_LIMITS = Limits(sys.maxsize, sys.maxsize)


@dataclass(frozen=True, slots=True)
class Stream:
    """A topic, the dataset that its messages are rows of, and what writes them."""

    topic: str
    dataset: str
    writer: LineWriter


@dataclass(frozen=True, slots=True)
class StreamReader:
    """Reads topics. `has_time` is asked between files; `now` is the clock of this machine, for leases only."""

    ledger: StreamLedger
    files: RangeStore
    broker: Broker
    has_time: Callable[[], bool] = lambda: True
    now: Callable[[], datetime] = utc_now
    limits: Limits = field(default_factory=Limits)
    holder: str = field(default_factory=lambda: uuid4().hex)

    def read(self, stream: Stream) -> StreamResult:
        """Land what the topic holds now and was not landed before.

        Raises SourceBusyError while another reader is at work, and the errors of the broker. After any error the next
        read goes on behind the last file. Messages that are gone are counted in the result: they are no error here.
        """
        topic = self.broker.topic(stream.topic)
        known = self.ledger.get(stream.topic)
        if not has_work(known, topic):
            return result(known, known, ())
        state = self.ledger.take(stream.topic, self.holder, self.now())
        try:
            return self._read(stream, state)
        except Exception as error:
            self.ledger.give_up(stream.topic, self.holder, error, self.now())
            raise

    def _read(self, stream: Stream, before: StreamState) -> StreamResult:
        state, topic = before, self.broker.topic(stream.topic)
        notices = []
        if is_replaced(state, topic):
            state = self._settled(state)
            if state.incarnation:
                notices.append(notice_of_replacement(former(state, stamp(self.now())), state.topic))
            state = replaced(state, topic, stamp(self.now()))
        elif state.claim:
            state = self._finished(stream, state, state.claim, topic)
        begun = {"dataset": stream.dataset, "read_at": stamp(self.now()), "error": None}
        state = self._save(seen(state, topic).model_copy(update=begun))
        for number in state.partitions:
            while state.partitions[number].lag and self.has_time():
                state = self._landed(stream, state, number)
        return result(before, self.ledger.release(state, self.now()), tuple(notices))

    def _landed(self, stream: Stream, state: StreamState, number: int) -> StreamState:
        """Read the next range of a partition, claim it, and write its file."""
        one = state.partitions[number]
        batch = self.broker.read(stream.topic, number, one.next, one.end, self.limits)
        self._check_same_topic(state)
        claim = Claim(partition=number, first=one.next, last=batch.next - 1)
        if not batch.messages:
            return landed(state, claim, Landed(0, 0))
        lines = stream.writer.lines(number, batch.messages)
        state = self._save(state.model_copy(update={"claim": claim}))
        return landed(state, claim, self._written(state, claim, lines))

    def _finished(self, stream: Stream, state: StreamState, claim: Claim, topic: Topic) -> StreamState:
        """Write the file of a range that was claimed, unless it is there. Of the range, messages may be gone by now."""
        found = self.files.find(range_key(state, claim))
        if found is not None:
            return landed(state, claim, found)
        begin = min(max(claim.first, topic.partitions[claim.partition].begin), claim.last + 1)
        batch = self._claimed(stream, claim, begin)
        self._check_same_topic(state)
        file = Landed(0, 0)
        if batch and batch.messages:
            file = self._written(state, claim, stream.writer.lines(claim.partition, batch.messages))
        return landed(state, claim, file, lost=begin - claim.first)

    def _claimed(self, stream: Stream, claim: Claim, begin: int) -> Batch | None:
        if begin > claim.last:
            return None
        return self.broker.read(stream.topic, claim.partition, begin, claim.last + 1, NO_LIMITS)

    def _settled(self, state: StreamState) -> StreamState:
        """Return the state of a topic that is gone: what was claimed is landed or lost."""
        if state.claim is None:
            return state
        found = self.files.find(range_key(state, state.claim))
        lost = 0 if found else state.claim.offsets
        return landed(state, state.claim, found or Landed(0, 0), lost=lost)

    def _written(self, state: StreamState, claim: Claim, lines: Lines) -> Landed:
        """Write the file of a claim; returns what is in it, which another reader may have written."""
        key = range_key(state, claim)
        if self.files.create(key, lines):
            return Landed(lines.records, lines.poison)
        found = self.files.find(key)
        if found is None:
            raise SourceUnavailableError(f"{key} was there and is gone. The next read writes it.")
        return found

    def _check_same_topic(self, state: StreamState) -> None:
        """What was read is of the topic that the claim is about, if that topic is still there afterwards."""
        if are_other_topics(self.broker.topic_id(state.topic), state.topic_id):
            raise SourceUnavailableError(
                f"Topic {state.topic} was deleted and made again while it was read. The next read begins with its "
                f"first message."
            )

    def _save(self, state: StreamState) -> StreamState:
        return self.ledger.save(state, self.now())
