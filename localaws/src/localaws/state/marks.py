"""Which records may have changed: every record that a request or a thread reads or writes is marked.

Services change records they have read, in place, so that reading is marked like writing. A request's marks are its own,
and are looked at when it ends. Those of threads are looked at twice, a moment apart: the thread may have changed the
record after the first time.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

EVERY_KEY: Final = object()
"""Marks all records of a store."""

Marked = dict[tuple[int, Any, Any], Any]
"""Stores by (their address, key, part)."""


class RequestMarks:
    """The marks of one request. `scans`: whether it may change records that it finds by looking through a store."""

    __slots__ = ("is_open", "marked", "scans")

    def __init__(self, *, scans: bool) -> None:
        self.marked: Marked = {}
        self.scans = scans
        # Threads that the request started go on with its context after it was answered.
        self.is_open = True


class Marks:
    """The marks of all threads and of the request of the calling context."""

    def __init__(self) -> None:
        self._recent: Marked = {}
        self._earlier: Marked = {}
        self.request: ContextVar[RequestMarks | None] = ContextVar("localaws_request_marks", default=None)

    def add(self, store: Any, key: Any, part: Any = None) -> None:
        """Mark a record, or a part of it, that is read or written."""
        of_request = self.request.get()
        marked = of_request.marked if of_request is not None and of_request.is_open else self._recent
        marked[id(store), key, part] = store

    def add_all(self, store: Any) -> None:
        """Mark all records of a store that is looked through. Only requests change what they find so."""
        of_request = self.request.get()
        if of_request is not None and of_request.is_open and of_request.scans:
            of_request.marked[id(store), EVERY_KEY, None] = store

    def take(self) -> Marked:
        """Return the marks of threads since the call before the last; a thread may still add to those of the last."""
        earlier, self._earlier, self._recent = self._earlier, self._recent, {}
        # The union of dicts can fail while another thread adds to one; a list of items cannot.
        return dict(list(earlier.items()) + list(self._earlier.items()))
