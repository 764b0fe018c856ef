"""Entries of Iceberg's manifests: those of delete files, which pyiceberg 0.12 does not write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyiceberg.manifest import (
    DataFileContent,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyiceberg.manifest import DataFile
    from pyiceberg.typedef import Record


PATH_ID: Final = 2147483546
"""The field id of `file_path` in files of position deletes, by Iceberg's specification. Its bounds are never cut, so
that a reader can tell which data files the deletes are about."""


class DeleteManifestWriter(ManifestWriterV2):
    """A manifest of delete files; pyiceberg itself writes only those of data files."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def with_status(entry: ManifestEntry, status: ManifestEntryStatus, snapshot_id: int | None) -> ManifestEntry:
    """Return the entry as a manifest lists it that this snapshot, or an earlier one, wrote."""
    return ManifestEntry.from_args(
        status=status,
        snapshot_id=snapshot_id,
        sequence_number=entry.sequence_number,
        file_sequence_number=entry.file_sequence_number,
        data_file=entry.data_file,
    )


def added_entry(file: DataFile, snapshot_id: int) -> ManifestEntry:
    """Return the entry of a new file, which gets its sequence number when the snapshot is committed."""
    return ManifestEntry.from_args(
        status=ManifestEntryStatus.ADDED,
        snapshot_id=snapshot_id,
        sequence_number=None,
        file_sequence_number=None,
        data_file=file,
    )


def partition_of(entry: ManifestEntry) -> tuple[int, Record]:
    """Return the partition of an entry's file: the id of its spec, and its values."""
    return entry.data_file.spec_id, entry.data_file.partition


def may_be_about(delete: ManifestEntry, data: ManifestEntry) -> bool:
    """Return whether a file of deletes can name rows of a data file of the same partition.

    Files of equality deletes always can.
    """
    file = delete.data_file
    if file.content != DataFileContent.POSITION_DELETES:
        return True
    if (data.sequence_number or 0) > (delete.sequence_number or 0):
        return False
    path = data.data_file.file_path.encode()
    lower, upper = ((bounds or {}).get(PATH_ID) for bounds in (file.lower_bounds, file.upper_bounds))
    return (lower is None or lower <= path) and (upper is None or path <= upper)


def delete_counts(files: Collection[DataFile], kind: str) -> dict[str, str]:
    """Return the members of a snapshot's summary that pyiceberg's collector would count, had it been given the files.

    `kind` is `added` or `removed`.
    """
    if not files:
        return {}
    rows = sum(file.record_count for file in files)
    return {
        f"{kind}-delete-files": str(len(files)),
        f"{kind}-position-delete-files": str(len(files)),
        f"{kind}-position-deletes": str(rows),
    }
