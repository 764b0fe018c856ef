"""FilterLogEvents: every event has an id, streams are chosen by the beginning of their names, and answers have pages.

MiniStack gives no id to what functions log, and returns the first 10,000 events without saying that there are more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import new_uuid
from ministack.services import cloudwatch_logs

from localaws.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_EVENTS: Final = 10_000
"""AWS answers with at most 10,000 events, and at most 1 MB, a page."""


def matching(streams: dict[str, dict[str, Any]], request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the events that a request asks for, by time; those without an id are given one, which they keep."""
    named, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix") or ""
    fits = cloudwatch_logs._compile_filter_pattern(request.get("filterPattern", ""))
    first, last = request.get("startTime"), request.get("endTime")
    found = []
    for name, stream in streams.items():
        if (named and name not in named) or not name.startswith(prefix):
            continue
        for event in list(stream["events"]):
            time = event["timestamp"]
            if (first is None or time >= first) and (last is None or time <= last) and fits(event.get("message", "")):
                event.setdefault("eventId", new_uuid())
                found.append({**event, "logStreamName": name})
    yield from sorted(found, key=lambda event: (event["timestamp"], event.get("ingestionTime", 0)))


def page(events: list[dict[str, Any]], token: str | None, limit: int | None) -> dict[str, Any]:
    """Return one page of events, and the token of the next if there is one. Raises ValueError for an unknown token."""
    start, size = int(token or 0), min(limit or PAGE_EVENTS, PAGE_EVENTS)
    answer: dict[str, Any] = {"events": events[start : start + size], "searchedLogStreams": []}
    if start + size < len(events):
        answer["nextToken"] = str(start + size)
    return answer


def install() -> None:
    """Replace MiniStack's FilterLogEvents. Raises AttributeError when this version has none."""

    @wrap(cloudwatch_logs, "_filter_log_events")
    def _(original: Any, data: dict[str, Any]) -> Any:
        group = cloudwatch_logs._log_groups.get(cloudwatch_logs._resolve_log_group_name(data))
        if group is None:
            return original(data)  # which says so
        with cloudwatch_logs._log_events_lock:
            events = list(matching(group["streams"], data))
        try:
            return cloudwatch_logs.json_response(page(events, data.get("nextToken"), data.get("limit")))
        except ValueError:
            message = "The specified nextToken is invalid."
            return cloudwatch_logs.error_response_json("InvalidParameterException", message, 400)
