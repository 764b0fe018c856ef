"""Runs in the ledger: what they claimed, how they ended, and the lock that lets one work on a dataset at a time."""

from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.backfills import BackfillLedger
from cartlake.ledger.keys import lock_key, pending_key, run_file_key, run_index, run_key
from cartlake.ledger.maintenance import UpkeepLedger
from cartlake.ledger.models import FileRecord, FileState, Lock, LockHeldError, RunRecord, RunState
from cartlake.ledger.moves import move
from cartlake.ledger.table import ABSENT, MAX_TRANSACTION, Action, ConflictError, check, delete, put, update
from cartlake.runs.documents import RowCounts
from cartlake.runs.ids import REFRESH, dataset_of
from cartlake.times import stamp, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FILES_PER_CLAIM: Final = (MAX_TRANSACTION - 1) // 3
"""A claim is three writes a file, and one look at the lock."""


class Ledger(UpkeepLedger, BackfillLedger):
    """The whole ledger. Every method may be repeated; what has been done already is not done again."""

    # --- locks

    def acquire_lock(self, dataset: str, run_id: str) -> bool:
        """Take the dataset for a run. True also if that run has it already."""
        lock = Lock(dataset=dataset, run_id=run_id, acquired_at=stamp(utc_now()))
        if self._try(put(lock_key(dataset), lock.model_dump(), when=ABSENT)):
            return True
        holder = self.lock(dataset)
        return holder is not None and holder.run_id == run_id

    def take_over_lock(self, dataset: str, dead_run_id: str, run_id: str) -> bool:
        """Take the dataset from a run that is known to be over. False if that run no longer had it."""
        lock = Lock(dataset=dataset, run_id=run_id, acquired_at=stamp(utc_now()))
        return self._try(put(lock_key(dataset), lock.model_dump(), when=Attr("run_id").eq(dead_run_id)))

    def note_execution(self, dataset: str, run_id: str, execution_arn: str) -> None:
        """Write down which execution works under the lock, if the run still has it."""
        self._try(update(lock_key(dataset), {"execution_arn": execution_arn}, when=Attr("run_id").eq(run_id)))

    def release_lock(self, dataset: str, run_id: str) -> bool:
        """Give the dataset back. False if the run did not have it."""
        return self._try(delete(lock_key(dataset), when=Attr("run_id").eq(run_id)))

    def lock(self, dataset: str) -> Lock | None:
        item = self._table.get(lock_key(dataset))
        return None if item is None else Lock.model_validate(item)

    # --- runs

    def run(self, run_id: str) -> RunRecord | None:
        item = self._table.get(run_key(run_id))
        return None if item is None else RunRecord.model_validate(item)

    def runs(self, dataset: str, limit: int | None = None) -> list[RunRecord]:
        """List the runs of a dataset, newest first. Reads the index, which lags by a moment."""
        items = self._table.query_index(run_index(dataset), limit=limit, newest_first=True)
        return [RunRecord.model_validate(item) for item in items]

    def run_files(self, run_id: str) -> list[FileRecord]:
        """The files a run ever claimed, oldest first; strongly consistent."""
        claimed = [item["file_id"] for item in self._table.query(f"RUN#{run_id}", "FILE#")]
        return sorted(self._read(claimed), key=lambda file: (file.received_at, file.file_id))

    def start_run(self, run_id: str, execution_arn: str | None = None) -> None:
        """Record that a run is at work. A run that is on record already stays as it is."""
        now, dataset = stamp(utc_now()), dataset_of(run_id)
        run = RunRecord(
            run_id=run_id, dataset=dataset, state=RunState.RUNNING, started_at=now, execution_arn=execution_arn
        )
        index = {"gsi1pk": run_index(dataset), "gsi1sk": now}
        self._try(put(run_key(run_id), run.model_dump(mode="json") | index, when=ABSENT))

    def claim(self, run_id: str, files: "Sequence[FileRecord]") -> None:
        """Give VALIDATED files to a run; those that left that state meanwhile are passed over.

        Raises LockHeldError, and claims nothing more, as soon as the run does not hold the dataset's lock.
        """
        lock = check(lock_key(dataset_of(run_id)), when=Attr("run_id").eq(run_id))
        for start in range(0, len(files), FILES_PER_CLAIM):
            self._claim_some(run_id, files[start : start + FILES_PER_CLAIM], lock)

    def _claim_some(self, run_id: str, files: "Sequence[FileRecord]", lock: Action) -> None:
        try:
            self._table.write(lock, *(action for file in files for action in _claim(run_id, file)))
        except ConflictError as conflict:
            if 0 in conflict.failed:
                raise LockHeldError(
                    f"Run {run_id} may not claim files: another run holds dataset {dataset_of(run_id)}."
                    " Its release starts the next run by itself."
                ) from conflict
            if len(files) > 1:
                for file in files:
                    self._claim_some(run_id, [file], lock)

    def loaded(self, run_id: str, file_ids: "Sequence[str]") -> None:
        """Settle the run's CLAIMED files as LOADED."""
        self._settle(run_id, lambda file: file.file_id in set(file_ids), FileState.LOADED)

    def finish_run(self, run_id: str, counts: RowCounts | None, report_uri: str) -> RunRecord:
        """Settle a RUNNING run as SUCCEEDED; a refresh has no rows of files to count.

        Returns the run as it then stands, whoever settled it.
        """
        outcome = {"counts": counts.model_dump() if counts else None, "report_uri": report_uri}
        self._end_run(run_id, RunState.SUCCEEDED, outcome)
        return self._run_on_record(run_id)

    def fail_run(self, run_id: str, error: str, cause: str) -> bool:
        """Settle a run as FAILED, and its CLAIMED files with it; a run unknown so far is put on record.

        What a failed refresh was to rebuild stays stale, and is taken by the next one.

        Returns whether this call was the one that ended the run: False if it had failed or succeeded before.
        """
        detail = f"Run {run_id} failed with {error}: {cause}"[:1000]
        run = self.run(run_id)
        if run is not None and run.state is RunState.SUCCEEDED:
            return False
        self.start_run(run_id)
        self._settle(run_id, lambda _: True, FileState.FAILED, reason="run_failed", detail=detail)
        ended = self._end_run(run_id, RunState.FAILED, {"error": error, "cause": cause[:30_000]})
        # Only now: a claim that is still at work gives nothing more to a run that has ended.
        if dataset_of(run_id) == REFRESH and self._run_on_record(run_id).state is RunState.FAILED:
            self._set_stale_aside(run_id)
        return ended

    def _settle(self, run_id: str, wanted: "Callable[[FileRecord], bool]", state: FileState, **found: Any) -> None:
        moves = [
            move(file, state, [FileState.CLAIMED], claimed_by=run_id, **found)
            for file in self.run_files(run_id)
            if file.state is FileState.CLAIMED and wanted(file)
        ]
        for start in range(0, len(moves), MAX_TRANSACTION):
            self._write_each(moves[start : start + MAX_TRANSACTION])

    def _write_each(self, actions: list[Action]) -> None:
        """All in one transaction; if one has been done already, the others one by one."""
        try:
            self._table.write(*actions)
        except ConflictError:
            for action in actions if len(actions) > 1 else ():
                self._write_each([action])

    def _end_run(self, run_id: str, state: RunState, outcome: dict[str, Any]) -> bool:
        files = len(self._table.query(f"RUN#{run_id}", "FILE#"))
        attributes = {**outcome, "state": str(state), "ended_at": stamp(utc_now()), "files": files}
        return self._try(update(run_key(run_id), attributes, when=Attr("state").eq(str(RunState.RUNNING))))

    def _run_on_record(self, run_id: str) -> RunRecord:
        return RunRecord.model_validate(self._table.get(run_key(run_id)))


def _claim(run_id: str, file: FileRecord) -> list[Action]:
    loads = [*(load.model_dump() for load in file.loads), {"source_file": file.uri, "run_id": run_id}]
    return [
        move(file, FileState.CLAIMED, [FileState.VALIDATED], run_id=run_id, loads=loads),
        delete(pending_key(file)),
        put(run_file_key(run_id, file.file_id), {"file_id": file.file_id}),
    ]
