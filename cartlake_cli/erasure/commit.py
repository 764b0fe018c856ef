"""One commit of an Iceberg table that leaves nothing of removed rows in its metadata.

An ordinary delete lists the files that leave, with the smallest and greatest value of each column in them. Here every
manifest of data files is written anew, with the files that stay and the new ones alone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pyiceberg.manifest import ManifestContent, ManifestEntry, ManifestEntryStatus
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _SnapshotProducer

from cartlake.tables.snapshots import RUN_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyiceberg.manifest import DataFile, ManifestFile
    from pyiceberg.table import Table


def replace_files(
    table: Table, removed: Collection[DataFile], added: Collection[DataFile], run_id: str, branch: str
) -> int:
    """Commit data files in the place of others, and return the id of the snapshot.

    Raises pyiceberg's CommitFailedException when another commit came first.
    """
    transaction = table.transaction()
    producer = _Replacement(transaction, removed, added, run_id, branch)
    producer.commit()
    transaction.commit_transaction()
    return producer.snapshot_id


class _Replacement(_SnapshotProducer[Any]):
    def __init__(
        self, transaction: Any, removed: Collection[DataFile], added: Collection[DataFile], run_id: str, branch: str
    ) -> None:
        io = transaction._table.io  # noqa: SLF001 - pyiceberg's own producers take it from there
        super().__init__(
            Operation.OVERWRITE, transaction, io, snapshot_properties={RUN_PROPERTY: run_id}, branch=branch
        )
        self._removed = {file.file_path for file in removed}
        self._added_data_files = list(added)
        self._deleted_data_files = set(removed)

    def _deleted_entries(self) -> list[ManifestEntry]:
        return []

    def _existing_manifests(self) -> list[ManifestFile]:
        return []

    def _build_delete_files_partition_predicate(self) -> None:
        """Nothing is pruned."""

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        return super()._summary(snapshot_properties or {})

    def _manifests(self) -> list[ManifestFile]:
        by_spec: defaultdict[int, list[ManifestEntry]] = defaultdict(list)
        kept: list[ManifestFile] = []
        head = self._transaction.table_metadata.snapshot_by_name(str(self._target_branch))
        for manifest in head.manifests(self._io) if head else []:
            if manifest.content is not ManifestContent.DATA:
                kept.append(manifest)  # position deletes name files and places, no values
                continue
            for entry in manifest.fetch_manifest_entry(self._io, discard_deleted=True):
                if entry.data_file.file_path not in self._removed:
                    by_spec[manifest.partition_spec_id].append(self._entry(entry, ManifestEntryStatus.EXISTING))
        for file in self._added_data_files:
            entry = ManifestEntry.from_args(data_file=file)
            by_spec[file.spec_id].append(self._entry(entry, ManifestEntryStatus.ADDED))
        return [*map(self._written, by_spec.items()), *kept]

    def _entry(self, entry: ManifestEntry, status: ManifestEntryStatus) -> ManifestEntry:
        is_new = status is ManifestEntryStatus.ADDED
        return ManifestEntry.from_args(
            status=status,
            snapshot_id=self._snapshot_id if is_new else entry.snapshot_id,
            sequence_number=None if is_new else entry.sequence_number,
            file_sequence_number=None if is_new else entry.file_sequence_number,
            data_file=entry.data_file,
        )

    def _written(self, found: tuple[int, list[ManifestEntry]]) -> ManifestFile:
        spec_id, entries = found
        with self.new_manifest_writer(self.spec(spec_id)) as writer:
            for entry in entries:
                writer.add_entry(entry)
        return writer.to_manifest_file()
