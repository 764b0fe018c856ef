"""States that one process at a time works on: each write names the one before it, so of two only one goes on."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from boto3.dynamodb.conditions import Attr

from cartlake.errors import CartlakeError, TransientError
from cartlake.ledger.items.table import ABSENT, ConflictError, Key, Table, put
from cartlake.ledger.models import Record
from cartlake.times import parse, stamp

if TYPE_CHECKING:
    from datetime import datetime

LEASE: Final = timedelta(minutes=5)
"""How long a sync may take between two writes of its state before another one takes its place."""


class SourceBusyError(TransientError):
    """Another sync of the source or stream is at work."""


class SyncReplacedError(TransientError):
    """Another sync took the place of this one, which had not written its state for longer than its lease."""


class LeasedState(Record):
    """A state that has a holder while one works on it. `revision` counts writes, `error` says why a holder failed."""

    revision: int = 0
    holder: str | None = None
    lease_until: str | None = None
    error: str | None = None

    @property
    def name(self) -> str:
        """Return the name of what it is the state of."""
        raise NotImplementedError

    def is_held(self, now: datetime) -> bool:
        """Return whether a sync is at work. A lease longer than LEASE was written by a clock that was wrong."""
        return self.lease_until is not None and now < parse(self.lease_until) <= now + LEASE


State = TypeVar("State", bound=LeasedState)


class LeaseLedger(Generic[State]):
    """The states of all things of a kind. Each write names the revision it changes."""

    noun: ClassVar[str]

    def __init__(self, table: Table) -> None:
        self._table = table

    def _key(self, name: str) -> Key:
        raise NotImplementedError

    def _state(self, item: dict[str, object]) -> State:
        raise NotImplementedError

    def _unread(self, name: str) -> State:
        raise NotImplementedError

    def get(self, name: str) -> State:
        """Return the state of a name, that of one never read where there is none; strongly consistent."""
        item = self._table.get(self._key(name))
        return self._unread(name) if item is None else self._state(item)

    def all(self) -> list[State]:
        """Return the states of all that were ever read, by name."""
        return [self._state(item) for item in self._table.query(self._key("").pk)]

    def take(self, name: str, holder: str, now: datetime) -> State:
        """Take the lease of a name for a sync. Raises SourceBusyError while another one has it."""
        found = self.get(name)
        if found.is_held(now):
            raise SourceBusyError(
                f"Another sync reads {self.noun} {name}. Wait for its end; if it was killed, the next sync takes its "
                f"place after {found.lease_until}."
            )
        try:
            return self.save(found.model_copy(update={"holder": holder}), now)
        except SyncReplacedError as error:
            message = f"Another sync of {self.noun} {name} began at the same moment; try again."
            raise SourceBusyError(message) from error

    def save(self, state: State, now: datetime) -> State:
        """Write a state and extend its lease, if it has a holder; returns it with its new revision.

        Raises SyncReplacedError, with nothing written, if another sync wrote the state meanwhile.
        """
        lease_until = stamp(now + LEASE) if state.holder else None
        saved = state.model_copy(update={"revision": state.revision + 1, "lease_until": lease_until})
        unchanged = Attr("revision").eq(state.revision) if state.revision else ABSENT
        try:
            self._table.write(put(self._key(state.name), saved.model_dump(mode="json"), when=unchanged))
        except ConflictError as error:
            message = f"Another sync of {self.noun} {state.name} took the place of this one."
            raise SyncReplacedError(message) from error
        return saved

    def release(self, state: State, now: datetime) -> State:
        """Write a state and give its lease back. Raises SyncReplacedError as `save` does."""
        return self.save(state.model_copy(update={"holder": None}), now)

    def give_up(self, name: str, holder: str, error: Exception, now: datetime, **noted: str) -> None:
        """Record why a holder ended, and give its lease back, unless another one has it by now.

        Raises nothing of the ledger: the error itself is what the user must see.
        """
        with suppress(CartlakeError):
            found = self.get(name)
            if found.holder == holder:
                said = {"error": f"{type(error).__name__}: {error}", **noted}
                self.release(found.model_copy(update=said), now)
