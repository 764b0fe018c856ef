"""One commit to an Iceberg table: data files and position deletes that come, data files that go.

PyIceberg 0.12 appends and removes data files; the position deletes of a merge-on-read table are added here. Format:
https://iceberg.apache.org/spec/#manifests and https://iceberg.apache.org/spec/#position-delete-files.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry, ManifestEntryStatus, ManifestFile
from pyiceberg.table import TableProperties
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _MergeAppendFiles
from pyiceberg.typedef import EMPTY_DICT
from pyiceberg.utils.properties import property_as_bool

from cartlake.tables.manifests import (
    DeleteManifestWriter,
    added_entry,
    delete_counts,
    may_be_about,
    partition_of,
    with_status,
)
from cartlake.tables.snapshots import MAIN, RUN_PROPERTY
from glue_jobs.engines.duckdb.iceberg.requirements import or_no_snapshots

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.table import Table, Transaction
    from pyiceberg.table.update import UpdatesAndRequirements
    from pyiceberg.typedef import Record


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does. `deletes` are files of position deletes, `removed` data files that leave the table.

    Earlier files of position deletes leave with the last data file they can be about.
    `deleted_from` are the paths of the data files that the position deletes are about: they must still be there.
    `rewrites`: the added files hold the rows of the removed ones, so that no reader sees a difference.
    """

    added: list[DataFile] = field(default_factory=list)
    deletes: list[DataFile] = field(default_factory=list)
    removed: list[DataFile] = field(default_factory=list)
    deleted_from: frozenset[str] = frozenset()
    rewrites: bool = False

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
            snapshot_properties={RUN_PROPERTY: run_id, **delete_counts(change.deletes, "added")},
        )
        self._change = change
        self._entries: dict[str, list[ManifestEntry]] = {}
        properties = transaction.table_metadata.properties
        # As Iceberg's own writers do; pyiceberg merges manifests only where a table asks for it.
        self._merge_enabled = property_as_bool(properties, TableProperties.MANIFEST_MERGE_ENABLED, default=True)
        self._added_data_files = list(change.added)
        self._deleted_data_files = set(change.removed)

    def _current_branch_head_id(self) -> int | None:
        refs = self._transaction.table_metadata.refs
        return refs[self._target_branch].snapshot_id if self._target_branch in refs else self._base

    def fetch_manifest_entry(self, manifest: ManifestFile, discard_deleted: bool = True) -> list[ManifestEntry]:  # noqa: FBT001, FBT002 - pyiceberg's
        """Read each manifest once: they never change, and a commit looks at them for several reasons."""
        if manifest.manifest_path not in self._entries:
            self._entries[manifest.manifest_path] = super().fetch_manifest_entry(manifest, discard_deleted=False)
        entries = self._entries[manifest.manifest_path]
        return [one for one in entries if not (discard_deleted and one.status == ManifestEntryStatus.DELETED)]

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        dropped = delete_counts([entry.data_file for entry in self._dropped_deletes()], "removed")
        summary = super()._summary({**snapshot_properties, **dropped})
        # pyiceberg counts totals for the other kinds only, so they are counted before the kind is set.
        return Summary(Operation.REPLACE, **summary.additional_properties) if self._change.rewrites else summary

    def _commit(self) -> UpdatesAndRequirements:
        updates, requirements = super()._commit()
        return updates, tuple(or_no_snapshots(one) for one in requirements)

    def _manifests(self) -> list[ManifestFile]:
        """One new manifest of data files for each partitioning, where pyiceberg writes one of added and one of removed.

        Each is a request to S3 here, and one more for every later reader.
        """
        by_spec: defaultdict[int, list[ManifestEntry]] = defaultdict(list)
        for entry in [*self._added_entries(), *self._deleted_entries()]:
            by_spec[entry.data_file.spec_id].append(entry)
        new = []
        for spec_id, entries in by_spec.items():
            with self.new_manifest_writer(self.spec(spec_id)) as writer:
                for entry in entries:
                    writer.add_entry(entry)
            new.append(writer.to_manifest_file())
        return self._process_manifests([*new, *self._existing_manifests()])

    def _added_entries(self) -> list[ManifestEntry]:
        return [added_entry(file, self._snapshot_id) for file in self._added_data_files]

    def _existing_manifests(self) -> list[ManifestFile]:
        if not self._deleted_data_files:
            return super()._existing_manifests()
        return [kept for manifest in self._parent_manifests() if (kept := self._without_removed(manifest))]

    def _deleted_entries(self) -> list[ManifestEntry]:
        manifests = self._parent_manifests() if self._deleted_data_files else []
        return [
            with_status(entry, ManifestEntryStatus.DELETED, self._snapshot_id)
            for manifest in manifests
            if manifest.content == ManifestContent.DATA
            for entry in self.fetch_manifest_entry(manifest)
            if entry.data_file in self._deleted_data_files
        ]

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        by_spec: defaultdict[int, list[DataFile]] = defaultdict(list)
        for file in self._change.deletes:
            by_spec[file.spec_id].append(file)
        added = [self._delete_manifest(self.spec(spec_id), files) for spec_id, files in by_spec.items()]
        data = [one for one in manifests if one.content == ManifestContent.DATA]
        deletes = [one for one in manifests if one.content == ManifestContent.DELETES]
        return [*super()._process_manifests(data), *self._merged_deletes(deletes), *added]

    def _merged_deletes(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        """The earlier manifests of delete files; one for each partitioning once there are so many as are merged."""
        if not self._merge_enabled or len(manifests) < self._min_count_to_merge:
            return manifests
        by_spec: defaultdict[int, list[ManifestFile]] = defaultdict(list)
        for manifest in manifests:
            by_spec[manifest.partition_spec_id].append(manifest)
        return [self._one_manifest(self.spec(spec_id), some) for spec_id, some in by_spec.items()]

    def _one_manifest(self, spec: PartitionSpec, manifests: list[ManifestFile]) -> ManifestFile:
        output = self.new_manifest_output()
        with DeleteManifestWriter(spec, self.schema(), output, self._snapshot_id, self._compression) as writer:
            for entry in chain.from_iterable(
                self.fetch_manifest_entry(one, discard_deleted=False) for one in manifests
            ):
                ours = entry.snapshot_id == self._snapshot_id
                if ours or entry.status != ManifestEntryStatus.DELETED:
                    status = entry.status if ours else ManifestEntryStatus.EXISTING
                    writer.add_entry(with_status(entry, status, entry.snapshot_id))
        return writer.to_manifest_file()

    def _validate_concurrency(self) -> None:
        """Check that the files this change is about are still live in the branch, after others have committed.

        An audit branch has one writer. When its head moved, another execution of the same run writes it too, and to
        add to its rows would give them twice.
        """
        if self._target_branch != MAIN and self._parent_snapshot_id != self._starting_snapshot_id:
            raise ValidationException(f"another execution of this run has written to {self._target_branch}")
        wanted = self._change.deleted_from | {file.file_path for file in self._change.removed}
        if not wanted:
            return
        manifests = [one for one in self._parent_manifests() if one.content == ManifestContent.DATA]
        live = {entry.data_file.file_path for one in manifests for entry in self.fetch_manifest_entry(one)}
        if gone := wanted - live:
            raise ValidationException(f"missing data files: another writer removed {min(gone)} meanwhile")
        if newer := self._newer_deletes():
            raise ValidationException(f"another writer deleted rows of files that are removed here: {newer[0]}")

    def _newer_deletes(self) -> list[str]:
        """Files of deletes that came after this change was made, and may be about data files it removes.

        Their rows are among those that were written again, so to drop the deletes would bring the rows back.
        """
        places = {(file.spec_id, file.partition) for file in self._deleted_data_files}
        start = self._transaction.table_metadata.snapshot_by_id(self._starting_snapshot_id or 0)
        known = (start.sequence_number or 0) if start else 0
        return [
            entry.data_file.file_path
            for manifest in self._parent_manifests()
            if manifest.content == ManifestContent.DELETES and (manifest.sequence_number or 0) > known
            for entry in self.fetch_manifest_entry(manifest)
            if (entry.sequence_number or 0) > known and partition_of(entry) in places
        ]

    def _parent_manifests(self) -> list[ManifestFile]:
        if self._parent_snapshot_id is None:
            return []
        snapshot = self._transaction.table_metadata.snapshot_by_id(self._parent_snapshot_id)
        return snapshot.manifests(self._io) if snapshot else []

    def _without_removed(self, manifest: ManifestFile) -> ManifestFile | None:
        """The manifest, a new one without the removed files where it has some, None where nothing is left."""
        if manifest.content != ManifestContent.DATA:
            return self._without_dropped(manifest)
        entries = self.fetch_manifest_entry(manifest)
        kept = [entry for entry in entries if entry.data_file not in self._deleted_data_files]
        if not kept:
            return None
        if len(kept) == len(entries):
            return manifest
        with self.new_manifest_writer(self.spec(manifest.partition_spec_id)) as writer:
            for entry in kept:
                writer.add_entry(with_status(entry, ManifestEntryStatus.EXISTING, entry.snapshot_id))
        return writer.to_manifest_file()

    def _without_dropped(self, manifest: ManifestFile) -> ManifestFile | None:
        """The manifest of delete files, a new one that says which of them leave, None where all left before."""
        entries = self.fetch_manifest_entry(manifest)
        gone = {entry.data_file.file_path for entry in self._dropped_deletes()}
        if not any(entry.data_file.file_path in gone for entry in entries):
            return manifest if entries else None
        spec, output = self.spec(manifest.partition_spec_id), self.new_manifest_output()
        with DeleteManifestWriter(spec, self.schema(), output, self._snapshot_id, self._compression) as writer:
            for entry in entries:
                leaves = entry.data_file.file_path in gone
                status = ManifestEntryStatus.DELETED if leaves else ManifestEntryStatus.EXISTING
                writer.add_entry(with_status(entry, status, self._snapshot_id if leaves else entry.snapshot_id))
        return writer.to_manifest_file()

    def _dropped_deletes(self) -> list[ManifestEntry]:
        """Files of position deletes that no data file is left for, by partition, sequence number and bounds.

        A position delete applies to data files of its own partition that are not younger:
        https://iceberg.apache.org/spec/#scan-planning.
        """
        if not self._deleted_data_files:
            return []
        staying: defaultdict[tuple[int, Record], list[ManifestEntry]] = defaultdict(list)
        deletes: list[ManifestEntry] = []
        for manifest in self._parent_manifests():
            for entry in self.fetch_manifest_entry(manifest):
                if manifest.content == ManifestContent.DELETES:
                    deletes.append(entry)
                elif entry.data_file not in self._deleted_data_files:
                    staying[partition_of(entry)].append(entry)
        return [one for one in deletes if not any(may_be_about(one, entry) for entry in staying[partition_of(one)])]

    def _delete_manifest(self, spec: PartitionSpec, files: Collection[DataFile]) -> ManifestFile:
        output = self.new_manifest_output()
        with DeleteManifestWriter(spec, self.schema(), output, self._snapshot_id, self._compression) as writer:
            for file in files:
                writer.add_entry(added_entry(file, self._snapshot_id))
        return writer.to_manifest_file()


def drop_branch(table: Table, name: str) -> None:
    """Remove a branch that an earlier try of a run left."""
    table.manage_snapshots().remove_branch(name).commit()
