"""After a slice of a backfill: what was lost to it by others is read again, and the last one ends the backfill."""

from cartlake.ledger import RunRecord, RunState
from cartlake.runs.documents import TransformReport
from cartlake.runs.slicing import SizedFile, to_read_again
from lambdas.shared.clients import ledger
from lambdas.shared.entry import logger


def note_slice(run: RunRecord, report: TransformReport) -> None:
    """Record what other slices must know of this one, and add those that are read again; may be repeated."""
    backfill, part, backfills = run.backfill, run.slice, ledger().backfills
    if backfill is None or part is None:
        return
    backfills.note_outranked(backfill, part, report.outranked)
    if report.withdrawn:
        backfills.note_before(backfill, report.base_snapshot_id)
    current = backfills.get(backfill.dataset)
    if current is None or current.request_id != backfill.request_id or not report.withdrawn + report.lowered:
        return
    loads = [(run_id, _outdated_files(run_id)) for run_id in backfills.loads_between(backfill)]
    again = to_read_again(backfills.slices(current), part, loads)
    if again:
        backfills.cut(current, again)
        logger.info("slices_added", dataset=backfill.dataset, run_id=run.run_id, slices=len(again))


def end_slice(run: RunRecord) -> None:
    """Record the backfill as done when this was its last slice."""
    backfill = ledger().backfills.get(run.subject) if run.slice else None
    if backfill and run.backfill and backfill.request_id == run.backfill.request_id:
        ledger().backfills.close(backfill)


def _outdated_files(run_id: str) -> list[SizedFile]:
    """The files of a run that loaded new files, if rows of it lost to stored ones."""
    run = ledger().runs.get(run_id)
    if run is None or run.state is not RunState.SUCCEEDED or not (run.counts and run.counts.duplicate):
        return []
    return [SizedFile.of(file) for file in ledger().runs.files(run_id)]
