"""Alarms and dead-letter queues before and after a smoke test: what came meanwhile is its finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cartlake_cli.costs.records import alarms_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake_cli.context import Lake
    from cartlake_cli.smoke.report import Report


@dataclass(frozen=True, slots=True)
class LakeState:
    """The number of alarms, those that are on by name, and the number of messages in dead-letter queues by name."""

    alarms: int
    on: frozenset[str]
    dead_letters: Mapping[str, int]


def state_of(lake: Lake) -> LakeState:
    """Return the state of the lake's alarms and dead-letter queues now."""
    alarms = alarms_of(lake)
    on = frozenset(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")
    urls = (lake.outputs.incoming_dlq_url, lake.outputs.events_dlq_url)
    return LakeState(len(alarms), on, {url.rpartition("/")[2]: _depth(lake, url) for url in urls})


def compare(before: LakeState, after: LakeState, report: Report) -> None:
    """Add lines for alarms and dead letters.

    What came during the test is a failure. What was there before is not proved either way: a release before may be at
    fault, and alarms stay on for minutes.
    """
    new = sorted(after.on - before.on)
    report.check(
        "alarms",
        holds=after.alarms > 0 and not new,
        detail=f"came on: {', '.join(new)}" if new else f"{after.alarms}, none came on",
    )
    if old := sorted(after.on & before.on):
        report.unproved("alarms before", f"on since before the test: {', '.join(old)}")
    more = {name: number for name, number in after.dead_letters.items() if number > before.dead_letters.get(name, 0)}
    report.check("dead-letter queues", holds=not more, detail=_listed(more or after.dead_letters))
    if old_letters := {name: number for name, number in before.dead_letters.items() if number}:
        report.unproved("dead letters before", f"{_listed(old_letters)}; `lake redrive` sends them again")


def _depth(lake: Lake, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(lake.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {number}" for name, number in numbers.items())
