"""The records of a lost ledger, concluded from what past runs left behind. Pure rules.

A file was loaded if a run that succeeded had it in its manifest. A file of which nothing is known gets no record: the
sweep announces it, and the validator decides about it as about a new one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from cartlake.aws.objects import S3Uri
from cartlake.ledger import FileRecord, FileState, RunRecord, RunState
from cartlake.ledger.models import StaleMark
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import Scope
from cartlake.runs.documents import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cartlake.raw_zone import Landed
    from cartlake.runs.documents import Manifest, ManifestFile
    from cartlake_cli.restore.history import PastRun, RejectedFile

RUN_FAILED: Final = "run_failed"


@dataclass(slots=True)
class Rebuilt:
    """Records of a ledger. `run_files` has the ids of the files of each run, `open_runs` runs that never ended."""

    files: dict[str, FileRecord] = field(default_factory=dict)
    runs: list[RunRecord] = field(default_factory=list)
    run_files: dict[str, list[str]] = field(default_factory=dict)
    marks: list[StaleMark] = field(default_factory=list)
    open_runs: list[str] = field(default_factory=list)


def rebuilt(
    history: Sequence[PastRun],
    rejected: Mapping[str, RejectedFile],
    landed: Iterable[Landed],
    loads_again: Callable[[str], bool],
) -> Rebuilt:
    """Return the records that these documents prove. `history` is in order of time, `landed` the objects of raw.

    `loads_again` says of a dataset whether content that comes again is loaded again.
    """
    found = Rebuilt()
    for run in history:
        if run.outcome is None:
            found.open_runs.append(run.run_id)
        else:
            found.runs.append(run_record(run))
        if run.manifest is not None:
            found.run_files[run.run_id] = [file.file_id for file in run.manifest.files]
            for file in run.manifest.files:
                _note(found.files, run, run.manifest, file, again=loads_again(run.manifest.dataset))
    for one in landed:
        if why := rejected.get(one.version.file_id):
            known = found.files.get(one.version.file_id)
            found.files[one.version.file_id] = rejected_later(known, why) if known else rejected_record(one, why)
    _forget_unknown(found)
    found.marks = stale_marks(history)
    return found


def run_record(run: PastRun) -> RunRecord:
    """Return the record of a run that has ended. Raises ValueError for one that has not."""
    if run.outcome is None:
        raise ValueError(f"run {run.run_id} has not ended")
    report, manifest = run.report, run.manifest
    succeeded = run.outcome.error is None
    done = report or run.refresh
    return RunRecord(
        run_id=run.run_id,
        subject=run.subject,
        state=RunState.SUCCEEDED if succeeded else RunState.FAILED,
        files=len(manifest.files) + manifest.left_out if manifest else 0,
        counts=report.rows if report and succeeded else None,
        deletes=report.deletes if report and succeeded else 0,
        deleted=report.deleted if report and succeeded else 0,
        error=run.outcome.error,
        cause=run.outcome.cause,
        started_at=run.outcome.started_at,
        ended_at=run.outcome.ended_at,
        report_uri=run.report_uri if succeeded else None,
        engine=(done.engine if done else None) or (manifest.engine if manifest else None),
        cost_usd=done.cost_usd if done and succeeded else None,
    )


def stale_marks(history: Sequence[PastRun]) -> list[StaleMark]:
    """Return what the next refresh has to rebuild: tables that runs changed since the last refresh that succeeded.

    A refresh that failed in between may have rebuilt some tables and not those built from them, so all marks are
    `retried`: nothing is skipped for being unchanged.
    """
    refreshed = [run.plan.created_at for run in history if run.plan and run.outcome and not run.outcome.error]
    since = max(refreshed, default="")
    return [
        StaleMark(table=run.report.table, run_id=run.run_id, scope=_scope(run.report.touched_days), retried=True)
        for run in history
        if run.report and run.outcome and run.report.touched_days and run.outcome.ended_at > since
    ]


def rejected_later(file: FileRecord, why: RejectedFile) -> FileRecord:
    """Return the record of a file that a run had, and that was rejected; unchanged if it was loaded all the same."""
    if file.state is FileState.LOADED or (why.run_id != file.run_id and why.at < file.updated_at):
        return file
    rejected = {"state": FileState.REJECTED, "reason": why.reason, "detail": why.message, "updated_at": why.at}
    return file.model_copy(update=rejected | {"run_id": why.run_id})


def rejected_record(landed: Landed, why: RejectedFile) -> FileRecord:
    """Return the record of a file that was rejected."""
    return FileRecord(
        **landed.version.model_dump(),
        file_id=landed.version.file_id,
        dataset=why.dataset,
        state=FileState.REJECTED,
        sha256=why.sha256,
        reason=why.reason,
        detail=why.message,
        contract_version=why.contract_version,
        run_id=why.run_id,
        received_at=why.at,
        updated_at=why.at,
    )


def dataset_of_key(key: str) -> str:
    """Return the dataset of a key `incoming/<dataset>/…`, `_unknown` for any other."""
    top, _, rest = key.partition("/")
    dataset, slash, _ = rest.partition("/")
    return dataset if top == "incoming" and slash and dataset else "_unknown"


def same_content(
    landed: Iterable[Landed], known: Iterable[FileRecord], loads_again: Callable[[str], bool]
) -> list[tuple[Landed, list[FileRecord]]]:
    """Return the objects that may repeat the content of a loaded file: those of its dataset and its size in bytes."""
    sizes: defaultdict[tuple[str, int], list[FileRecord]] = defaultdict(list)
    for file in known:
        if file.state is FileState.LOADED and file.sha256 and not loads_again(file.dataset):
            sizes[file.dataset, file.size].append(file)
    pairs = ((one, sizes.get((dataset_of_key(one.version.key), one.version.size), [])) for one in landed)
    return [(one, owners) for one, owners in pairs if owners]


def _note(files: dict[str, FileRecord], run: PastRun, manifest: Manifest, file: ManifestFile, *, again: bool) -> None:
    """Add to the record of a file what this run did to it."""
    before = files.get(file.file_id) or _record(manifest, file, again=again)
    load = Load(source_file=file.source_file, run_id=run.run_id)
    loads = list(dict.fromkeys((*map(_pair, before.loads), *map(_pair, file.loads), _pair(load))))
    found: dict[str, object] = {"loads": [Load(source_file=source, run_id=run_id) for source, run_id in loads]}
    if _has_loaded(run, file.file_id):
        found |= {"state": FileState.LOADED, "run_id": run.run_id, "reason": None, "detail": None}
        found |= {
            "contract_version": manifest.contract_version,
            "updated_at": run.outcome.ended_at if run.outcome else "",
        }
    elif before.state is not FileState.LOADED and run.outcome is None:
        found |= {"state": FileState.RECEIVED, "run_id": run.run_id}
    elif before.state is not FileState.LOADED and run.outcome is not None:
        detail = f"Run {run.run_id} failed with {run.outcome.error}: {run.outcome.cause}"[:1000]
        found |= {"state": FileState.FAILED, "run_id": run.run_id, "reason": RUN_FAILED, "detail": detail}
        found |= {"updated_at": run.outcome.ended_at}
    files[file.file_id] = before.model_copy(update=found)


def _has_loaded(run: PastRun, file_id: str) -> bool:
    if run.outcome is None or run.outcome.error is not None:
        return False
    return run.report is None or file_id in {file.file_id for file in run.report.files}


def _record(manifest: Manifest, file: ManifestFile, *, again: bool) -> FileRecord:
    place = S3Uri.parse(file.source_file)
    written, received = _times(manifest, file)
    return FileRecord(
        file_id=file.file_id,
        dataset=manifest.dataset,
        bucket=place.bucket,
        key=place.key,
        version_id=file.version_id,
        etag=file.etag,
        size=file.size,
        state=FileState.RECEIVED,
        sha256=file.sha256,
        contract_version=manifest.contract_version,
        format=file.format,
        row_estimate=file.row_estimate,
        expanded_size=file.expanded_size,
        received_at=received,
        updated_at=manifest.created_at,
        written_at=written,
        loads_again=again,
        accepts_deletes=file.accepts_deletes,
    )


def _times(manifest: Manifest, file: ManifestFile) -> tuple[str | None, str]:
    """Return when a file was written, None where that is not known, and when it was received."""
    parts = file.recency.split("#")  # FileRecord.recency: written, received, id
    if len(parts) >= 2:  # noqa: PLR2004
        return parts[0], parts[1]
    return file.received_at, file.received_at or manifest.created_at


def _forget_unknown(found: Rebuilt) -> None:
    """Drop files whose last run never ended: it is not known whether their rows are in the table."""
    for file_id in [file.file_id for file in found.files.values() if file.state is FileState.RECEIVED]:
        del found.files[file_id]


def _pair(load: Load) -> tuple[str, str]:
    return load.source_file, load.run_id


def _scope(days: Sequence[str]) -> Scope:
    return Scope(days=of_days(date.fromisoformat(day) for day in days))
