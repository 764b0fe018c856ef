"""How far each topic was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.ledger.items.keys import stream_key
from cartlake.ledger.items.leases import LeaseLedger
from cartlake.ledger.streams.states import StreamState

if TYPE_CHECKING:
    from cartlake.ledger.items.table import Key


class StreamLedger(LeaseLedger[StreamState]):
    """The states of all streams, by topic."""

    noun = "stream"

    def _key(self, name: str) -> Key:
        return stream_key(name)

    def _state(self, item: dict[str, object]) -> StreamState:
        return StreamState.model_validate(item)

    def _unread(self, name: str) -> StreamState:
        return StreamState(topic=name)
