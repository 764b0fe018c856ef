"""Applies the log to the state that is loaded at the start."""

from __future__ import annotations

import ast
import logging
from typing import TYPE_CHECKING, Any

from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

from localaws.state.changes import ALL_ITEMS
from localaws.state.stores import Place, records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localaws.state.changes import Part

logger = logging.getLogger("localaws.state.replay")

REGIONAL_KEY_PARTS = 3
"""A regional key is (account, region, name), another (account, name)."""


class Replay:
    """The changes of one log, by service. To apply them twice, or to a newer state, gives the same state."""

    def __init__(self, batches: Iterable[list[list[Any]]]) -> None:
        self._changes: dict[str, list[list[Any]]] = {}
        for batch in batches:
            for change in batch:
                self._changes.setdefault(change[0], []).append(change)

    def apply(self, service: str, state: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the state of a service with all changes. `state` is None when it was never saved."""
        changes = self._changes.get(service)
        if not changes:
            return state
        loaded = _Loaded(service, {} if state is None else state)
        for _, member, key, part, *value in changes:
            loaded.change(member, ast.literal_eval(key), _part(part), value)
        logger.info("%s: %d changes since the last save", service, len(changes))
        return loaded.state()


class _Loaded:
    """The state of one service while changes are applied."""

    def __init__(self, service: str, state: dict[str, Any]) -> None:
        self._service = service
        self._state = state
        self._changed: dict[tuple[str, Any], Any] = {}

    def change(self, member: str, key: tuple[str, ...], part: Part, value: list[Any]) -> None:
        """Apply one change; `value` is empty when the part is gone."""
        stored = records(self._store(member, key))
        if part is None and not value:
            stored.pop(key, None)
            self._changed.pop((member, key), None)
            return
        shape = Place(self._service, member).shape
        record = self._changed.get((member, key))
        if record is None and key in stored:
            record = shape.begin(stored[key])
        if record is None and part not in {None, ALL_ITEMS}:
            return  # of a record that was deleted in the state that was saved later
        self._changed[member, key] = shape.apply(record, part, value[0] if value else None)

    def state(self) -> dict[str, Any]:
        """Return the state with all changes."""
        for (member, key), record in self._changed.items():
            records(self._state[member])[key] = Place(self._service, member).shape.end(record)
        return self._state

    def _store(self, member: str, key: tuple[str, ...]) -> Any:
        store = self._state.get(member)
        if not hasattr(store, "_data"):
            kind = AccountRegionScopedDict if len(key) == REGIONAL_KEY_PARTS else AccountScopedDict
            store = self._state[member] = kind()
        return store


def _part(part: Any) -> Part:
    return tuple(part) if isinstance(part, list) else part
