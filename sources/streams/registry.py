"""The streams of a lake: topics that contracts name, and that the lake enables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cartlake.errors import TerminalError
from sources.errors import UnknownSourceError
from sources.streams.horizon import horizon_of
from sources.streams.lines import LineWriter
from sources.streams.reading import Stream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cartlake.contracts import Contract


class TopicInTwoContractsError(TerminalError):
    """Two contracts name the same topic, so its messages would be rows of both."""


def streams_of(contracts: Iterable[Contract]) -> dict[str, Stream]:
    """Return the streams that contracts name, by topic. Raises TopicInTwoContractsError."""
    listed = [(one.stream.topic, one) for one in contracts if one.stream]
    for topic, times in Counter(topic for topic, _ in listed).items():
        if times > 1:
            names = ", ".join(one.name for of, one in listed if of == topic)
            raise TopicInTwoContractsError(f"Topic {topic} is in the contracts {names}. Leave it in one of them.")
    return {
        topic: Stream(topic, one.name, LineWriter(one.max_line_bytes, horizon_of(one))) for topic, one in sorted(listed)
    }


def stream_named(topic: str, contracts: Iterable[Contract], enabled: Collection[str]) -> Stream:
    """Return the stream of a topic. Raises UnknownSourceError where no contract names it, or no setting reads it."""
    known = streams_of(contracts)
    if topic not in known:
        raise UnknownSourceError(
            f"No contract names topic {topic!r}; there are {', '.join(known) or 'none'}. Add `cartlake.stream` with it "
            f"to the contract whose rows its messages are: docs/streams.md."
        )
    if topic not in enabled:
        raise UnknownSourceError(
            f"This lake does not read topic {topic}. It reads: {', '.join(sorted(enabled)) or 'none'}. Add it to the "
            f"setting `streams` of the module lake: docs/streams.md."
        )
    return known[topic]
