"""What a read did, and what has to be said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cartlake.ledger.streams import Incarnation, StreamState
    from cartlake.ledger.streams.states import Totals


COUNTS: Final = ("offsets", "files", "records", "poison", "gaps", "lost")


@dataclass(frozen=True, slots=True)
class StreamResult:
    """What one read did: `offsets` = `records` + `gaps` + `lost`; of the records, `poison` are no rows.

    `lost` also counts offsets of a topic that is gone. `lag` are offsets left to read: the time was over.
    """

    topic: str
    dataset: str
    incarnation: int
    offsets: int
    files: int
    records: int
    poison: int
    gaps: int
    lost: int
    lag: int
    notices: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Return whether everything that was there is landed."""
        return self.lag == 0


def result(before: StreamState, after: StreamState, notices: tuple[str, ...]) -> StreamResult:
    """Return what was read between two states, of all incarnations."""
    first, last = _counted(before, ()), _counted(after, [one for one in after.past if one.number >= before.incarnation])
    lost = last["lost"] - first["lost"]
    said = (*notices, *((notice_of_loss(after.topic, lost),) if lost else ()))
    return StreamResult(
        topic=after.topic,
        dataset=after.dataset,
        incarnation=after.incarnation,
        lag=after.totals.lag,
        notices=said,
        **{name: last[name] - first[name] for name in last},
    )


def added(first: StreamResult, second: StreamResult) -> StreamResult:
    """Return what two reads did, one after the other."""
    sums = {name: getattr(first, name) + getattr(second, name) for name in COUNTS}
    return replace(second, notices=(*first.notices, *second.notices), **sums)


def notice_of_replacement(gone: Incarnation, topic: str) -> str:
    """Return the message about a topic whose offsets begin anew."""
    return (
        f"Topic {topic} was deleted and made again, or lost messages that were read: its offsets begin anew. Of the "
        f"former one {gone.totals.offsets:,} offsets were read; {gone.unread:,} more were seen and cannot be "
        f"read any more, and nobody can tell what came after them. The new one is read from its first message on, as "
        f"incarnation {gone.number + 1}."
    )


def notice_of_loss(topic: str, lost: int) -> str:
    """Return the message about messages that are gone."""
    return (
        f"{lost:,} offsets of topic {topic} were deleted before they were read, and are lost to the lake. Everything "
        f"else was read. Have the topic keep messages longer (retention.ms), or read it more often; to fill the gap, "
        f"send the messages again, or drop them as a file."
    )


def _counted(state: StreamState, past: Sequence[Incarnation]) -> dict[str, int]:
    """Return the counts of a state and of topics that are gone, of which what was seen and not read is lost."""
    every: list[Totals] = [state.totals, *(one.totals for one in past)]
    counted = {name: sum(getattr(one, name) for one in every) for name in COUNTS}
    unread = sum(one.unread for one in past)
    return counted | {"lost": counted["lost"] + unread, "offsets": counted["offsets"] + unread}
