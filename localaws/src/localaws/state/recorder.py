"""Writes what changed in marked records to the log."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from localaws.state.changes import GONE
from localaws.state.marks import EVERY_KEY
from localaws.state.snapshot import rank
from localaws.state.stores import records

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.state.changes import Change, Known, Part
    from localaws.state.journal import Journal
    from localaws.state.marks import Marked, Marks
    from localaws.state.stores import Place, Stores

    Record = tuple[Place, Any]

logger = logging.getLogger("localaws.state.recorder")

# Another thread may change a record while it is read; the next attempt nearly always finds it unchanged.
ATTEMPTS = 5


class Recorder:
    """Logs changes of records. `encode` returns the JSON text of a value, without line breaks."""

    def __init__(self, journal: Journal, stores: Stores, marks: Marks, encode: Callable[[Any], str]) -> None:
        self._journal = journal
        self._stores = stores
        self._marks = marks
        self._encode = encode
        self._known: dict[Record, Known] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Remember the records that were loaded: what is missing from now on was deleted."""
        with self._lock:
            for store, place in self._stores.all():
                for key, value in list(records(store).items()):
                    self._known[place, key] = place.shape.known(value, self._encode)

    def flush_threads(self) -> None:
        """Log what threads changed. Raises OSError when the log cannot be written."""
        marked = self._marks.take()
        if marked:
            self.flush(marked)

    def flush(self, marked: Marked, skip: frozenset[str] = frozenset()) -> None:
        """Log what changed in marked records, but of services in `skip`, as one batch.

        Raises OSError when the log cannot be written: the change must not be answered then.
        """
        with self._lock:
            found: list[tuple[Record, list[Change]]] = []
            for place, store, key, parts in self._records(marked, skip):
                changes = self._changes(place, store, key, parts)
                if changes:
                    found.append(((place, key), changes))
            lines = [line(record, change) for record, changes in found for change in changes if change.is_logged]
            if lines:
                self._journal.append(f"[{','.join(lines)}]".encode())
            for record, changes in found:
                self._remember(record, changes)

    def _records(self, marked: Marked, skip: frozenset[str]) -> list[tuple[Place, Any, Any, set[Part]]]:
        """Return the marked records of stores that are logged, in the order in which they are to be read."""
        found: dict[Record, tuple[Place, Any, Any, set[Part]]] = {}
        for (_, key, part), store in list(marked.items()):
            place = self._stores.place(store)
            if place is None or place.service in skip:
                continue
            for one in list(records(store)) if key is EVERY_KEY else [key]:
                parts = found.setdefault((place, one), (place, store, one, set()))[3]
                if part is not None:
                    parts.add(part)
        return sorted(found.values(), key=lambda record: rank(record[0].service))

    def _changes(self, place: Place, store: Any, key: Any, parts: set[Part]) -> list[Change]:
        for attempt in range(ATTEMPTS):
            try:
                return self._changes_once(place, store, key, parts)
            except RuntimeError as problem:
                logger.debug("%s changed while it was read (%s), attempt %d", key, problem, attempt + 1)
                time.sleep(0.001 * attempt)
            except (TypeError, ValueError, KeyError):
                logger.exception("a change of %r in %s cannot be logged; it is saved with the whole state", key, place)
                return []
        logger.warning("%r in %s keeps changing; it is logged a moment later", key, place)
        self._marks.add(store, key)
        return []

    def _changes_once(self, place: Place, store: Any, key: Any, parts: set[Part]) -> list[Change]:
        known = self._known.get((place, key))
        record = records(store).get(key)
        if record is None:
            return [] if known is None else [GONE]
        if place.shape.is_unfinished(record):
            self._marks.add(store, key)
        return list(place.shape.changes(record, known or {}, parts, self._encode))

    def _remember(self, record: Record, changes: list[Change]) -> None:
        if changes == [GONE]:
            self._known.pop(record, None)
            return
        known = self._known.setdefault(record, {})
        for change in changes:
            if change.fingerprint is not None:
                known[change.part] = change.fingerprint
            elif change.text is None:
                known.pop(change.part, None)


def line(record: Record, change: Change) -> str:
    """Return one change as JSON: service, member, key, part, and what it is now, left out when it is gone."""
    place, key = record
    where = json.dumps([place.service, place.member, repr(key), change.part])
    return where if change.text is None else f"{where[:-1]}, {change.text}]"
