"""Files in the ledger: received, judged, and kept so that each content counts once and none is lost.

Every change of state is one transaction whose conditions name the state it starts from. Deliveries may be repeated,
late or simultaneous: the first one wins, and the others read what it decided.
"""

from collections.abc import Sequence
from contextlib import suppress

from boto3.dynamodb.conditions import Attr

from cartlake.errors import TransientError
from cartlake.ledger.keys import content_key, dataset_key, file_key, state_index
from cartlake.ledger.models import Content, FileRecord, FileState, ObjectVersion, UnknownFileError
from cartlake.ledger.moves import LOST_STATES, give_up, hand_over, join, move, take, take_over
from cartlake.ledger.table import ABSENT, ATTEMPTS, Action, ConflictError, Item, Key, Table, put
from cartlake.times import stamp, utc_now


class FileLedger:
    """The files of all datasets."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._seen_datasets: set[str] = set()

    def receive(self, dataset: str, landed: ObjectVersion) -> FileRecord:
        """Record that an object arrived. A file that is known already is returned as it stands."""
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
        index = {"gsi1pk": state_index(dataset, record.state), "gsi1sk": f"{now}#{record.file_id}"}
        try:
            self._table.write(put(file_key(record.file_id), record.model_dump(mode="json") | index, when=ABSENT))
        except ConflictError:
            return self.get(record.file_id)
        return record

    def _remember_dataset(self, dataset: str) -> None:
        if dataset not in self._seen_datasets:
            self._table.write(put(dataset_key(dataset), {}))
            self._seen_datasets.add(dataset)

    def get(self, file_id: str) -> FileRecord:
        """Read one file; strongly consistent. Raises UnknownFileError if it was never received."""
        item = self._table.get(file_key(file_id))
        if item is None:
            raise UnknownFileError(f"The ledger has no file {file_id}; `lake status` lists those it has.")
        return FileRecord.model_validate(item)

    def list(self, dataset: str | None = None, state: FileState | None = None) -> Sequence[FileRecord]:
        """List files, oldest first. Reads the index: a change made within the last moment may not show yet."""
        datasets = [dataset] if dataset else self.datasets()
        states = [state] if state else list(FileState)
        items = [item for one in datasets for s in states for item in self._table.query_index(state_index(one, s))]
        # A file that changes state between two queries shows up in both; its later state is the true one.
        newest = {item["file_id"]: item for item in sorted(items, key=lambda item: str(item["updated_at"]))}
        return sorted(map(FileRecord.model_validate, newest.values()), key=lambda file: (file.received_at, file.key))

    def datasets(self) -> Sequence[str]:
        """Every dataset a file was ever received for, and `_unknown` if any file lay outside them."""
        return [item["sk"] for item in self._table.query("DATASETS")]

    def pending(self, dataset: str, limit: int | None = None) -> Sequence[FileRecord]:
        """The VALIDATED files the next run takes, oldest first; strongly consistent."""
        waiting = self._table.query(f"PENDING#{dataset}", limit=limit)
        return self.get_many([item["file_id"] for item in waiting])

    def has_pending(self, dataset: str) -> bool:
        """Whether a file waits for the next run; strongly consistent."""
        return bool(self._table.query(f"PENDING#{dataset}", limit=1))

    def get_many(self, file_ids: Sequence[str]) -> Sequence[FileRecord]:
        """Read files in the order of their ids; strongly consistent. Ids that are unknown are left out."""
        return [FileRecord.model_validate(item) for item in self._table.get_many([file_key(one) for one in file_ids])]

    def rejected(self, file_id: str, reason: str, detail: str) -> FileRecord:
        """Settle a RECEIVED file as REJECTED. Returns the file as it then stands, whoever settled it."""
        record = self.get(file_id)
        with suppress(ConflictError):
            self._table.write(move(record, FileState.REJECTED, [FileState.RECEIVED], reason=reason, detail=detail))
        return self.get(file_id)

    def validated(self, file_id: str, content: Content) -> FileRecord:
        """Settle a RECEIVED file as VALIDATED, or as DUPLICATE if another file stands for the same content.

        Of any number of simultaneous files with one content exactly one becomes VALIDATED. Returns the file as it
        then stands, whoever settled it.
        """
        return self._admit(file_id, FileState.RECEIVED, content.model_dump())

    def requeue(self, file_id: str) -> FileRecord:
        """Replay a FAILED file: VALIDATED again, or DUPLICATE if its content has come in another way since.

        A file in any other state is returned unchanged, so asking twice is harmless.
        """
        return self._admit(file_id, FileState.FAILED, {"reason": None, "detail": None, "run_id": None})

    def _admit(self, file_id: str, start: FileState, found: Item) -> FileRecord:
        for _ in range(ATTEMPTS):
            record = self.get(file_id)
            if record.state is not start:
                return record
            known = {"sha256": record.sha256, "contract_version": record.contract_version, **found}
            content = content_key(record.dataset, str(known["contract_version"]), str(known["sha256"]))
            try:
                self._table.write(*self._admission(record, content, found))
            except ConflictError:
                continue  # the file or its content changed hands since we looked: look again
            return self.get(file_id)
        raise TransientError(f"File {file_id} kept changing for {ATTEMPTS} tries; deliver again.")

    def _admission(self, record: FileRecord, content: Key, found: Item) -> Sequence[Action]:
        claim = self._table.get(content)
        if claim is None:
            return take(record, content, found, Attr("file_id").not_exists())
        owner = str(claim["file_id"])
        if owner == record.file_id:
            return take(record, content, found, Attr("file_id").eq(owner))
        if self.get(owner).state in LOST_STATES:
            return take_over(record, content, found, owner)
        return join(record, content, found, owner)

    def set_aside(self, record: FileRecord, reason: str, detail: str) -> FileRecord:
        """Give up a VALIDATED file whose object is gone or replaced, without giving up its content.

        If a duplicate carries the same content, the two change places: the duplicate waits for the next run and this
        file becomes DUPLICATE of it. Otherwise it becomes FAILED. Returns this file as it then stands.
        """
        content = content_key(record.dataset, str(record.contract_version), str(record.sha256))
        for _ in range(ATTEMPTS):
            try:
                self._table.write(*self._setting_aside(record, content, reason, detail))
            except ConflictError:
                current = self.get(record.file_id)
                if current.state is not FileState.VALIDATED:
                    return current
            else:
                return self.get(record.file_id)
        raise TransientError(f"File {record.file_id} kept changing for {ATTEMPTS} tries; try again.")

    def _setting_aside(self, record: FileRecord, content: Key, reason: str, detail: str) -> Sequence[Action]:
        joined = (self._table.get(content) or {}).get("duplicates")
        duplicates = self._table.query(content.pk, "DUPLICATE#", limit=1)
        if not duplicates:
            return give_up(record, content, joined, reason, detail)
        return hand_over(record, self.get(duplicates[0]["file_id"]), content, reason, detail)
