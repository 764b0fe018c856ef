"""Files that backfills read again: which there are, who read them, and whose rows theirs are afterwards.

A file that is read again stays LOADED all the time, so a slice that fails leaves every file as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.files import FileLedger
from cartlake.ledger.items.keys import content_of, lock_key, run_file_key
from cartlake.ledger.items.keys import state_index as index_of
from cartlake.ledger.items.table import ABSENT, MAX_TRANSACTION, Action, ConflictError, Key, Table, check, put, update
from cartlake.ledger.models import FileRecord, FileState, LockHeldError
from cartlake.ledger.moves import move
from cartlake.runs.documents import Load

_FILES_PER_NOTE: Final = (MAX_TRANSACTION - 1) // 2
"""Recording a file takes two writes, and each transaction one check of the lock."""


class ReloadLedger:
    """The LOADED files of all datasets, as backfills read them."""

    def __init__(self, table: Table, files: FileLedger) -> None:
        self._table = table
        self._files = files

    def loaded_between(self, dataset: str, first: date, last: date) -> list[FileRecord]:
        """Return the LOADED files that were received on those days (UTC, both included), oldest first.

        Reads the index, which lags: a file loaded a moment ago may be missing, and was loaded by today's contract.
        """
        # The sort key starts with a full timestamp, so the bare next day is greater than every time of the last day.
        return self.loaded_from_to(dataset, first.isoformat(), (last + timedelta(days=1)).isoformat())

    def loaded_from_to(self, dataset: str, first_key: str, last_key: str) -> list[FileRecord]:
        """Return the LOADED files between two keys of `FileRecord.reception`, both included, oldest first.

        Reads the index, as `loaded_between` does.
        """
        items = self._table.query_index(index_of(dataset, FileState.LOADED), between=(first_key, last_key))
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
        files = self._files.get_many(file_ids)
        known = {"run_id": run_id, "contract_version": contract_version}
        for start in range(0, len(files), MAX_TRANSACTION):
            some = files[start : start + MAX_TRANSACTION]
            self._own_contents(some, contract_version)
            self._table.write_each([move(file, FileState.LOADED, [FileState.LOADED], **known) for file in some])

    def _own_contents(self, files: Sequence[FileRecord], contract_version: str) -> None:
        contents = {content_of(file, contract_version): file.file_id for file in files}
        owned = {Key(item["pk"], item["sk"]) for item in self._table.get_many(list(contents))}
        # Only if absent: under the same major version the file owns its content already.
        missing = [
            update(key, {"file_id": file_id}, when=ABSENT) for key, file_id in contents.items() if key not in owned
        ]
        if missing:
            self._table.write_each(missing)


def _notes(file: FileRecord, load: Load) -> Iterator[Action]:
    yield put(run_file_key(load.run_id, file.file_id), {"file_id": file.file_id})
    # A retried step records the same load again; it must not be in the list twice.
    loads = list(dict.fromkeys((*file.all_loads, load)))
    yield move(file, FileState.LOADED, [FileState.LOADED], loads=[known.model_dump() for known in loads])
