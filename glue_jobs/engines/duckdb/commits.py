"""One commit to an Iceberg table: data files and position deletes that come, data files that go.

PyIceberg 0.12 appends and removes data files; the position deletes of a merge-on-read table are added here. Format:
https://iceberg.apache.org/spec/#manifests and https://iceberg.apache.org/spec/#position-delete-files.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import (
    DataFile,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriterV2,
)
from pyiceberg.table import TableProperties
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import AssertRefSnapshotId
from pyiceberg.table.update.snapshot import _MergeAppendFiles
from pyiceberg.utils.properties import property_as_bool

from cartlake.tables.snapshots import MAIN, RUN_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.table import Table, Transaction
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.update import TableRequirement, UpdatesAndRequirements


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does. `deletes` are files of position deletes, `removed` data files that leave the table.

    `deleted_from` are the paths of the data files that the position deletes are about: they must still be there.
    """

    added: list[DataFile] = field(default_factory=list)
    deletes: list[DataFile] = field(default_factory=list)
    removed: list[DataFile] = field(default_factory=list)
    deleted_from: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.added or self.deletes or self.removed)

    @property
    def operation(self) -> Operation:
        """The kind of snapshot this is, by Iceberg's names."""
        if not self.deletes and not self.removed:
            return Operation.APPEND
        return Operation.OVERWRITE if self.added else Operation.DELETE


def commit(table: Table, change: Change, run_id: str, branch: str = MAIN, base: int | None = None) -> int:
    """Commit a change and return the id of its snapshot. A branch that is not there yet begins at snapshot `base`.

    Commits of others are no conflict unless they rewrote or removed files this change is about. Where the answer of
    the catalog is lost, the table is asked whether it has the snapshot. Raises pyiceberg's ValidationException when a
    file is gone, CommitFailedException when others always came first.
    """
    transaction = table.transaction()
    producer = _Commit(transaction, change, run_id, branch, base)
    producer.commit()
    try:
        transaction.commit_transaction()
    except (CommitFailedException, ValidationException):
        raise
    except Exception:  # whatever it is, the commit may have been made before the answer was lost
        if table.refresh().snapshot_by_id(producer.snapshot_id) is None:
            raise
    return producer.snapshot_id


class _Commit(_MergeAppendFiles):
    """A snapshot of pyiceberg that also adds delete files. Manifests of data are merged as Iceberg merges them."""

    def __init__(self, transaction: Transaction, change: Change, run_id: str, branch: str, base: int | None) -> None:
        self._base = base
        super().__init__(
            operation=change.operation,
            transaction=transaction,
            io=transaction._table.io,  # noqa: SLF001 - pyiceberg's own producers take it from there
            branch=branch,
            snapshot_properties={RUN_PROPERTY: run_id, **_delete_counts(change.deletes)},
        )
        self._change = change
        properties = transaction.table_metadata.properties
        # As Iceberg's own writers do; pyiceberg merges manifests only where a table asks for it.
        self._merge_enabled = property_as_bool(properties, TableProperties.MANIFEST_MERGE_ENABLED, default=True)
        self._added_data_files = list(change.added)
        self._deleted_data_files = set(change.removed)

    def _current_branch_head_id(self) -> int | None:
        refs = self._transaction.table_metadata.refs
        return refs[self._target_branch].snapshot_id if self._target_branch in refs else self._base

    def _commit(self) -> UpdatesAndRequirements:
        updates, requirements = super()._commit()
        return updates, tuple(_or_no_snapshots(one) for one in requirements)

    def _existing_manifests(self) -> list[ManifestFile]:
        if not self._deleted_data_files:
            return super()._existing_manifests()
        return [kept for manifest in self._parent_manifests() if (kept := self._without_removed(manifest))]

    def _deleted_entries(self) -> list[ManifestEntry]:
        return (
            [
                _with_status(entry, ManifestEntryStatus.DELETED, self._snapshot_id)
                for manifest in self._parent_manifests()
                if manifest.content == ManifestContent.DATA
                for entry in self.fetch_manifest_entry(manifest)
                if entry.data_file in self._deleted_data_files
            ]
            if self._deleted_data_files
            else []
        )

    def _build_delete_files_partition_predicate(self) -> None:
        """Removed files are named one by one."""

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        by_spec: defaultdict[int, list[DataFile]] = defaultdict(list)
        for file in self._change.deletes:
            by_spec[file.spec_id].append(file)
        added = [self._delete_manifest(self.spec(spec_id), files) for spec_id, files in by_spec.items()]
        return [*super()._process_manifests(manifests), *added]

    def _validate_concurrency(self) -> None:
        """Check that the files this change is about are still live in the branch, after others have committed."""
        wanted = self._change.deleted_from | {file.file_path for file in self._change.removed}
        if not wanted:
            return
        live = {file.file_path for file in self._live_files()}
        if gone := wanted - live:
            raise ValidationException(f"missing data files: another writer removed {min(gone)} meanwhile")

    def _live_files(self) -> Iterable[DataFile]:
        for manifest in self._parent_manifests():
            if manifest.content == ManifestContent.DATA:
                for entry in self.fetch_manifest_entry(manifest):
                    yield entry.data_file

    def _parent_manifests(self) -> list[ManifestFile]:
        if self._parent_snapshot_id is None:
            return []
        snapshot = self._transaction.table_metadata.snapshot_by_id(self._parent_snapshot_id)
        return snapshot.manifests(self._io) if snapshot else []

    def _without_removed(self, manifest: ManifestFile) -> ManifestFile | None:
        """The manifest, a new one without the removed files where it has some, None where nothing is left."""
        if manifest.content != ManifestContent.DATA:
            return manifest
        entries = self.fetch_manifest_entry(manifest)
        kept = [entry for entry in entries if entry.data_file not in self._deleted_data_files]
        if len(kept) == len(entries):
            return manifest
        if not kept:
            return None
        with self.new_manifest_writer(self.spec(manifest.partition_spec_id)) as writer:
            for entry in kept:
                writer.add_entry(_with_status(entry, ManifestEntryStatus.EXISTING, entry.snapshot_id))
        return writer.to_manifest_file()

    def _delete_manifest(self, spec: PartitionSpec, files: Collection[DataFile]) -> ManifestFile:
        output = self.new_manifest_output()
        with _DeleteManifestWriter(spec, self.schema(), output, self._snapshot_id, self._compression) as writer:
            for file in files:
                writer.add_entry(
                    ManifestEntry.from_args(
                        status=ManifestEntryStatus.ADDED,
                        snapshot_id=self._snapshot_id,
                        sequence_number=None,
                        file_sequence_number=None,
                        data_file=file,
                    )
                )
        return writer.to_manifest_file()


class _AssertHead(AssertRefSnapshotId):
    """Also allows the first snapshot of a table on a branch, as Iceberg does; pyiceberg wants it on main."""

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        if base_metadata is None or base_metadata.refs or self.snapshot_id is not None:
            super().validate(base_metadata)


def _or_no_snapshots(requirement: TableRequirement) -> TableRequirement:
    if not isinstance(requirement, AssertRefSnapshotId):
        return requirement
    return _AssertHead(ref=requirement.ref, snapshot_id=requirement.snapshot_id)


class _DeleteManifestWriter(ManifestWriterV2):
    """A manifest of delete files; pyiceberg itself writes only those of data files."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def _with_status(entry: ManifestEntry, status: ManifestEntryStatus, snapshot_id: int | None) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=status,
        snapshot_id=snapshot_id,
        sequence_number=entry.sequence_number,
        file_sequence_number=entry.file_sequence_number,
        data_file=entry.data_file,
    )


def _delete_counts(files: Collection[DataFile]) -> dict[str, str]:
    """The members of a snapshot's summary that pyiceberg's collector would count, had it been given the files."""
    if not files:
        return {}
    rows = sum(file.record_count for file in files)
    return {
        "added-delete-files": str(len(files)),
        "added-position-delete-files": str(len(files)),
        "added-position-deletes": str(rows),
    }


def drop_branch(table: Table, name: str) -> None:
    """Remove a branch that an earlier try of a run left."""
    table.manage_snapshots().remove_branch(name).commit()
