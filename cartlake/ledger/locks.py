"""Locks in the ledger: one run at a time works on a dataset, and one refresh and one maintenance at a time."""

from collections.abc import Iterable

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.keys import lock_key
from cartlake.ledger.models import Lock
from cartlake.ledger.table import ABSENT, Table, delete, put, update
from cartlake.times import stamp, utc_now


class LockLedger:
    """The locks. A `subject` is a dataset, or a workflow that works for all datasets."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(self, subject: str, run_id: str) -> bool:
        """Take the lock for a run. True also if that run has it already."""
        lock = Lock(subject=subject, run_id=run_id, acquired_at=stamp(utc_now()))
        if self._table.try_write(put(lock_key(subject), lock.model_dump(), when=ABSENT)):
            return True
        holder = self.get(subject)
        return holder is not None and holder.run_id == run_id

    def take_over(self, subject: str, ended_run_id: str, run_id: str) -> bool:
        """Take the lock from a run that is known to be over. False if that run no longer had it."""
        lock = Lock(subject=subject, run_id=run_id, acquired_at=stamp(utc_now()))
        return self._table.try_write(put(lock_key(subject), lock.model_dump(), when=Attr("run_id").eq(ended_run_id)))

    def note_execution(self, subject: str, run_id: str, execution_arn: str) -> None:
        """Write down which execution works under the lock, if the run still has it."""
        noted = update(lock_key(subject), {"execution_arn": execution_arn}, when=Attr("run_id").eq(run_id))
        self._table.try_write(noted)

    def release(self, subject: str, run_id: str) -> bool:
        """Give the lock back. False if the run did not have it."""
        return self._table.try_write(delete(lock_key(subject), when=Attr("run_id").eq(run_id)))

    def get(self, subject: str) -> Lock | None:
        """Read a lock; strongly consistent. None if no run has it."""
        item = self._table.get(lock_key(subject))
        return None if item is None else Lock.model_validate(item)

    def held_by(self, run_id: str, subjects: Iterable[str]) -> list[str]:
        """Those of the subjects whose lock the run has."""
        locks = self._table.get_many([lock_key(subject) for subject in subjects])
        return sorted(str(lock["subject"]) for lock in locks if lock["run_id"] == run_id)
