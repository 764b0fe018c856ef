"""Files in the ledger and their states: each content is loaded once, and no file is lost.

Every change of state is one transaction whose conditions name the state it starts from. The same event may be delivered
twice, late, or to two functions at once: the first call changes the state, and the others return what it stored.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from boto3.dynamodb.conditions import Attr

from cartlake.errors import TransientError
from cartlake.ledger.items.keys import content_key, content_of, dataset_key, file_key, state_index
from cartlake.ledger.items.table import ABSENT, ATTEMPTS, Action, ConflictError, Item, Key, Table, put
from cartlake.ledger.models import Content, FileRecord, FileState, ObjectVersion, UnknownFileError
from cartlake.ledger.moves import (
    LOST_STATES,
    give_up,
    join,
    move,
    none_joined,
    reject,
    swap_with_duplicate,
    take,
    take_over,
)
from cartlake.runs.bad_files import MISSING, SUPERSEDED
from cartlake.times import stamp, utc_now

OBJECT_IS_GONE: Final = frozenset({MISSING, SUPERSEDED})
"""Reasons that are of the object and not of its content, so a duplicate of it can be loaded."""


class FileLedger:
    """The files of all datasets."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._seen_datasets: set[str] = set()

    def receive(self, dataset: str, landed: ObjectVersion) -> FileRecord:
        """Record that an object arrived. Returns the file, as it is stored if it was recorded before."""
        self._remember_dataset(dataset)
        now = stamp(utc_now())
        record = FileRecord(
            **landed.model_dump(),
            file_id=landed.file_id,
            dataset=dataset,
            state=FileState.RECEIVED,
            received_at=now,
            updated_at=now,
        )
        # Files of one state are listed by the time they were received; the id makes the key unique.
        index = {"gsi1pk": state_index(dataset, record.state), "gsi1sk": record.reception}
        try:
            self._table.write(put(file_key(record.file_id), record.model_dump(mode="json") | index, when=ABSENT))
        except ConflictError:
            return self.get(record.file_id)
        return record

    def _remember_dataset(self, dataset: str) -> None:
        # Kept in memory, so that not every file of a dataset writes the same item again.
        if dataset not in self._seen_datasets:
            self._table.write(put(dataset_key(dataset), {}))
            self._seen_datasets.add(dataset)

    def get(self, file_id: str) -> FileRecord:
        """Return one file; strongly consistent. Raises UnknownFileError if it was never received."""
        item = self._table.get(file_key(file_id))
        if item is None:
            raise UnknownFileError(f"The ledger has no file {file_id}; `lake status` lists those it has.")
        return FileRecord.model_validate(item)

    def list(self, dataset: str | None = None, state: FileState | None = None) -> Sequence[FileRecord]:
        """Return files, oldest first. Reads the index, which lags: the last changes may be missing."""
        datasets = [dataset] if dataset else self.datasets()
        states = [state] if state else list(FileState)
        items = [item for one in datasets for s in states for item in self._table.query_index(state_index(one, s))]
        # A file that changes state between two queries is in both answers; the later change is the current one.
        newest = {item["file_id"]: item for item in sorted(items, key=lambda item: str(item["updated_at"]))}
        return sorted(map(FileRecord.model_validate, newest.values()), key=lambda file: (file.received_at, file.key))

    def datasets(self) -> Sequence[str]:
        """Return every dataset a file was ever received for, `_unknown` included if a file was outside all of them."""
        return [item["sk"] for item in self._table.query("DATASETS")]

    def pending(self, dataset: str, limit: int | None = None) -> Sequence[FileRecord]:
        """Return the VALIDATED files that the next run will claim, oldest first; strongly consistent."""
        waiting = self._table.query(f"PENDING#{dataset}", limit=limit)
        return self.get_many([item["file_id"] for item in waiting])

    def has_pending(self, dataset: str) -> bool:
        """Return whether a file waits for the next run; strongly consistent."""
        return bool(self._table.query(f"PENDING#{dataset}", limit=1))

    def get_many(self, file_ids: Sequence[str]) -> Sequence[FileRecord]:
        """Return files in the order of the ids given; strongly consistent. Unknown ids are left out."""
        return [FileRecord.model_validate(item) for item in self._table.get_many([file_key(one) for one in file_ids])]

    def rejected(self, file_id: str, reason: str, detail: str) -> FileRecord:
        """Change a RECEIVED file to REJECTED. Returns the file as stored, also when it had another state before."""
        record = self.get(file_id)
        # A repeated event may find the file rejected or validated already; the stored state is the answer.
        with suppress(ConflictError):
            self._table.write(move(record, FileState.REJECTED, [FileState.RECEIVED], reason=reason, detail=detail))
        return self.get(file_id)

    def validated(self, file_id: str, content: Content) -> FileRecord:
        """Change a RECEIVED file to VALIDATED, or to DUPLICATE if another file has the same content.

        Of any number of simultaneous files with one content exactly one becomes VALIDATED. Returns the file as stored,
        also when it had another state before. Raises TransientError when other calls kept changing it.
        """
        return self._admit(file_id, FileState.RECEIVED, content.model_dump(), likely_new=True)

    def accept_deletes(self, file_id: str) -> FileRecord:
        """Change a full copy that a run REJECTED for what it would delete back to VALIDATED, and let it delete that.

        Returns the file as stored. A file in any other state is not changed.
        """
        found = {"reason": None, "detail": None, "run_id": None, "accepts_deletes": True}
        return self._admit(file_id, FileState.REJECTED, found)

    def requeue(self, file_id: str) -> FileRecord:
        """Change a FAILED file back to VALIDATED, or to DUPLICATE if its content was loaded from another file since.

        Returns the file as stored. A file in any other state is not changed, so the call may be repeated. Raises
        TransientError when other calls kept changing it.
        """
        return self._admit(file_id, FileState.FAILED, {"reason": None, "detail": None, "run_id": None})

    def _admit(self, file_id: str, start: FileState, found: Item, *, likely_new: bool = False) -> FileRecord:
        """Change a file to VALIDATED or DUPLICATE. `likely_new`: try first as if no file had its content."""
        for attempt in range(ATTEMPTS):
            record = self.get(file_id)
            if record.state is not start:
                return record
            known = {"sha256": record.sha256, "contract_version": record.contract_version, **found}
            loads_again = bool(found.get("loads_again", record.loads_again))
            version, sha256 = str(known["contract_version"]), str(known["sha256"])
            content = content_key(record, version, sha256, loads_again=loads_again)
            try:
                if likely_new and attempt == 0:
                    self._table.write(*take(record, content, found, Attr("file_id").not_exists()))
                else:
                    self._table.write(*self._admission(record, content, found))
            except ConflictError:
                continue  # another call changed the file or its content since they were read: read them again
            return self.get(file_id)
        raise TransientError(f"Other calls changed file {file_id} during all {ATTEMPTS} tries; try again.")

    def _admission(self, record: FileRecord, content: Key, found: Item) -> Sequence[Action]:
        # The owner is read without a lock; the conditions of the transaction fail if it has changed by then.
        claim = self._table.get(content)
        if claim is None:
            return take(record, content, found, Attr("file_id").not_exists())
        owner = str(claim["file_id"])
        if owner == record.file_id:
            return take(record, content, found, Attr("file_id").eq(owner))
        if self.get(owner).state in LOST_STATES:
            return take_over(record, content, found, owner)
        return join(record, content, found, owner)

    def reject_claimed(self, record: FileRecord, run_id: str, reason: str, detail: str) -> FileRecord:
        """Change a file that a run has CLAIMED and cannot load to REJECTED.

        If its object is gone or replaced, but a duplicate has the same content, the two swap, as in `set_aside`.
        Returns the file as stored; one that the run has not claimed is not changed. Raises TransientError when other
        calls kept changing it.
        """
        for _ in range(ATTEMPTS):
            with suppress(ConflictError):
                self._table.write(*self._rejecting(record, run_id, reason, detail))
                return self.get(record.file_id)
            current = self.get(record.file_id)
            if (current.state, current.run_id) != (FileState.CLAIMED, run_id):
                return current
        raise TransientError(f"Other calls changed file {record.file_id} during all {ATTEMPTS} tries; try again.")

    def _rejecting(self, record: FileRecord, run_id: str, reason: str, detail: str) -> Sequence[Action]:
        content = content_of(record)
        if reason in OBJECT_IS_GONE:
            # Read before the query: see `_setting_aside`.
            joined = (self._table.get(content) or {}).get("duplicates")
            if duplicates := self._table.query(content.pk, "DUPLICATE#", limit=1):
                duplicate = self.get(duplicates[0]["file_id"])
                return swap_with_duplicate(record, duplicate, content, reason, detail)
            return [reject(record, run_id, reason, detail), none_joined(content, joined)]
        return [reject(record, run_id, reason, detail)]

    def set_aside(self, record: FileRecord, reason: str, detail: str) -> FileRecord:
        """Take a VALIDATED file whose object is gone or replaced out of the next run, but not its content.

        If a duplicate has the same content, the two swap: the duplicate becomes VALIDATED and waits for the next run,
        and this file becomes a DUPLICATE of it. Otherwise this file becomes FAILED. Returns this file as stored. Raises
        TransientError when other calls kept changing it.
        """
        content = content_of(record)
        for _ in range(ATTEMPTS):
            try:
                self._table.write(*self._setting_aside(record, content, reason, detail))
            except ConflictError:
                current = self.get(record.file_id)
                if current.state is not FileState.VALIDATED:
                    return current
            else:
                return self.get(record.file_id)
        raise TransientError(f"Other calls changed file {record.file_id} during all {ATTEMPTS} tries; try again.")

    def _setting_aside(self, record: FileRecord, content: Key, reason: str, detail: str) -> Sequence[Action]:
        # Read before the query: a duplicate that is added after this raises the count, and the write then fails.
        joined = (self._table.get(content) or {}).get("duplicates")
        duplicates = self._table.query(content.pk, "DUPLICATE#", limit=1)
        if not duplicates:
            return give_up(record, content, joined, reason, detail)
        return swap_with_duplicate(record, self.get(duplicates[0]["file_id"]), content, reason, detail)
