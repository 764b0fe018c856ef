"""Locks in the ledger: at most one run of each dataset, one refresh and one maintenance run at the same time."""

from collections.abc import Iterable

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.items.keys import lock_key
from cartlake.ledger.items.table import ABSENT, Table, delete, put, update
from cartlake.ledger.models import Lock
from cartlake.times import stamp, utc_now


class LockLedger:
    """The locks. A `subject` is a dataset, `refresh` or `maintenance`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(self, subject: str, run_id: str) -> bool:
        """Take the lock for a run. Returns True also if that run holds it already, False if another run does."""
        lock = Lock(subject=subject, run_id=run_id, acquired_at=stamp(utc_now()))
        if self._table.try_write(put(lock_key(subject), lock.model_dump(), when=ABSENT)):
            return True
        # A retried call finds its own lock, and that is a success.
        holder = self.get(subject)
        return holder is not None and holder.run_id == run_id

    def take_over(self, subject: str, ended_run_id: str, run_id: str) -> bool:
        """Take the lock from a run that has ended. Returns False if that run did not hold it any more."""
        lock = Lock(subject=subject, run_id=run_id, acquired_at=stamp(utc_now()))
        return self._table.try_write(put(lock_key(subject), lock.model_dump(), when=Attr("run_id").eq(ended_run_id)))

    def note_execution(self, subject: str, run_id: str, execution_arn: str) -> None:
        """Record the execution of the run that holds the lock; nothing is recorded if the run lost it."""
        noted = update(lock_key(subject), {"execution_arn": execution_arn}, when=Attr("run_id").eq(run_id))
        self._table.try_write(noted)

    def release(self, subject: str, run_id: str) -> bool:
        """Release the lock. Returns False if the run did not hold it."""
        return self._table.try_write(delete(lock_key(subject), when=Attr("run_id").eq(run_id)))

    def get(self, subject: str) -> Lock | None:
        """Return a lock; strongly consistent. None if no run holds it."""
        item = self._table.get(lock_key(subject))
        return None if item is None else Lock.model_validate(item)

    def held_by(self, run_id: str, subjects: Iterable[str]) -> list[str]:
        """Return those of the subjects whose lock the run holds, sorted."""
        locks = self._table.get_many([lock_key(subject) for subject in subjects])
        return sorted(str(lock["subject"]) for lock in locks if lock["run_id"] == run_id)
