"""Files that are each the whole table: the newest one replaces it, and keys that it lacks are deleted.

Rows of quarantine that are sent again are no copy: they are merged into the table of the copy they came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cartlake.aws.objects import S3Uri
from cartlake.raw_zone import is_replay
from cartlake.runs.bad_files import TOO_MANY_DELETED, BadFile, BadFilesError
from cartlake.runs.documents import Manifest, ManifestFile
from glue_jobs.dataset_etl import counts
from glue_jobs.dataset_etl.deleting import Deleted, Kept
from glue_jobs.dataset_etl.run import Run
from glue_jobs.dataset_etl.storing import Stored, append_and_merge, deduplicate
from glue_jobs.dataset_etl.storing import replace as replace_loads
from glue_jobs.engines.base import BatchCounts, Branch, Rows
from glue_jobs.transforms.file_rows import backfill, copies, deletes, steps


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files of a batch that count: the newest `copy`, unless the table has a newer one, and `replays` after it."""

    copy: ManifestFile | None
    replays: Sequence[ManifestFile]

    @property
    def files(self) -> list[ManifestFile]:
        return [*([self.copy] if self.copy else []), *self.replays]


def chosen(manifest: Manifest) -> Chosen:
    """Choose by `ManifestFile.recency`, of equal ones the last. A backfill may read the newest copy again."""
    replays = [file for file in manifest.files if is_replay(_key(file))]
    found = sorted((file for file in manifest.files if file not in replays), key=lambda file: file.recency)
    newest = found[-1] if found and found[-1].recency >= manifest.newest_copy else None
    since = newest.recency if newest else manifest.newest_copy
    return Chosen(newest, [file for file in replays if file.recency >= since])


def check_copy(run: Run, judged: Rows) -> None:
    """Raises BadFilesError for a copy that lacks more keys of the table than its contract allows."""
    engine, wanted, copy = run.engine, run.table.full_copy, chosen(run.manifest).copy
    if wanted is None or copy is None or not _is_guarded(run, copy):
        return
    stored, present = engine.read_table(run.target), _of_files(run, judged, [copy])
    gone, all_keys = (
        engine.count(engine.apply(deletes.keys_without, stored, present, table=run.table)),
        engine.count(stored),
    )
    if gone > wanted.max_deleted_share * all_keys:
        raise BadFilesError([_refusal(run, copy, gone, all_keys, wanted.max_deleted_share)])


def store_newest(run: Run, judged: Rows, accepted: Rows, batch: BatchCounts, branch: Branch) -> Stored:
    """Make the newest copy all the branch has. Rows of older ones are duplicates."""
    found = chosen(run.manifest)
    counted = _of_files(run, accepted, found.files)
    number = run.engine.count(counted)
    kept = deduplicate(run, counted, number)
    kept = replace(kept, left_out=kept.left_out + run.engine.count(_of_files(run, accepted, found.files, others=True)))
    if found.copy is not None:
        return _replaced(run, found.copy, kept, _of_files(run, judged, found.files), batch, branch)
    only_replays = replace(run, manifest=run.manifest.model_copy(update={"files": found.replays}))
    return (replace_loads if run.manifest.backfill else append_and_merge)(only_replays, kept, batch, branch)


def _replaced(run: Run, copy: ManifestFile, kept: Kept, judged: Rows, batch: BatchCounts, branch: Branch) -> Stored:  # noqa: PLR0913, PLR0917 - a run, its copy and its rows
    engine, table, rows = run.engine, run.table, kept.rows
    with run.phases.timed("replace"):
        stored = engine.apply(copies.as_replaced, engine.read_branch(branch, table))
        # Frozen, because the branch they are read from is what they change.
        changed = engine.freeze(engine.apply(backfill.changed_rows, rows, stored, table=table))
        # A row that is refused does not take out the one before it; a backfill judges that one anew.
        present = rows if run.manifest.backfill else judged
        gone = engine.freeze(engine.apply(deletes.keys_without, stored, present, table=table))
        number, spared = engine.count(gone), 0
        if number and _is_guarded(run, copy) and engine.count(engine.apply(copies.keyless, judged, table=table)):
            gone, number, spared = engine.where(gone, "false"), 0, number
        touched = engine.apply(steps.keys_of_both, changed, gone, table=table)
        days = engine.collect(engine.apply(backfill.days_of_keys, stored, touched, table=table))
        engine.replace(changed, gone, branch, table)
    with run.phases.timed("count"):
        return Stored(
            published=counts.published_rows(run, branch, batch.days),
            duplicate=kept.left_out + counts.known_rows(run, branch, rows),
            old_days=frozenset(row["day"] for row in days),
            deletes=Deleted(rows=number, spared=spared),
        )


def _is_guarded(run: Run, copy: ManifestFile) -> bool:
    """Return whether the copy may not delete whatever it lacks: a backfill reads one that was loaded before."""
    return not (copy.accepts_deletes or run.manifest.backfill)


def _refusal(run: Run, copy: ManifestFile, gone: int, stored: int, most: float) -> BadFile:
    dataset = run.dataset
    return BadFile.of(
        copy,
        TOO_MANY_DELETED,
        f"Each file of {dataset} is the whole table, and this one lacks {gone:,} of its {stored:,} keys "
        f"({gone / stored:.1%}); the contract lets a file delete {most:.1%} (cartlake.fullCopy, maxDeletedShare). "
        "The table is as it was. If the file is cut off, drop a whole one; if these rows are really gone, "
        f"`lake quarantine replay {dataset} --file {copy.file_id} --accept-deletes` loads it.",
    )


def _of_files(run: Run, rows: Rows, files: Sequence[ManifestFile], *, others: bool = False) -> Rows:
    """Return the rows of these files, or those of all others."""
    listed = run.engine.frame([(file.source_file,) for file in files], "_source_file string")
    return run.engine.apply(copies.of_other_files if others else copies.of_files, rows, listed)


def _key(file: ManifestFile) -> str:
    return S3Uri.parse(file.source_file.partition("?versionId=")[0]).key
