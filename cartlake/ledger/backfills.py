"""Backfills in the ledger: which are pending, which run claimed which, and which files were read again.

A file that is read again stays LOADED all the time, so a backfill that fails leaves every file as it was. It is not
retried: the user requests it again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.files import FileLedger
from cartlake.ledger.keys import backfill_key, backfills_of, content_key, lock_key, run_file_key, run_index, run_key
from cartlake.ledger.keys import state_index as index_of
from cartlake.ledger.models import Backfill, FileRecord, FileState, LockHeldError, RunRecord, RunState
from cartlake.ledger.moves import move
from cartlake.ledger.table import (
    ABSENT,
    MAX_TRANSACTION,
    PRESENT,
    Action,
    ConflictError,
    Table,
    check,
    delete,
    put,
    update,
)
from cartlake.runs.documents import Load
from cartlake.times import stamp, utc_now

_FILES_PER_NOTE: Final = (MAX_TRANSACTION - 1) // 2
"""Recording a file takes two writes, and each transaction one check of the lock."""


class BackfillLedger:
    """The backfills of all datasets."""

    def __init__(self, table: Table, files: FileLedger) -> None:
        self._table = table
        self._files = files

    def request(self, backfill: Backfill) -> None:
        """Record a backfill as pending. Its run starts as soon as no other run of the dataset is running."""
        self._table.write(put(backfill_key(backfill), backfill.model_dump(mode="json")))

    def pending(self, dataset: str) -> list[Backfill]:
        """Return the pending backfills of a dataset, oldest first; strongly consistent."""
        return [Backfill.model_validate(item) for item in self._table.query(backfills_of(dataset))]

    def has_pending(self, dataset: str) -> bool:
        """Return whether a backfill of the dataset is pending; strongly consistent."""
        return bool(self._table.query(backfills_of(dataset), limit=1))

    def withdraw(self, backfill: Backfill) -> bool:
        """Remove a backfill that is still pending. Returns False if a run has claimed it."""
        return self._table.try_write(delete(backfill_key(backfill), when=PRESENT))

    def claim(self, run_id: str, backfill: Backfill, execution_arn: str | None = None) -> bool:
        """Give a pending backfill to a run, and record the run. Returns False if it is not pending any more.

        Raises LockHeldError when the run does not hold the dataset's lock.
        """
        now, dataset = stamp(utc_now()), backfill.dataset
        run = RunRecord(
            run_id=run_id,
            subject=dataset,
            state=RunState.RUNNING,
            started_at=now,
            execution_arn=execution_arn,
            backfill=backfill,
        )
        index = {"gsi1pk": run_index(dataset), "gsi1sk": now}
        try:
            self._table.write(
                check(lock_key(dataset), when=Attr("run_id").eq(run_id)),
                put(run_key(run_id), run.model_dump(mode="json") | index, when=ABSENT),
                delete(backfill_key(backfill), when=PRESENT),
            )
        except ConflictError as conflict:
            # The first action is the check of the lock; the others fail when the backfill was claimed or withdrawn.
            if 0 in conflict.failed:
                raise LockHeldError(f"Run {run_id} cannot backfill {dataset}: another run has the lock.") from conflict
            return False
        return True

    def loaded_between(self, dataset: str, first: date, last: date) -> list[FileRecord]:
        """Return the LOADED files that were received on those days (UTC, both included), oldest first.

        Reads the index, which lags: a file loaded a moment ago may be missing, and was loaded by today's contract.
        """
        # The sort key starts with a full timestamp, so the bare next day is greater than every time of the last day.
        window = (first.isoformat(), (last + timedelta(days=1)).isoformat())
        items = self._table.query_index(index_of(dataset, FileState.LOADED), between=window)
        # The index may still have a file under a state that it has left.
        return [file for file in map(FileRecord.model_validate, items) if file.state is FileState.LOADED]

    def note_read(self, run_id: str, files: Sequence[FileRecord], sources: Mapping[str, str]) -> None:
        """Record that a run reads these LOADED files again. `sources` has the `_source_file` of their rows by file id.

        Call it before any row is written: the next backfill removes only rows of loads that are recorded here. Raises
        LockHeldError when the run does not hold the dataset's lock.
        """
        for start in range(0, len(files), _FILES_PER_NOTE):
            some = files[start : start + _FILES_PER_NOTE]
            lock = check(lock_key(some[0].dataset), when=Attr("run_id").eq(run_id))
            notes = (
                note for file in some for note in _notes(file, Load(source_file=sources[file.file_id], run_id=run_id))
            )
            try:
                self._table.write(lock, *notes)
            except ConflictError as conflict:
                raise LockHeldError(f"Run {run_id} lost the lock of {some[0].dataset} to another run.") from conflict

    def mark_reloaded(self, run_id: str, file_ids: Sequence[str], contract_version: str) -> None:
        """Record that the rows of these files now come from a published backfill: this run, this contract version.

        A new major version has its own record of each content. It is written here, so that a file with the same content
        is still recognised as a duplicate.
        """
        for file in self._files.get_many(file_ids):
            content = content_key(file.dataset, contract_version, str(file.sha256))
            # Only if absent: under the same major version the file owns its content already.
            self._table.try_write(update(content, {"file_id": file.file_id}, when=ABSENT))
            again = move(file, FileState.LOADED, [FileState.LOADED], run_id=run_id, contract_version=contract_version)
            self._table.try_write(again)


def _notes(file: FileRecord, load: Load) -> Iterator[Action]:
    yield put(run_file_key(load.run_id, file.file_id), {"file_id": file.file_id})
    # A retried step records the same load again; it must not be in the list twice.
    loads = list(dict.fromkeys((*file.all_loads, load)))
    yield move(file, FileState.LOADED, [FileState.LOADED], loads=[known.model_dump() for known in loads])
