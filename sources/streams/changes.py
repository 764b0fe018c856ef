"""What happened to a topic since it was read last: pure functions from a state and a topic to the next state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.ledger.streams.states import MOST_INCARNATIONS, Incarnation, Partition

if TYPE_CHECKING:
    from cartlake.ledger.streams import Claim, StreamState
    from sources.streams.files import Landed
    from sources.streams.model import Offsets, Topic


def has_work(state: StreamState, topic: Topic) -> bool:
    """Return whether a read would change anything."""
    known = {number: (one.next, one.end) for number, one in state.partitions.items()}
    ends = {number: (one.end, one.end) for number, one in topic.partitions.items()}
    return state.claim is not None or is_replaced(state, topic) or known != ends


def is_replaced(state: StreamState, topic: Topic) -> bool:
    """Return whether the topic is another one than that which was read, or lost messages that were read.

    Brokers before 2.8 give topics no id: there, a topic that was made again is noticed as long as it is shorter.
    """
    if not state.incarnation:
        return True
    if are_other_topics(state.topic_id, topic.topic_id):
        return True
    return any(
        number not in topic.partitions or topic.partitions[number].end < _landed_to(state, number, one)
        for number, one in state.partitions.items()
    )


def are_other_topics(one: str | None, other: str | None) -> bool:
    """Return whether two ids are of different topics; None is the id of a topic whose broker tells none."""
    return one is not None and other is not None and one != other


def replaced(state: StreamState, topic: Topic, at: str) -> StreamState:
    """Return the state of a topic that is read from its first message on. The former one is remembered."""
    past = [] if not state.incarnation else [former(state, at)]
    # What is not there when a topic is read for the first time was never promised to anybody; nor is what was deleted
    # of a topic that was read, and is read again because its end was cut off.
    from_begin = not state.incarnation or (topic.topic_id is not None and topic.topic_id == state.topic_id)
    begins = {number: one.begin if from_begin else 0 for number, one in topic.partitions.items()}
    return state.model_copy(
        update={
            "incarnation": state.incarnation + 1,
            "topic_id": topic.topic_id,
            "claim": None,
            "past": [*state.past, *past][-MOST_INCARNATIONS:],
            "partitions": {number: _from(begins[number], one) for number, one in topic.partitions.items()},
        }
    )


def former(state: StreamState, at: str) -> Incarnation:
    """Return what is remembered of a topic that is gone."""
    return Incarnation(
        number=state.incarnation,
        topic_id=state.topic_id,
        totals=state.totals,
        unread=state.totals.lag,
        replaced_at=at,
    )


def seen(state: StreamState, topic: Topic) -> StreamState:
    """Return the state with the ends of all partitions, and the offsets that were deleted unread counted as lost."""
    partitions = {
        number: _seen(state.partitions.get(number, _from(0, offsets)), offsets)
        for number, offsets in sorted(topic.partitions.items())
    }
    return state.model_copy(update={"partitions": partitions, "topic_id": topic.topic_id or state.topic_id})


def landed(state: StreamState, claim: Claim, file: Landed, lost: int = 0) -> StreamState:
    """Return the state after the file of a claim: the next offset is the one behind it."""
    one = state.partitions[claim.partition]
    after = state.with_partition(
        claim.partition,
        next=claim.last + 1,
        end=max(one.end, claim.last + 1),
        files=one.files + bool(file.records),
        records=one.records + file.records,
        poison=one.poison + file.poison,
        gaps=one.gaps + claim.offsets - file.records - lost,
        lost=one.lost + lost,
    )
    return after.model_copy(update={"claim": None})


def _landed_to(state: StreamState, number: int, one: Partition) -> int:
    claim = state.claim
    return claim.last + 1 if claim is not None and claim.partition == number else one.next


def _from(begin: int, offsets: Offsets) -> Partition:
    return Partition(begin=begin, next=begin, end=offsets.end)


def _seen(one: Partition, offsets: Offsets) -> Partition:
    deleted = max(offsets.begin - one.next, 0)
    return one.model_copy(update={"next": one.next + deleted, "lost": one.lost + deleted, "end": offsets.end})
