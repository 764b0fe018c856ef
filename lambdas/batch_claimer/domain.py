"""Which files a run takes, and what it reads: pure rules over ledger records and the objects in the bucket."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cartlake.aws.objects import Head
from cartlake.contracts import Table
from cartlake.errors import TerminalError
from cartlake.ledger import Backfill, FileRecord
from cartlake.runs.documents import ManifestFile
from cartlake.runs.engine_choice import EngineLimits, key_bytes
from cartlake.tables.table_size import TableSize

MAX_FILES: Final = 1_000
"""Files in one run; what is left waits for the next, which starts as soon as this one is done."""

MAX_BACKFILL_FILES: Final = 50_000
"""Files in one backfill: each of its slices names those that are still to be read."""

_NAMED: Final = 5
"""Lost files that a message names; the others are counted."""


class BackfillError(TerminalError):
    """The files of a backfill cannot be read again. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a validated file cannot be loaded any more."""

    reason: str
    detail: str


def still_there(file: FileRecord, stored: Head | None) -> Unfit | None:
    """Return None if a run would read the same bytes that were validated, else why it would not."""
    if stored is None:
        return Unfit("object_missing", f"{file.uri} was deleted after it was validated. Drop it again to load it.")
    same_version = not (file.version_id and stored.version_id) or file.version_id == stored.version_id
    if same_version and file.etag == stored.etag:
        return None
    return Unfit(
        "superseded",
        f"{file.uri} was overwritten after it was validated. The newer version has a record of its own;"
        " give every file a name of its own to load both.",
    )


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy of a version that is no longer the current one of its key. `size` in bytes."""

    uri: str
    etag: str
    size: int


def check_window(backfill: Backfill, files: Sequence[FileRecord]) -> None:
    """Raises BackfillError for a window without files, and for one with too many."""
    if not files:
        raise BackfillError(
            f"No file of {backfill.dataset} that was received from {backfill} is loaded. "
            f"`lake files --dataset {backfill.dataset}` lists those there are."
        )
    if len(files) > MAX_BACKFILL_FILES:
        raise BackfillError(
            f"{len(files)} files of {backfill.dataset} were received from {backfill}, and one backfill reads at most "
            f"{MAX_BACKFILL_FILES}. Backfill fewer days at a time."
        )


def check_none_lost(lost: Sequence[FileRecord]) -> None:
    """Raises BackfillError naming files whose versions no longer exist."""
    if lost:
        names = ", ".join(f"{file.uri} (version {file.version_id})" for file in lost[:_NAMED])
        others = f" and {len(lost) - _NAMED} others" if len(lost) > _NAMED else ""
        raise BackfillError(
            f"{len(lost)} raw files were deleted, so nothing was read: {names}{others}. "
            "Restore them, or choose days without them."
        )


def looked_at(table: Table, size: TableSize | None, limits: EngineLimits, *, backfill: bool) -> int | None:
    """Return the bytes of a table of this size that a merge has to look at, None where the days of the rows decide.

    A backfill looks for its keys in the whole table, and a full copy is compared with all of it. Other batches look at
    the files of their days, and unless the contract says that event times never change at the keys of the whole table:
    no more than all of it, which says enough when that is within the limits. Where the keys alone are likely to exceed
    them, they are what is returned.
    """
    if size is None or backfill or table.full_copy or size.bytes <= limits.table:
        return size.bytes if size else None
    keys = 0 if table.keys_keep_their_day else min(size.bytes, key_bytes(table, size.rows))
    return keys if keys > limits.table else None


def backfill_entry(file: FileRecord, copied: Copied | None) -> ManifestFile:
    """Return the manifest entry of a file in a backfill: with its earlier loads, and its name where a copy is read."""
    entry = manifest_entry(file).model_copy(update={"loads": file.all_loads})
    if copied is None:
        return entry
    source = f"{file.uri}?versionId={file.version_id}"
    found = {"uri": copied.uri, "etag": copied.etag, "size": copied.size, "version_id": None, "source": source}
    return entry.model_copy(update=found)


def staging_key(run_id: str, file: FileRecord) -> str:
    """Return the key of the copy of a version for the run that reads it. A lifecycle rule expires everything there."""
    return f"staging/{run_id}/{file.file_id}/{file.key.rpartition('/')[2]}"


def manifest_entry(file: FileRecord) -> ManifestFile:
    """Return the manifest entry of a file. Raises TerminalError for a record no validator can have written."""
    if file.format is None or file.sha256 is None:
        raise TerminalError(f"File {file.file_id} was claimed, but the ledger does not say what it contains.")
    return ManifestFile(
        file_id=file.file_id,
        uri=file.uri,
        version_id=file.version_id,
        etag=file.etag,
        size=file.size,
        sha256=file.sha256,
        format=file.format,
        expanded_size=file.expanded_size,
        row_estimate=file.row_estimate,
        received_at=file.moment,
        recency=file.recency,
        accepts_deletes=file.accepts_deletes,
    )
