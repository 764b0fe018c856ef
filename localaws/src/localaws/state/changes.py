"""What changed in a record since it was last logged, and the record again from what was logged.

A record is a value of one of MiniStack's stores: a queue, a table, a function. Most are logged whole. A queue is logged
by message and a DynamoDB table by item, because they may have thousands. `part` names a message or item; it is None for
the rest of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

Part = str | tuple[str, ...] | None
Known = dict[Part, Any]
"""What was logged of a record: a fingerprint by part."""

Encode = Callable[[Any], str]
UNKNOWN: Final = object()
"""The fingerprint of a part that exists, and whose content is not known."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the new content of a part as text, None when it is gone."""

    part: Part
    text: str | None
    fingerprint: Any = None
    """What is remembered of a part that is compared; None for one that is logged when it is written."""
    is_logged: bool = True
    """False for what is only remembered."""


GONE: Final = Change(None, None)
"""The change of a record that is deleted."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A record that is logged whole. `without` names members that are not part of the state.

    With `fingerprint` it is logged only when that changes: the history of an execution grows at every step, and
    matters after its end. `is_unfinished` says that a thread may change the record without reading it again.
    """

    without: frozenset[str] = frozenset()
    fingerprint: Callable[[Any], Any] | None = None
    is_unfinished: Callable[[Any], bool] = lambda _record: False

    def changes(self, record: Any, known: Known, _parts: Iterable[Part], encode: Encode) -> Iterator[Change]:
        """Yield the record when it changed."""
        short = self.fingerprint(record) if self.fingerprint else None
        if short is not None and known.get(None) == short:
            return
        text = encode(self._head(record))
        new = hash(text) if short is None else short
        if known.get(None) != new:
            yield Change(None, text, new)

    def known(self, _record: Any, _encode: Encode) -> Known:
        """Return what is known of a record that was loaded."""
        return {None: UNKNOWN}

    def begin(self, record: Any) -> Any:
        """Return the record in the form that `apply` changes."""
        return record

    def apply(self, record: Any, part: Part, value: Any) -> Any:
        """Return the record with a logged change. `value` is None when the part is gone."""
        if part is not None:
            raise ValueError(f"a record that is logged whole has no part {part!r}")
        kept = {name: record[name] for name in self.without if name in record} if record else {}
        return value | kept if kept else value

    def end(self, record: Any) -> Any:
        """Return the record as MiniStack loads it."""
        return record

    def _head(self, record: Any) -> Any:
        return {name: value for name, value in record.items() if name not in self.without} if self.without else record


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue, logged by message. Parts are ids of messages that were received or hidden.

    A queue may have ten thousand messages: only those that were appended since the last time, or are named, are read.
    """

    head: Whole = field(default_factory=lambda: Whole(without=frozenset({"messages"})))
    is_unfinished: Callable[[Any], bool] = lambda _record: False

    def changes(self, record: Any, known: Known, parts: Iterable[Part], encode: Encode) -> Iterator[Change]:
        """Yield the queue's attributes if they changed, messages that are new or named, and those deleted."""
        yield from self.head.changes(record, known, (), encode)
        messages, seen, gone = record["messages"], known.get(SEEN), set[Part]()
        if seen is not None and seen.is_beginning_of(messages):
            appended = messages[seen.count :]
            new = Seen(messages, seen.count + len(appended), appended[-1] if appended else seen.last)
        else:
            now = list(messages)
            appended = [message for message in now if message["id"] not in known]
            gone = known.keys() - {message["id"] for message in now} - {None, SEEN}
            new = Seen(messages, len(now), now[-1] if now else None)
        for message in [*appended, *(known[part] for part in parts if part in known and part not in gone)]:
            yield Change(message["id"], encode(message), message)
        for message_id in gone:
            yield Change(message_id, None)
        if seen is None or not seen.is_same(new):
            yield Change(SEEN, None, new, is_logged=False)

    def known(self, record: Any, _encode: Encode) -> Known:
        """Return what is known of a queue that was loaded."""
        messages = record["messages"]
        seen = Seen(messages, len(messages), messages[-1] if messages else None)
        return {None: UNKNOWN, SEEN: seen} | {message["id"]: message for message in messages}

    def begin(self, record: Any) -> Any:
        """Return the queue with its messages by id."""
        return record | {"messages": {message["id"]: message for message in record.get("messages", [])}}

    def apply(self, record: Any, part: Part, value: Any) -> Any:
        """Return the queue with a logged change."""
        return _applied("messages", record, part, value)

    def end(self, record: Any) -> Any:
        """Return the queue with its messages in order."""
        return record | {"messages": list(record["messages"].values())}


SEEN: Final = "seen"
"""What is remembered of a queue beside its messages. It is no message's id."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The messages of a queue when they were last looked at: their list, how many they were, and the last."""

    messages: list[Any]
    count: int
    last: Any

    def is_same(self, other: Seen) -> bool:
        """Return whether nothing was appended or removed between the two."""
        return self.messages is other.messages and self.count == other.count and self.last is other.last

    def is_beginning_of(self, messages: list[Any]) -> bool:
        """Return whether messages were only appended since."""
        if messages is not self.messages or len(messages) < self.count:
            return False
        return self.count == 0 or messages[self.count - 1] is self.last


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table, logged by item. A part is the item's keys, (partition, sort), or `ALL_ITEMS`."""

    head: Whole = field(
        default_factory=lambda: Whole(without=frozenset({"items", "_index_members", "ItemCount", "TableSizeBytes"}))
    )
    is_unfinished: Callable[[Any], bool] = lambda _record: False

    def changes(self, record: Any, known: Known, parts: Iterable[Part], encode: Encode) -> Iterator[Change]:
        """Yield the table's description if it changed, and the items named by `parts`; all of a table that is new."""
        wanted = set(parts)
        if ALL_ITEMS in wanted or not known:
            yield Change(ALL_ITEMS, encode(record["items"]))
            wanted = set()
        yield from self.head.changes(record, known, (), encode)
        for partition, sort in cast("set[tuple[str, str]]", wanted):
            item = record["items"].get(partition, {}).get(sort)
            yield Change((partition, sort), None if item is None else encode(item))

    def known(self, record: Any, encode: Encode) -> Known:
        """Return what is known of a table that was loaded."""
        return {change.part: change.fingerprint for change in self.head.changes(record, {}, (), encode)}

    def begin(self, record: Any) -> Any:
        """Return the table as it is."""
        return {"items": {}} | record

    def apply(self, record: Any, part: Part, value: Any) -> Any:
        """Return the table with a logged change."""
        if part == ALL_ITEMS:
            return (record or {}) | {"items": value}
        if part is None:
            return value | {"items": (record or {}).get("items", {})}
        partition, sort = cast("tuple[str, str]", part)
        items = record["items"].setdefault(partition, {})
        if value is None:
            items.pop(sort, None)
        else:
            items[sort] = value
        if not items:
            del record["items"][partition]
        return record

    def end(self, record: Any) -> Any:
        """Return the table with its number of items."""
        count = sum(map(len, record["items"].values()))
        return record | {"ItemCount": count, "TableSizeBytes": count * 200}


ALL_ITEMS: Final = ("", "*", "all")
"""The part for all items of a table at once: three texts, where keys are two."""

Shape = Whole | Queue | Table


def _applied(parts: str, record: Any, part: Part, value: Any) -> Any:
    """Return the record with one change of its member `parts`, a dict, or of the rest."""
    if part is None:
        return value | {parts: (record or {}).get(parts, {})}
    if value is None:
        record[parts].pop(part, None)
    else:
        record[parts][part] = value
    return record
