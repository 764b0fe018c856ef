"""The next slice of a backfill as the batch of a run: cut by the first run, read in the versions that were loaded."""

from cartlake.contracts import Contract
from cartlake.ledger import Backfill, FileRecord, FileState, RunRecord, RunState, Slice
from cartlake.runs.documents import BackfillPart, Load, ManifestFile
from cartlake.runs.slicing import SizedFile, cut
from lambdas.batch_claimer.adapters import copy_versions, current_versions
from lambdas.batch_claimer.domain import (
    BackfillError,
    backfill_entry,
    check_none_lost,
    check_window,
    staging_key,
    still_there,
)
from lambdas.batch_claimer.engines import largest_slice
from lambdas.batch_claimer.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.entry import logger, tracer


def claim_slice(contract: Contract, run_id: str) -> RunRecord | None:
    """Return this run with the slice that it reads again; None for a run that loads new files.

    While a backfill has slices left, files that wait are loaded after each slice. Raises BackfillError, before anything
    is changed, for days without files and for too many files.
    """
    if run := ledger().runs.get(run_id):
        return run if run.slice else None
    backfill = ledger().backfills.get(contract.name)
    if backfill is None or not backfill.is_open:
        return None
    if _has_turn(backfill) and _goes_on(backfill):
        return _begin(run_id, _cut(contract, backfill))
    if backfill.position:
        ledger().backfills.note_load(run_id, backfill)
    return None


def _has_turn(backfill: Backfill) -> bool:
    files_first = backfill.files_next and ledger().files.has_pending(backfill.dataset)
    return backfill.is_waiting and not files_first


def _begin(run_id: str, backfill: Backfill) -> RunRecord | None:
    lock = ledger().locks.get(backfill.dataset)
    part = ledger().backfills.get_slice(backfill, backfill.position + 1)
    return ledger().backfills.claim(run_id, backfill, part, lock.execution_arn if lock else None)


def _goes_on(backfill: Backfill) -> bool:
    """Whether the slice before has succeeded. One whose run ended unnoticed stops the backfill."""
    if not backfill.position:
        return True
    before = ledger().backfills.get_slice(backfill, backfill.position)
    run = ledger().runs.get(str(before.run_id))
    if run is not None and run.state is RunState.SUCCEEDED:
        return True
    # The lock is ours, so that run is not at work any more.
    ledger().backfills.stop(backfill)
    logger.warning("backfill_stopped", dataset=backfill.dataset, slice=before.number, run_id=before.run_id)
    return False


@tracer.capture_method(capture_response=False)
def _cut(contract: Contract, backfill: Backfill) -> Backfill:
    """Cut a backfill unless it is; returns it with the number of its slices. One that is refused is cancelled."""
    if backfill.slices:
        return backfill
    found = ledger().reloads.loaded_between(backfill.dataset, backfill.first, backfill.last)
    # What was loaded since the request was loaded by today's contract.
    files = [file for file in found if file.received_at <= backfill.requested_at]
    try:
        check_window(backfill, files)
    except BackfillError:
        ledger().backfills.cancel(backfill)  # or it would come back, run after run
        raise
    slices = cut([SizedFile.of(file) for file in files], largest_slice(contract))
    logger.info("backfill_cut", dataset=backfill.dataset, files=len(files), slices=len(slices))
    return ledger().backfills.cut(backfill, slices)


@tracer.capture_method(capture_response=False)
def read_again(run_id: str, backfill: Backfill, part: Slice) -> list[ManifestFile]:
    """Return the files of a slice, each in the version that was loaded.

    Raises BackfillError, before anything is changed, when there is none or one no longer exists.
    """
    files = _files_of(backfill, part)
    check_window(backfill, files)
    replaced = [file for file, stored in current_versions(files) if still_there(file, stored) is not None]
    bucket = settings().artifacts_bucket
    copies = copy_versions(replaced, bucket, lambda file: staging_key(run_id, file))
    check_none_lost([file for file, copied in zip(replaced, copies, strict=True) if copied is None])
    by_id = {file.file_id: copied for file, copied in zip(replaced, copies, strict=True)}
    entries = [backfill_entry(file, by_id.get(file.file_id)) for file in files]
    ledger().reloads.note_read(run_id, files, {entry.file_id: entry.source_file for entry in entries})
    return entries


def _files_of(backfill: Backfill, part: Slice) -> list[FileRecord]:
    if part.of_run:
        return [file for file in ledger().runs.files(part.of_run) if file.state is FileState.LOADED]
    return ledger().reloads.loaded_from_to(backfill.dataset, part.first_key, part.last_key)


def part_of(run: RunRecord) -> BackfillPart | None:
    """Return what the transform has to know of the other slices; None for a run that loads new files."""
    backfill, part = run.backfill, run.slice
    if backfill is None or part is None:
        return None
    unread: list[Load] = []
    if not part.again:  # else every slice was read once
        older = ledger().reloads.loaded_from_to(backfill.dataset, backfill.first.isoformat(), part.first_key)
        unread = [load for file in older if file.reception < part.first_key for load in file.all_loads]
    return BackfillPart(number=part.number, slices=backfill.slices or 1, unread=unread, before=backfill.before)
