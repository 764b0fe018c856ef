"""Write refused rows to the quarantine table, and put those of a backfill in force once it is published.

Until a backfill is published, its rows are marked as superseded by itself, so that one that fails changes nothing for
readers. Then they are in force, and the older ones of its files are superseded. No row is deleted: `superseded_by`
names the run that judged the file again.
"""

from cartlake.runs.documents import SupersedeQuarantineReport
from cartlake.times import stamp, utc_now
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import BatchCounts, Rows
from glue_jobs.transforms.file_rows.quarantine import quarantined


def quarantine_rows(run: Run, judged: Rows, batch: BatchCounts) -> int:
    """Replace what is in quarantine of the run's files by the rows refused now; rows already replayed stay.

    A backfill replaces only its own rows. Returns how many rows of this run are in quarantine then.
    """
    files = [(file.source_file, file.file_id) for file in run.manifest.files]
    engine = run.engine
    file_ids = engine.frame(files, "_source_file string, file_id string")
    refused = engine.with_values(judged, {"quarantined_at": run.started_at})
    rows = engine.apply(quarantined, refused, file_ids, dataset=run.dataset, version=run.contract.version)
    listed = ", ".join(f"'{file_id}'" for _, file_id in files)
    where = f"dataset = '{run.dataset}' and file_id in ({listed}) and replayed_at is null"
    if run.manifest.backfill:
        rows = engine.with_values(rows, {"superseded_by": run.run_id})
        where = f"dataset = '{run.dataset}' and run_id = '{run.run_id}'"
    engine.replace_rows(run.quarantine, where, rows if batch.refused else None)
    return _count(run, f"run_id = '{run.run_id}'")


def supersede_quarantine(run: Run) -> SupersedeQuarantineReport:
    """Put the quarantined rows of a published backfill in force, in one commit; may be repeated.

    Returns how many rows are in force, and how many older ones are superseded.
    """
    file_ids = [file.file_id for file in run.manifest.files]
    run.engine.supersede_quarantine(run.quarantine, run.dataset, run.run_id, file_ids)
    return SupersedeQuarantineReport(
        run_id=run.run_id,
        dataset=run.dataset,
        in_force=_count(run, f"run_id = '{run.run_id}' and superseded_by is null"),
        superseded=_count(run, f"run_id <> '{run.run_id}' and superseded_by = '{run.run_id}'"),
        started_at=stamp(run.started_at),
        ended_at=stamp(utc_now()),
    )


def _count(run: Run, where: str) -> int:
    rows = run.engine.read_table(run.quarantine, f"dataset = '{run.dataset}' and {where}")
    return run.engine.count(rows)
