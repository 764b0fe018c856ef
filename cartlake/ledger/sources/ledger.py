"""How far each source was read. Each write names the one before it, so of two syncs only one goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Attr

from cartlake.errors import TransientError
from cartlake.ledger.items.keys import source_key
from cartlake.ledger.items.table import ABSENT, ConflictError, Table, put
from cartlake.ledger.sources.states import LEASE, SourceState
from cartlake.times import stamp

if TYPE_CHECKING:
    from datetime import datetime


class SourceBusyError(TransientError):
    """Another sync of the source is at work."""


class SyncReplacedError(TransientError):
    """Another sync took the place of this one, which had not written its state for longer than its lease."""


class SourceLedger:
    """The states of all sources. Each write names the revision it changes, so of two syncs only one goes on."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, source: str) -> SourceState:
        """Return the state of a source, that of one never read where there is none; strongly consistent."""
        item = self._table.get(source_key(source))
        return SourceState(source=source) if item is None else SourceState.model_validate(item)

    def all(self) -> list[SourceState]:
        """Return the states of all sources that were ever read, by name."""
        return [SourceState.model_validate(item) for item in self._table.query(source_key("").pk)]

    def take(self, source: str, holder: str, now: datetime) -> SourceState:
        """Take the lease of a source for a sync. Raises SourceBusyError while another one has it."""
        found = self.get(source)
        if found.is_held(now):
            raise SourceBusyError(
                f"Another sync reads source {source}. Wait for its end; if it was killed, the next sync takes its "
                f"place after {found.lease_until}."
            )
        try:
            return self.save(found.model_copy(update={"holder": holder}), now)
        except SyncReplacedError as error:
            raise SourceBusyError(f"Another sync of source {source} began at the same moment; try again.") from error

    def save(self, state: SourceState, now: datetime) -> SourceState:
        """Write a state and extend its lease, if it has a holder; returns it with its new revision.

        Raises SyncReplacedError, with nothing written, if another sync wrote the state meanwhile.
        """
        lease_until = stamp(now + LEASE) if state.holder else None
        saved = state.model_copy(update={"revision": state.revision + 1, "lease_until": lease_until})
        unchanged = Attr("revision").eq(state.revision) if state.revision else ABSENT
        try:
            self._table.write(put(source_key(state.source), saved.model_dump(mode="json"), when=unchanged))
        except ConflictError as error:
            raise SyncReplacedError(f"Another sync of source {state.source} took the place of this one.") from error
        return saved

    def release(self, state: SourceState, now: datetime) -> SourceState:
        """Write a state and give its lease back. Raises SyncReplacedError as `save` does."""
        return self.save(state.model_copy(update={"holder": None}), now)
