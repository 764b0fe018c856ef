"""What counts as lost, and what as still under way: pure rules over times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cartlake.ledger import Announcement, FileRecord
from cartlake.times import parse

BUSY_GRACE: Final = timedelta(hours=6)
"""How old an object without a record must be while messages wait in the queue: one of them may be about it. A message
stays hidden for 90 minutes after a delivery that got no answer, and is delivered three times."""

LONGEST_PAUSE: Final = timedelta(days=1)
"""The longest time between two announcements of one file."""

MOST_LOADS: Final = 3
"""How many runs may claim a file before a sweep leaves it FAILED: its runs may end because of the file."""


@dataclass(frozen=True, slots=True)
class Execution:
    """The execution of a run: whether it is running, and since when it is not. `ended_at` is None if it is unknown."""

    is_running: bool
    ended_at: datetime | None = None


def is_old(moment: datetime, now: datetime, grace: timedelta) -> bool:
    """Return whether something happened so long ago that nothing about it is under way any more."""
    return now - moment >= grace


def is_due(earlier: Announcement | None, now: datetime, grace: timedelta) -> bool:
    """Return whether a file is announced now: the first time at once, then after twice as long each time."""
    if earlier is None:
        return True
    doublings = min(earlier.times, 10)  # more would exceed the longest pause in any case
    return is_old(parse(earlier.at), now, min(grace * 2**doublings, LONGEST_PAUSE))


def is_gone(execution: Execution, last_seen: datetime, now: datetime, grace: timedelta) -> bool:
    """Return whether a run has no execution any more, and its end was not reported within the grace period.

    `last_seen` is when the ledger was written last for the run. It decides where Step Functions has no execution of
    that name: it was never started, or ended more than 90 days ago.
    """
    return not execution.is_running and is_old(max(last_seen, execution.ended_at or last_seen), now, grace)


def may_load_again(file: FileRecord) -> bool:
    """Return whether a file that its run did not load waits for the next run, and not for a person."""
    return len(file.loads) < MOST_LOADS
