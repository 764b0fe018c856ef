"""One commit of an Iceberg table that leaves nothing of removed rows in its metadata.

An ordinary delete lists the files that leave, with the smallest and greatest value of each column in them. Here every
manifest is written anew, with the files that stay and the new ones alone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pyiceberg.manifest import ManifestContent, ManifestEntry, ManifestEntryStatus
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _SnapshotProducer

from cartlake.tables.manifests import DeleteManifestWriter, added_entry, delete_counts, with_status
from cartlake.tables.snapshots import RUN_PROPERTY
from cartlake_cli.erasure.position_deletes import without_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from pyiceberg.manifest import DataFile, ManifestFile, ManifestWriter
    from pyiceberg.partitioning import PartitionSpec
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
        self._added_deletes: list[DataFile] = []
        self._removed_deletes: list[DataFile] = []

    def _deleted_entries(self) -> list[ManifestEntry]:
        return []

    def _existing_manifests(self) -> list[ManifestFile]:
        return []

    def _build_delete_files_partition_predicate(self) -> None:
        """Nothing is pruned."""

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        deletes = delete_counts(self._added_deletes, "added") | delete_counts(self._removed_deletes, "removed")
        return super()._summary({**(snapshot_properties or {}), **deletes})

    def _manifests(self) -> list[ManifestFile]:
        head = self._transaction.table_metadata.snapshot_by_name(str(self._target_branch))
        manifests = head.manifests(self._io) if head else []
        data = [one for one in self._live(manifests, ManifestContent.DATA) if not self._leaves(one)]
        paths = {entry.data_file.file_path for entry in data}
        deletes = [kept for one in self._live(manifests, ManifestContent.DELETES) if (kept := self._kept(one, paths))]
        entries = [with_status(one, ManifestEntryStatus.EXISTING, one.snapshot_id) for one in data]
        entries += [added_entry(file, self._snapshot_id) for file in self._added_data_files]
        return [*self._written(entries, self._data_writer), *self._written(deletes, self._delete_writer)]

    def _live(self, manifests: Iterable[ManifestFile], content: ManifestContent) -> list[ManifestEntry]:
        return [
            entry
            for manifest in manifests
            if manifest.content is content
            for entry in manifest.fetch_manifest_entry(self._io, discard_deleted=True)
        ]

    def _leaves(self, entry: ManifestEntry) -> bool:
        return entry.data_file.file_path in self._removed

    def _kept(self, entry: ManifestEntry, paths: Collection[str]) -> ManifestEntry | None:
        """Return the entry of a file of deletes without positions in files that leave; None where none is left."""
        file = without_missing(self._io, entry.data_file, paths)
        if file is entry.data_file:
            return with_status(entry, ManifestEntryStatus.EXISTING, entry.snapshot_id)
        self._removed_deletes.append(entry.data_file)
        if file is None:
            return None
        self._added_deletes.append(file)
        return added_entry(file, self._snapshot_id)

    def _written(
        self, entries: Iterable[ManifestEntry], writer_of: Callable[[PartitionSpec], ManifestWriter]
    ) -> Iterator[ManifestFile]:
        """Write a manifest for each partitioning."""
        by_spec: defaultdict[int, list[ManifestEntry]] = defaultdict(list)
        for entry in entries:
            by_spec[entry.data_file.spec_id].append(entry)
        for spec_id, some in by_spec.items():
            with writer_of(self.spec(spec_id)) as writer:
                for entry in some:
                    writer.add_entry(entry)
            yield writer.to_manifest_file()

    def _data_writer(self, spec: PartitionSpec) -> ManifestWriter:
        return self.new_manifest_writer(spec)

    def _delete_writer(self, spec: PartitionSpec) -> ManifestWriter:
        output = self.new_manifest_output()
        return DeleteManifestWriter(spec, self.schema(), output, self._snapshot_id, self._compression)
