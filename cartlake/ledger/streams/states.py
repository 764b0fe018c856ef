"""How far a topic was read: the next offset of each partition, and the range of offsets that is claimed."""

from collections.abc import Iterable
from typing import Final

from pydantic import Field

from cartlake.ledger.items.leases import LeasedState
from cartlake.ledger.models import Record

MOST_INCARNATIONS: Final = 50
"""How many former topics of the same name are remembered: an item of DynamoDB holds 400 KB."""


class Claim(Record):
    """Offsets `first` to `last`, both included, that become one file. Nobody else may land any of them."""

    partition: int
    first: int
    last: int

    @property
    def offsets(self) -> int:
        """Return how many offsets are claimed."""
        return self.last - self.first + 1


class Partition(Record):
    """A partition: `next` is the first offset that was not landed, `end` the end when the partition was last seen.

    Of the offsets from `begin` to `next`, `records` were landed as lines of files, `poison` of them as poison messages;
    `gaps` hold no record, as after compaction and transactions; `lost` were deleted by the broker before the read.
    """

    begin: int = 0
    next: int = 0
    end: int = 0
    files: int = 0
    records: int = 0
    poison: int = 0
    gaps: int = 0
    lost: int = 0

    @property
    def lag(self) -> int:
        """Return how many offsets there were to read when the partition was last seen."""
        return max(self.end - self.next, 0)


class Totals(Record):
    """What was read of a topic: `offsets` = `records` + `gaps` + `lost`."""

    offsets: int = 0
    files: int = 0
    records: int = 0
    poison: int = 0
    gaps: int = 0
    lost: int = 0
    lag: int = 0


class Incarnation(Record):
    """A topic that is gone: one of the same name took its place. `unread` offsets were seen and never read."""

    number: int
    topic_id: str | None
    totals: Totals
    unread: int
    replaced_at: str


class StreamState(LeasedState):
    """What the ledger knows of a topic. `incarnation` counts the topics that had its name, from 1; 0 before the first.

    `topic_id` is what Kafka calls the topic beside its name, None where the broker does not tell.
    """

    topic: str
    dataset: str = ""
    incarnation: int = 0
    topic_id: str | None = None
    partitions: dict[int, Partition] = Field(default_factory=dict)
    claim: Claim | None = None
    past: list[Incarnation] = Field(default_factory=list)
    read_at: str | None = None

    @property
    def name(self) -> str:
        """Return the topic."""
        return self.topic

    @property
    def totals(self) -> Totals:
        """Return what was read of the present topic."""
        return totals_of(self.partitions.values())

    def with_partition(self, number: int, **changes: int) -> "StreamState":
        """Return the state with changes in one partition."""
        changed = self.partitions[number].model_copy(update=changes)
        return self.model_copy(update={"partitions": {**self.partitions, number: changed}})


def totals_of(partitions: Iterable[Partition]) -> Totals:
    """Return the sums over partitions."""
    listed = list(partitions)
    return Totals(
        offsets=sum(one.next - one.begin for one in listed),
        lag=sum(one.lag for one in listed),
        **{name: sum(getattr(one, name) for one in listed) for name in ("files", "records", "poison", "gaps", "lost")},
    )
