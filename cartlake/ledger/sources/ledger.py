"""How far each source was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.ledger.items.keys import source_key
from cartlake.ledger.items.leases import LeaseLedger
from cartlake.ledger.sources.states import SourceState

if TYPE_CHECKING:
    from cartlake.ledger.items.table import Key


class SourceLedger(LeaseLedger[SourceState]):
    """The states of all sources."""

    noun = "source"

    def _key(self, name: str) -> Key:
        return source_key(name)

    def _state(self, item: dict[str, object]) -> SourceState:
        return SourceState.model_validate(item)

    def _unread(self, name: str) -> SourceState:
        return SourceState(source=name)
