"""The streams of a lake: how far each topic was read, and a read of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cartlake import contracts
from cartlake.errors import TerminalError
from cartlake_cli.errors import CommandError
from cartlake_cli.functions import call
from sources.errors import UnknownSourceError
from sources.streams.registry import stream_named, streams_of

if TYPE_CHECKING:
    from cartlake.ledger.streams import StreamState
    from cartlake_cli.context import Lake
    from sources.streams.reading import Stream

FUNCTION: Final = "stream_reader"


def streams(lake: Lake) -> list[dict[str, Any]]:
    """Return all topics that contracts name: whether and when the lake reads each, and how far it was read."""
    states = {state.topic: state for state in lake.ledger.streams.all()}
    enabled = lake.outputs.streams
    return [
        {
            "topic": topic,
            "dataset": stream.dataset,
            "enabled": topic in enabled,
            "schedule": enabled.get(topic),
            **(_progress(states[topic]) if topic in states else {}),
        }
        for topic, stream in streams_of(contracts.load_all()).items()
    ]


def read_stream(lake: Lake, topic: str) -> dict[str, Any]:
    """Read a topic to its present end; returns the last answer of `stream_reader`, with the sums of all its calls.

    Raises CommandError when this lake does not read the topic, when another reader is at work, when the read fails.
    """
    enabled_stream(lake, topic)
    answer = _call(lake, topic)
    while answer["outcome"] == "unfinished":
        lake.output.say(f"{answer['records']:,} messages are landed, and the read goes on.")
        answer = _added(answer, _call(lake, topic))
    if answer["outcome"] == "busy":
        raise CommandError(answer["message"])
    return answer


def enabled_stream(lake: Lake, topic: str) -> Stream:
    """Return the stream of a topic that this lake reads. Raises CommandError where it does not."""
    try:
        return stream_named(topic, contracts.load_all(), lake.outputs.streams)
    except (UnknownSourceError, TerminalError) as error:
        raise CommandError(str(error)) from error


def _call(lake: Lake, topic: str) -> dict[str, Any]:
    return call(lake, FUNCTION, {"topic": topic}, failed=f"The read of {topic} failed", patient=True)


def _added(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    if second["outcome"] == "busy":
        return second
    summed = ("offsets", "files", "records", "poison", "gaps", "lost", "notices")
    return second | {name: first[name] + second[name] for name in summed}


def _progress(state: StreamState) -> dict[str, Any]:
    return {
        **state.totals.model_dump(),
        "incarnation": state.incarnation,
        "read_at": state.read_at,
        "state": "FAILED" if state.error else "CLAIMED" if state.claim else "READ",
        "error": state.error,
    }
