"""Runs in the ledger: what they claimed and how they ended. Every method may be repeated without further effect."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.files import FileLedger
from cartlake.ledger.keys import lock_key, pending_key, run_file_key, run_index, run_key
from cartlake.ledger.models import FileRecord, FileState, LockHeldError, RunRecord, RunState
from cartlake.ledger.moves import move
from cartlake.ledger.stale import StaleLedger
from cartlake.ledger.table import ABSENT, MAX_TRANSACTION, Action, ConflictError, Table, check, delete, put, update
from cartlake.runs.documents import EngineChoice, RowCounts
from cartlake.runs.ids import Workflow, subject_of
from cartlake.times import stamp, utc_now

FILES_PER_CLAIM: Final = (MAX_TRANSACTION - 1) // 3
"""A claim is three writes a file, and one look at the lock."""


class RunLedger:
    """The runs of all datasets and workflows, and the files they claimed."""

    def __init__(self, table: Table, files: FileLedger, stale: StaleLedger) -> None:
        self._table = table
        self._files = files
        self._stale = stale

    def get(self, run_id: str) -> RunRecord | None:
        """Read one run; strongly consistent. None if it is not on record."""
        item = self._table.get(run_key(run_id))
        return None if item is None else RunRecord.model_validate(item)

    def list(self, subject: str, limit: int | None = None) -> Sequence[RunRecord]:
        """List the runs of a dataset, or of a workflow that works for all datasets, newest first.

        Reads the index, which lags by a moment.
        """
        items = self._table.query_index(run_index(subject), limit=limit, newest_first=True)
        return [RunRecord.model_validate(item) for item in items]

    def files(self, run_id: str) -> Sequence[FileRecord]:
        """The files a run ever claimed, oldest first; strongly consistent."""
        claimed = [item["file_id"] for item in self._table.query(f"RUN#{run_id}", "FILE#")]
        return sorted(self._files.get_many(claimed), key=lambda file: (file.received_at, file.file_id))

    def start(self, run_id: str, execution_arn: str | None = None) -> None:
        """Record that a run is at work. A run that is on record already stays as it is."""
        now, subject = stamp(utc_now()), subject_of(run_id)
        run = RunRecord(
            run_id=run_id, subject=subject, state=RunState.RUNNING, started_at=now, execution_arn=execution_arn
        )
        index = {"gsi1pk": run_index(subject), "gsi1sk": now}
        self._table.try_write(put(run_key(run_id), run.model_dump(mode="json") | index, when=ABSENT))

    def chosen(self, run_id: str, engine: EngineChoice, fallback: str | None = None) -> None:
        """Record the engine of a run that is at work; `fallback` says why the light engine gave it up."""
        attributes: dict[str, Any] = {"engine": engine.model_dump()} | ({"fallback": fallback} if fallback else {})
        self._table.try_write(update(run_key(run_id), attributes, when=Attr("state").eq(str(RunState.RUNNING))))

    def claim(self, run_id: str, files: Sequence[FileRecord]) -> None:
        """Give VALIDATED files to a run; those that left that state meanwhile are passed over.

        Raises LockHeldError, and claims nothing more, as soon as the run does not hold the dataset's lock.
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
                    f"Run {run_id} may not claim files: another run holds dataset {subject_of(run_id)}."
                    " Its release starts the next run by itself."
                ) from conflict
            if len(files) > 1:
                for file in files:
                    self._claim_some(run_id, [file], lock)

    def loaded(self, run_id: str, file_ids: Sequence[str]) -> None:
        """Settle the run's CLAIMED files as LOADED."""
        self._settle(run_id, lambda file: file.file_id in set(file_ids), FileState.LOADED)

    def finish(
        self, run_id: str, counts: RowCounts | None, report_uri: str, cost_usd: float | None = None
    ) -> RunRecord:
        """Settle a RUNNING run as SUCCEEDED; a refresh has no rows of files to count.

        Returns the run as it then stands, whoever settled it.
        """
        cost = None if cost_usd is None else f"{cost_usd:.8f}"  # DynamoDB takes no binary fractions
        outcome = {"counts": counts.model_dump() if counts else None, "report_uri": report_uri, "cost_usd": cost}
        self._end_run(run_id, RunState.SUCCEEDED, outcome)
        return self._run_on_record(run_id)

    def fail(self, run_id: str, error: str, cause: str) -> bool:
        """Settle a run as FAILED, and its CLAIMED files with it; a run unknown so far is put on record.

        What a failed refresh was to rebuild stays stale, and is taken by the next one.

        Returns whether this call was the one that ended the run: False if it had failed or succeeded before.
        """
        detail = f"Run {run_id} failed with {error}: {cause}"[:1000]
        run = self.get(run_id)
        if run is not None and run.state is RunState.SUCCEEDED:
            return False
        self.start(run_id)
        self._settle(run_id, lambda _: True, FileState.FAILED, reason="run_failed", detail=detail)
        ended = self._end_run(run_id, RunState.FAILED, {"error": error, "cause": cause[:30_000]})
        # Only now: a claim that is still at work gives nothing more to a run that has ended.
        if subject_of(run_id) == Workflow.REFRESH and self._run_on_record(run_id).state is RunState.FAILED:
            self._stale.set_aside(run_id)
        return ended

    def _settle(self, run_id: str, wanted: Callable[[FileRecord], bool], state: FileState, **found: Any) -> None:
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
    loads = [*(load.model_dump() for load in file.loads), {"source_file": file.uri, "run_id": run_id}]
    return [
        move(file, FileState.CLAIMED, [FileState.VALIDATED], run_id=run_id, loads=loads),
        delete(pending_key(file)),
        put(run_file_key(run_id, file.file_id), {"file_id": file.file_id}),
    ]
