"""Runs in the ledger: their files and how they ended. Every method may be repeated without further effect."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.backfills import BackfillLedger
from cartlake.ledger.files import FileLedger
from cartlake.ledger.items.keys import lock_key, pending_key, run_file_key, run_index, run_key
from cartlake.ledger.items.table import (
    ABSENT,
    MAX_TRANSACTION,
    Action,
    ConflictError,
    Table,
    check,
    delete,
    put,
    update,
)
from cartlake.ledger.models import FileRecord, FileState, LockHeldError, RunRecord, RunState
from cartlake.ledger.moves import move
from cartlake.ledger.stale import StaleLedger
from cartlake.runs.documents import EngineChoice, RowCounts
from cartlake.runs.ids import Workflow, subject_of
from cartlake.times import stamp, utc_now

FILES_PER_CLAIM: Final = (MAX_TRANSACTION - 1) // 3
"""Claiming a file takes three writes, and each transaction one check of the lock."""


class RunLedger:
    """The runs of all datasets and workflows, and the files they claimed."""

    def __init__(self, table: Table, files: FileLedger, stale: StaleLedger, backfills: BackfillLedger) -> None:
        self._table = table
        self._files = files
        self._stale = stale
        self._backfills = backfills

    def get(self, run_id: str) -> RunRecord | None:
        """Return one run; strongly consistent. None if it is not recorded."""
        item = self._table.get(run_key(run_id))
        return None if item is None else RunRecord.model_validate(item)

    def list(self, subject: str, limit: int | None = None, until: str | None = None) -> Sequence[RunRecord]:
        """Return the runs of a dataset, of the refresh or of maintenance, newest first.

        `until` leaves out those that were started later. Reads the index, which lags: the last changes may be missing.
        """
        started = ("0", until) if until else None
        items = self._table.query_index(run_index(subject), limit=limit, newest_first=True, between=started)
        return [RunRecord.model_validate(item) for item in items]

    def files(self, run_id: str) -> Sequence[FileRecord]:
        """Return all files a run claimed, oldest first; strongly consistent."""
        claimed = [item["file_id"] for item in self._table.query(f"RUN#{run_id}", "FILE#")]
        return sorted(self._files.get_many(claimed), key=lambda file: (file.received_at, file.file_id))

    def start(self, run_id: str, execution_arn: str | None = None) -> None:
        """Record a run as RUNNING. A run that is recorded already is not changed."""
        now, subject = stamp(utc_now()), subject_of(run_id)
        run = RunRecord(
            run_id=run_id, subject=subject, state=RunState.RUNNING, started_at=now, execution_arn=execution_arn
        )
        index = {"gsi1pk": run_index(subject), "gsi1sk": now}
        self._table.try_write(put(run_key(run_id), run.model_dump(mode="json") | index, when=ABSENT))

    def chosen(self, run_id: str, engine: EngineChoice | None, fallback: str | None = None) -> None:
        """Record the engine of a run that is at work; `fallback` says why the light engine gave it up."""
        attributes = {"engine": engine.model_dump() if engine else None} | ({"fallback": fallback} if fallback else {})
        self._table.try_write(update(run_key(run_id), attributes, when=Attr("state").eq(str(RunState.RUNNING))))

    def repeated(self, run_id: str) -> RunRecord:
        """Count that a RUNNING run repeats its transform; returns the run, with this time in `repeats`."""
        running = Attr("state").eq(str(RunState.RUNNING))
        self._table.try_write(update(run_key(run_id), {}, when=running, add={"repeats": 1}))
        return self._run_on_record(run_id)

    def claim(self, run_id: str, files: Sequence[FileRecord]) -> None:
        """Change VALIDATED files to CLAIMED by a run; files that are not VALIDATED any more are left out.

        Raises LockHeldError, and claims no further file, when the run does not hold the dataset's lock.
        """
        lock = check(lock_key(subject_of(run_id)), when=Attr("run_id").eq(run_id))
        for start in range(0, len(files), FILES_PER_CLAIM):
            self._claim_some(run_id, files[start : start + FILES_PER_CLAIM], lock)

    def _claim_some(self, run_id: str, files: Sequence[FileRecord], lock: Action) -> None:
        try:
            self._table.write(lock, *(action for file in files for action in _claim(run_id, file)))
        except ConflictError as conflict:
            if 0 in conflict.failed:
                raise LockHeldError(
                    f"Run {run_id} may not claim files: another run holds the lock of {subject_of(run_id)}."
                    " When it is released, the next run starts by itself."
                ) from conflict
            # One file of the batch is not VALIDATED any more; claim one by one, so that it alone is left out.
            if len(files) > 1:
                for file in files:
                    self._claim_some(run_id, [file], lock)

    def loaded(self, run_id: str, file_ids: Sequence[str]) -> None:
        """Change those of these files that are CLAIMED by the run to LOADED."""
        self._change_claimed(run_id, lambda file: file.file_id in set(file_ids), FileState.LOADED)

    def finish(  # noqa: PLR0913 - what a run that succeeded has to say
        self,
        run_id: str,
        counts: RowCounts | None,
        report_uri: str,
        cost_usd: float | None = None,
        *,
        deletes: int = 0,
        deleted: int = 0,
    ) -> RunRecord:
        """Change a RUNNING run to SUCCEEDED. `counts` is None for a refresh and for maintenance, which read no files.

        Returns the run as stored, also when it had ended before.
        """
        cost = None if cost_usd is None else f"{cost_usd:.8f}"  # DynamoDB takes no binary fractions
        rows = {"counts": counts.model_dump() if counts else None, "deletes": deletes, "deleted": deleted}
        outcome = {**rows, "report_uri": report_uri, "cost_usd": cost}
        self._end_run(run_id, RunState.SUCCEEDED, outcome)
        return self._run_on_record(run_id)

    def fail(self, run_id: str, error: str, cause: str) -> bool:
        """Change a run and its CLAIMED files to FAILED; a run that is not recorded yet is recorded.

        The tables of a failed refresh stay stale for the next one. A backfill begins no further slice. Returns whether
        this call ended the run: False if it had failed or succeeded before.
        """
        # Cut, because it is stored with every file of the run, and an item of DynamoDB has at most 400 KB.
        detail = f"Run {run_id} failed with {error}: {cause}"[:1000]
        run = self.get(run_id)
        # A failure that is reported late must not undo a run whose rows are published.
        if run is not None and run.state is RunState.SUCCEEDED:
            return False
        self.start(run_id)
        if run is not None and run.backfill is not None:
            self._backfills.stop(run.backfill)
        self._change_claimed(run_id, lambda _: True, FileState.FAILED, reason="run_failed", detail=detail)
        ended = self._end_run(run_id, RunState.FAILED, {"error": error, "cause": cause[:30_000]})
        # After the run has ended, because until then a claim in progress could still add marks to it.
        if subject_of(run_id) == Workflow.REFRESH and self._run_on_record(run_id).state is RunState.FAILED:
            self._stale.release_failed(run_id)
        return ended

    def _change_claimed(
        self, run_id: str, wanted: Callable[[FileRecord], bool], state: FileState, **found: Any
    ) -> None:
        moves = [
            move(file, state, [FileState.CLAIMED], claimed_by=run_id, **found)
            for file in self.files(run_id)
            if file.state is FileState.CLAIMED and wanted(file)
        ]
        for start in range(0, len(moves), MAX_TRANSACTION):
            self._table.write_each(moves[start : start + MAX_TRANSACTION])

    def _end_run(self, run_id: str, state: RunState, outcome: dict[str, Any]) -> bool:
        files = len(self._table.query(f"RUN#{run_id}", "FILE#"))
        attributes = {**outcome, "state": str(state), "ended_at": stamp(utc_now()), "files": files}
        return self._table.try_write(update(run_key(run_id), attributes, when=Attr("state").eq(str(RunState.RUNNING))))

    def _run_on_record(self, run_id: str) -> RunRecord:
        return RunRecord.model_validate(self._table.get(run_key(run_id)))


def _claim(run_id: str, file: FileRecord) -> list[Action]:
    # Recorded with the claim, so before any row is written: a backfill replaces the rows of recorded loads.
    loads = [*(load.model_dump() for load in file.loads), {"source_file": file.uri, "run_id": run_id}]
    return [
        move(file, FileState.CLAIMED, [FileState.VALIDATED], run_id=run_id, loads=loads),
        delete(pending_key(file)),
        put(run_file_key(run_id, file.file_id), {"file_id": file.file_id}),
    ]
