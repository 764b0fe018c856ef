"""Reads the file statistics of a table with PyIceberg, from manifests and metadata; no data file is read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyiceberg.exceptions import NoSuchTableError, ValidationError
from pyiceberg.manifest import DataFileContent

from cartlake.contracts.custom_properties.maintenance import MAX_SNAPSHOTS
from cartlake.errors import TransientError
from cartlake.tables.broken_metadata import UnreadableTableError
from cartlake.tables.file_stats import FileStats, PartitionFiles, Snapshot

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

    from cartlake.contracts import Maintenance


def read_file_stats(catalog: Catalog, identifier: tuple[str, str], settings: Maintenance) -> FileStats | None:
    """Return the file statistics of a table by its name in the catalog, None if it does not exist.

    Raises UnreadableTableError for metadata that is missing or damaged, TransientError when S3 fails.
    """
    try:
        return file_stats_of(catalog.load_table(identifier), settings)
    except NoSuchTableError:
        return None
    except (FileNotFoundError, ValidationError, ValueError, KeyError, EOFError) as error:
        raise UnreadableTableError(
            f"The metadata of {'.'.join(identifier)} cannot be read ({type(error).__name__}: {str(error)[:300]}). "
            f"`lake tables repair {'.'.join(identifier)}` shows the repair."
        ) from error
    except OSError as error:
        raise TransientError(f"The metadata of {'.'.join(identifier)} could not be read now: {error}") from error


@dataclass(slots=True)
class _Files:
    """Adds up the files of one partition."""

    files: int = 0
    size: int = 0
    small: int = 0
    small_size: int = 0
    records: int = 0

    def add(self, file: DataFile, small_bytes: int) -> None:
        size = file.file_size_in_bytes
        self.files, self.size, self.records = self.files + 1, self.size + size, self.records + file.record_count
        if size < small_bytes:
            self.small, self.small_size = self.small + 1, self.small_size + size

    @property
    def added(self) -> PartitionFiles:
        return PartitionFiles(self.files, self.size, self.small, self.small_size)


def file_stats_of(table: Table, settings: Maintenance) -> FileStats:
    """Return the file statistics of a table. Reads every manifest of the current snapshot once."""
    metadata, current = table.metadata, table.current_snapshot()
    partitions: defaultdict[object, _Files] = defaultdict(_Files)
    delete_files = deleted_rows = 0
    manifests = current.manifests(table.io) if current else []
    for manifest in manifests:
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            file = entry.data_file
            if file.content is DataFileContent.DATA:
                # By spec as well: files of two partition specs cannot be joined, even with equal values.
                partitions[manifest.partition_spec_id, repr(file.partition)].add(file, settings.small_bytes)
                continue
            delete_files += 1
            # An equality delete does not say how many rows it deletes.
            deleted_rows += file.record_count if file.content is DataFileContent.POSITION_DELETES else 0
    refs = metadata.refs.items()
    return FileStats(
        partitions=[files.added for files in partitions.values()],
        records=sum(files.records for files in partitions.values()),
        delete_files=delete_files,
        deleted_rows=deleted_rows,
        manifests=len(manifests),
        snapshots=[
            Snapshot(
                snapshot_id=one.snapshot_id,
                parent_id=one.parent_snapshot_id,
                at=datetime.fromtimestamp(one.timestamp_ms / 1000, UTC),
                operation=str(one.summary.operation.value) if one.summary else "",
            )
            for one in metadata.snapshots
        ],
        branches={name: ref.snapshot_id for name, ref in refs if ref.snapshot_ref_type == "branch"},
        tags={name: ref.snapshot_id for name, ref in refs if ref.snapshot_ref_type == "tag"},
        tidied_by_runs=MAX_SNAPSHOTS in metadata.properties,
    )
