"""The custom property `cartlake.stream` of a contract: the topic of Kafka whose messages are rows of the dataset.

customProperties:                        # of the contract
  - property: cartlake.stream
    value: {topic: shop.clickstream, horizonHours: 72}

A message is one JSON object, as a line of a file is. With `horizonHours`, an event whose message was sent so many hours
after the event or later is quarantined, with the reason `too_late`. Without, no event is too late.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cartlake.contracts.errors import Faults
    from cartlake.contracts.odcs import FileOptions

STREAM: Final = "cartlake.stream"
MAX_HORIZON_HOURS: Final = 24 * 366 * 10
LEAST_LINE_BYTES: Final = 1024
"""A message that is no row is a line with its place, its reason, and as much of its text as there is room for."""
_TOPIC: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,248}")
"""Names that Kafka allows, but for those that begin as internal topics and hidden folders do."""


@dataclass(frozen=True, slots=True)
class StreamWord:
    """Which topic is read, and how many hours before its message an event may be; None for any."""

    topic: str
    horizon_hours: int | None = None


def stream_of(value: Any, file: FileOptions | None, event_time: str | None, faults: Faults) -> StreamWord | None:
    """Return what the contract says of its stream; None, with a fault, for what is none. `value` is that of STREAM."""
    where = f"customProperties.{STREAM}"
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("topic"), str)
        or value.keys() - {"topic", "horizonHours"}
    ):
        faults.add(where, value, "write {topic: shop.clickstream} or {topic: shop.clickstream, horizonHours: 72}")
        return None
    topic, hours = value["topic"], value.get("horizonHours")
    if not _TOPIC.fullmatch(topic):
        advice = (
            "write the topic's name: up to 249 letters, digits, dots, dashes and underscores, a letter or digit first"
        )
        faults.add(f"{where}.topic", topic, advice)
    if hours is not None:
        _check_horizon(hours, event_time, where, faults)
    _check_file(file, where, topic, faults)
    return StreamWord(topic, hours)


def _check_horizon(hours: object, event_time: str | None, where: str, faults: Faults) -> None:
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= MAX_HORIZON_HOURS:
        faults.add(f"{where}.horizonHours", hours, f"write whole hours, 1 to {MAX_HORIZON_HOURS}")
    if event_time is None:
        faults.add(f"{where}.horizonHours", hours, "name cartlake.eventTime: it says when an event was")


def _check_file(file: FileOptions | None, where: str, topic: str, faults: Faults) -> None:
    if file is None:
        faults.add(where, topic, "remove it: messages become files, and none are loaded into this dataset")
        return
    if "jsonl" not in file.formats or "none" not in file.compressions:
        faults.add(
            where, topic, "let cartlake.file have the format jsonl and the compression none: messages become such files"
        )
    if file.max_line_bytes < LEAST_LINE_BYTES:
        faults.add(where, topic, f"let maxLineBytes of cartlake.file be {LEAST_LINE_BYTES} or more")
