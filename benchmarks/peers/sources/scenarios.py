"""What happens to a HubSpot while it is read twice, and then once more in peace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from benchmarks.peers.sources.server import (
    BROKEN,
    BUSY,
    CONTACTS,
    EXPIRED,
    KILLED,
    REPEATED,
    SHORT,
    TorturedHubSpot,
)
from tests.servers.http import TRUNCATED

SEED = 7
SIZE = 650
MODIFIED, NEW = 280, 20
MINUTE, HOUR = 60.0, 3_600.0

Change = Callable[[TorturedHubSpot, Random], None]


def modify(server: TorturedHubSpot, numbers: list[int], seconds: float = MINUTE) -> None:
    """Modify contacts, so many seconds apart."""
    for number in numbers:
        server.wait(seconds)
        server.save(CONTACTS, number, email=f"{number}.{server.now():.0f}@example.org")


def fill(server: TorturedHubSpot, size: int, random: Random, seconds: float = MINUTE) -> None:
    """Make contacts, a second apart, and modify each of them, in another order."""
    modify(server, list(range(1, size + 1)), 1)
    modify(server, random.sample(range(1, size + 1), size), seconds)
    server.wait(HOUR)


def ordinary(server: TorturedHubSpot, random: Random) -> None:
    """A day: some contacts are modified, some are new."""
    numbers = sorted(server.newest(CONTACTS))
    modify(server, random.sample(numbers, MODIFIED))
    modify(server, list(range(numbers[-1] + 1, numbers[-1] + 1 + NEW)))
    server.wait(HOUR)


def at_once(server: TorturedHubSpot, random: Random) -> None:
    """An import: many contacts are modified in the same millisecond."""
    server.wait(HOUR)
    modify(server, random.sample(sorted(server.newest(CONTACTS)), 450), 0)
    server.wait(HOUR)


def late(minutes: float) -> Change:
    """Return a change of which the search shows some contacts so many minutes late, others at once."""

    def change(server: TorturedHubSpot, random: Random) -> None:
        ordinary(server, random)
        numbers = random.sample(sorted(server.newest(CONTACTS)), 20)
        server.lag = minutes * MINUTE
        modify(server, numbers[:10], 1)
        server.lag = 0.0
        server.wait((minutes - 2) * MINUTE)
        modify(server, numbers[10:], 1)
        server.wait(MINUTE)

    return change


def gone(server: TorturedHubSpot, random: Random) -> None:
    """Ten contacts are deleted, five are merged into others."""
    ordinary(server, random)
    numbers = random.sample(sorted(server.newest(CONTACTS)), 20)
    for number in numbers[:10]:
        server.archive(CONTACTS, number)
    for number, into in zip(numbers[10:15], numbers[15:], strict=True):
        server.wait(MINUTE)
        server.merge(CONTACTS, number, into)
    server.wait(HOUR)


@dataclass(frozen=True)
class Scenario:
    """The faults come at these pages of the first run and of the second; `during` is how many contacts are modified
    after each of the first pages of both."""

    name: str
    size: int = SIZE
    faults: Mapping[int, Any] = field(default_factory=dict)
    change: Change = ordinary
    during: int = 0
    pace: bool = False
    seconds: float = MINUTE


SCENARIOS = (
    Scenario("nothing happens"),
    Scenario("10,450 contacts, 5 searches a second", size=10_450, pace=True, seconds=1),
    Scenario("3 contacts are modified after each of 4 pages", during=3),
    Scenario("450 contacts modified in one millisecond", change=at_once),
    Scenario("the search shows 10 contacts 10 minutes late", change=late(10)),
    Scenario("the search shows 10 contacts 30 minutes late", change=late(30)),
    Scenario("429 three times, without `Retry-After`", faults={2: BUSY, 3: BUSY, 4: BUSY}),
    Scenario("503 three times", faults={2: BROKEN, 3: BROKEN, 4: BROKEN}),
    Scenario("an answer is cut off", faults={2: TRUNCATED}),
    Scenario("a page has half of its rows and says it is the last", faults={2: SHORT}),
    Scenario("a page comes again instead of the next one", faults={2: REPEATED}),
    Scenario("401 midway", faults={2: EXPIRED}),
    Scenario("killed midway", faults={2: KILLED}),
    Scenario("10 contacts are deleted, 5 merged", change=gone),
)
