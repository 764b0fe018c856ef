"""How far each source was read: its watermark, the sync that is open, and who works on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from boto3.dynamodb.conditions import Attr
from pydantic import Field

from cartlake.errors import TransientError
from cartlake.ledger.items.keys import source_key
from cartlake.ledger.items.table import ABSENT, ConflictError, Table, put
from cartlake.ledger.models import Record
from cartlake.times import parse, stamp

LEASE: Final = timedelta(minutes=5)
"""How long a sync may take between two writes of its state before another one takes its place."""


class SourceBusyError(TransientError):
    """Another sync of the source is at work."""


class SyncReplacedError(TransientError):
    """Another sync took the place of this one, which had not written its state for longer than its lease."""


class OpenSync(Record):
    """A sync that has begun and is not done: its window of modification times, and what it has written so far.

    `since` and `until` are included; without `since` everything is read. `cursor` is where the source goes on. `known`
    are rows it wrote near the newest one, as `sources.known_rows` packs them. `read` counts all rows, also known ones.
    """

    sync_id: str
    since: str | None
    until: str
    cursor: str | None = None
    newest: str | None = None
    known: str = ""
    validators: dict[str, str] = Field(default_factory=dict)
    files: int = 0
    read: int = 0
    written: int = 0


class SourceState(Record):
    """What the ledger knows of a source. `watermark` is the newest modification time of all syncs that are done.

    `validators` are the ETags of what was read last, by address. `revision` counts the writes.
    """

    source: str
    revision: int = 0
    watermark: str | None = None
    known: str = ""
    validators: dict[str, str] = Field(default_factory=dict)
    open: OpenSync | None = None
    holder: str | None = None
    lease_until: str | None = None
    last: OpenSync | None = None
    ended_at: str | None = None
    error: str | None = None

    @property
    def opened(self) -> OpenSync:
        """Return the sync that is open. Raises ValueError where there is none."""
        if self.open is None:
            raise ValueError(f"No sync of source {self.source} is open.")
        return self.open

    def is_held(self, now: datetime) -> bool:
        """Return whether a sync is at work. A lease longer than LEASE was written by a clock that was wrong."""
        return self.lease_until is not None and now < parse(self.lease_until) <= now + LEASE


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
