"""Iceberg tables without a person's rows: in no file, no version, no metadata and no object of their folders.

Data files that hold such rows, also rows that are deleted already, are written anew without them. Then all earlier
versions expire, and every object below the table's folder that the table does not need is deleted with all versions.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, write_file
from pyiceberg.manifest import DataFileContent
from pyiceberg.table import FileScanTask, WriteTask
from pyiceberg.table.update import (
    AssertRefSnapshotId,
    RemoveSnapshotRefUpdate,
    RemoveSnapshotsUpdate,
    RemoveStatisticsUpdate,
)

from cartlake.aws.objects import S3Uri
from cartlake.errors import TerminalError
from cartlake.runs.ids import AUDIT_PREFIX
from cartlake_cli.erasure.commit import replace_files
from cartlake_cli.erasure.objects import delete_versions, versions_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyiceberg.manifest import DataFile
    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.table import Table

Theirs = Any
"""Of rows as an Arrow table, whether each is the person's: a function that returns an Arrow array of booleans."""
_TAGS: Final = "tag"


class EqualityDeletesError(TerminalError):
    """A table has files of equality deletes, which hold values and which only Spark maintenance applies."""


@dataclass(frozen=True, slots=True)
class TableCounts:
    """What was found in a table: the person's rows readers see, those of older versions included, and their files."""

    rows: int
    files: int

    def as_dict(self) -> dict[str, int]:
        """Return the counts."""
        return {"rows": self.rows, "files": self.files}


@dataclass(frozen=True)
class TableEraser:
    """One table. `columns` are what `theirs` looks at."""

    table: Table
    columns: Sequence[str]
    theirs: Callable[[pa.Table], pa.Array]
    run_id: str

    def count(self) -> TableCounts:
        """Return what is there of the person, in all versions of the table; `rows` are those readers see."""
        current = self.table.current_snapshot()
        seen = {file.file_path for file in _live(self.table, current.snapshot_id)} if current else set()
        rows = files = 0
        for file in self._files_of_all_versions():
            found = self._rows_in(file)
            files += found > 0
            rows += found if file.file_path in seen else 0
        return TableCounts(rows, files)

    def erase(self) -> None:
        """Remove every trace of the person. May be repeated. The caller holds the lock of the table.

        Raises EqualityDeletesError before anything is changed.
        """
        self._drop_refs()
        for branch in sorted(self.table.metadata.refs):
            self._rewrite(branch)
        self._expire()
        sweep(self.table)

    def _files_of_all_versions(self) -> Iterator[DataFile]:
        seen: set[str] = set()
        for snapshot in self.table.metadata.snapshots:
            for file in _live(self.table, snapshot.snapshot_id):
                if file.file_path not in seen:
                    seen.add(file.file_path)
                    yield file

    def _rows_in(self, file: DataFile) -> int:
        """Return how many rows of a file are the person's, rows that are deleted included."""
        rows = self._read(FileScanTask(file), self.columns)
        return int(pa.compute.sum(self.theirs(rows)).as_py() or 0)

    def _read(self, task: FileScanTask, columns: Sequence[str] | None = None) -> pa.Table:
        schema = self.table.schema().select(*columns) if columns else self.table.schema()
        return ArrowScan(self.table.metadata, self.table.io, schema, AlwaysTrue()).to_table([task])

    def _drop_refs(self) -> None:
        """Drop tags, which keep old versions, and branches of runs that are over: no run works now."""
        gone = [
            name
            for name, ref in self.table.metadata.refs.items()
            if ref.snapshot_ref_type == _TAGS or name.startswith(AUDIT_PREFIX)
        ]
        if gone:
            updates = tuple(RemoveSnapshotRefUpdate(ref_name=name) for name in gone)
            self.table.catalog.commit_table(self.table, (), updates)
            self.table.refresh()

    def _rewrite(self, branch: str) -> None:
        snapshot = self.table.metadata.snapshot_by_name(branch)
        if snapshot is None:
            return
        tasks = list(self.table.scan(snapshot_id=snapshot.snapshot_id).plan_files())
        if any(one.content is DataFileContent.EQUALITY_DELETES for task in tasks for one in task.delete_files):
            msg = (
                f"{'.'.join(self.table.name())} has files of equality deletes: run `lake maintain --force`, then again."
            )
            raise EqualityDeletesError(msg)
        held = [task for task in tasks if self._rows_in(task.file)]
        if not held and not self._has_leaving_files(snapshot.snapshot_id):
            return
        added = [file for task in held if (file := self._without(task)) is not None]
        replace_files(self.table, [task.file for task in held], added, self.run_id, branch)
        self.table.refresh()

    def _has_leaving_files(self, snapshot_id: int) -> bool:
        """Return whether manifests of the version list files that left it, with the bounds of their columns."""
        snapshot = self.table.snapshot_by_id(snapshot_id)
        return any(manifest.deleted_files_count for manifest in (snapshot.manifests(self.table.io) if snapshot else []))

    def _without(self, task: FileScanTask) -> DataFile | None:
        """Write the rows of a data file that stay, in their order; None where none does."""
        rows = self._read(task)
        kept = rows.filter(pa.compute.invert(self.theirs(rows)))
        if not kept.num_rows:
            return None
        spec = self.table.specs()[task.file.spec_id]
        key: Any = _Partition(spec, task.file.partition, self.table.schema()) if spec.fields else None
        work = WriteTask(uuid.uuid4(), 0, self.table.schema(), kept.combine_chunks().to_batches(), partition_key=key)
        [file] = write_file(self.table.io, self.table.metadata, iter([work]))
        file.spec_id = task.file.spec_id
        return file

    def _expire(self) -> None:
        metadata = self.table.metadata
        heads = {ref.snapshot_id for ref in metadata.refs.values()}
        old = [one.snapshot_id for one in metadata.snapshots if one.snapshot_id not in heads]
        stale = [one.snapshot_id for one in metadata.statistics if one.snapshot_id in old]
        if not old:
            return
        unmoved = tuple(
            AssertRefSnapshotId(ref=name, snapshot_id=ref.snapshot_id) for name, ref in metadata.refs.items()
        )
        updates: tuple[Any, ...] = (
            *(RemoveStatisticsUpdate(snapshot_id=one) for one in stale),
            RemoveSnapshotsUpdate(snapshot_ids=sorted(old)),
        )
        self.table.catalog.commit_table(self.table, unmoved, updates)
        self.table.refresh()


@dataclass(frozen=True)
class _Partition:
    """The partition of a file that takes the place of another one, as `write_file` asks for it."""

    spec: PartitionSpec
    partition: Any
    schema: Any

    def to_path(self) -> str:
        return self.spec.partition_to_path(self.partition, self.schema)


def sweep(table: Table) -> int:
    """Delete every object version below the table's folder that the table does not need; returns how many.

    Only while no run writes to the table: files of a commit that is not made yet would be deleted.
    """
    folder = S3Uri.parse(f"{table.location().rstrip('/')}/")
    needed = {S3Uri.parse(path).key for path in needed_files(table)}
    gone = [one for one in versions_in(folder.bucket, folder.key) if one.key not in needed or not one.is_latest]
    return delete_versions(gone)


def needed_files(table: Table) -> set[str]:
    """Return the URIs of all files that the table consists of now, in all its versions."""
    metadata = table.metadata
    needed = {table.metadata_location, *(one.statistics_path for one in metadata.statistics)}
    needed |= {one.statistics_path for one in metadata.partition_statistics}
    for snapshot in metadata.snapshots:
        needed.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            needed.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
            needed |= {entry.data_file.file_path for entry in entries}
    return {path for path in needed if path}


def _live(table: Table, snapshot_id: int) -> Iterator[DataFile]:
    snapshot = table.snapshot_by_id(snapshot_id)
    for manifest in snapshot.manifests(table.io) if snapshot else []:
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            if entry.data_file.content is DataFileContent.DATA:
                yield entry.data_file
