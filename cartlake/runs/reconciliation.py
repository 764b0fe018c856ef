"""The check of every run: rows read = published + quarantined + duplicate, and every file was read once."""

from collections import Counter

from cartlake.errors import TerminalError
from cartlake.runs.documents import TransformReport


class ReconciliationError(TerminalError):
    """The counts of a run do not add up, or the job did not read exactly its files. It is never retried."""


def reconcile(report: TransformReport, claimed_file_ids: set[str]) -> None:
    """Check that no row was lost or added: counts add up, in total and by file, and every claimed file was read once.

    Raises ReconciliationError that lists all differences.
    """
    faults = [*_row_faults(report), *_file_faults(report, claimed_file_ids)]
    if faults:
        raise ReconciliationError(f"Run {report.run_id} does not reconcile: {'; '.join(faults)}.")


def _row_faults(report: TransformReport) -> list[str]:
    rows, faults = report.rows, []
    if rows.read != rows.accounted_for:
        faults.append(
            f"{rows.read} rows read, but {rows.published} published + {rows.quarantined} quarantined"
            f" + {rows.duplicate} duplicate = {rows.accounted_for}"
        )
    by_file = sum(file.rows_read for file in report.files)
    # Counted separately by the job: a file that was read twice or not at all shows here.
    if by_file != rows.read:
        faults.append(f"{rows.read} rows read in all, but {by_file} when its files are added up")
    return faults


def _file_faults(report: TransformReport, claimed: set[str]) -> list[str]:
    read = [file.file_id for file in report.files]
    faults = [f"file {file_id} was claimed but not read" for file_id in sorted(claimed - set(read))]
    faults += [f"file {file_id} was read but not claimed" for file_id in sorted(set(read) - claimed)]
    faults += [f"file {file_id} was read {times} times" for file_id, times in Counter(read).items() if times > 1]
    return faults
