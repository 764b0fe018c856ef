"""Repairs a table whose metadata file is missing or truncated, with the newest intact metadata file.

Without a choice of the user, only a file that was committed is used. A writer whose commit failed leaves an intact
metadata file behind that was never the table. A committed file is one that Glue names, or the log of a later file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pyarrow import fs as arrow_fs
from pyiceberg.exceptions import ValidationError
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import read_manifest_list
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import Table as IcebergTable

from cartlake.errors import TerminalError
from cartlake.tables.broken_metadata import METADATA_LOCATION, BrokenMetadataError
from cartlake_cli.migrations import glue_sync as glue_copy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyiceberg.table.metadata import TableMetadata

    from cartlake.tables.glue_catalog import LakeCatalog

PREVIOUS: Final = "previous_metadata_location"
METADATA_NAME: Final = re.compile(r"(?:v?(\d+))?.*\.metadata\.json(?:\.gz)?")
"""Names of metadata files, with their number."""

_SNAPSHOT: Final = re.compile(r"snap-(\d+)-.*\.avro")


class NoReadableMetadataError(TerminalError):
    """No metadata file of the table can be used for its repair."""


@dataclass(frozen=True)
class MetadataFile:
    """One metadata file. `fault` says why it cannot be used, and is empty for an intact one."""

    uri: str
    number: int
    metadata: TableMetadata | None
    fault: str = ""

    @property
    def written_at(self) -> datetime | None:
        """Return when the file was written, None for one that cannot be read."""
        return None if self.metadata is None else datetime.fromtimestamp(self.metadata.last_updated_ms / 1000, UTC)


@dataclass(frozen=True)
class LostSnapshot:
    """A snapshot whose files exist, but not in the repaired table. It may never have been committed."""

    snapshot_id: int
    added_rows: int | None


@dataclass(frozen=True)
class Repair:
    """What is broken, which file is used for the repair, and what is lost by it."""

    table: str
    broken_file: str | None
    fault: str
    file: MetadataFile
    is_proven: bool
    commits_lost: int | None
    snapshots_lost: tuple[LostSnapshot, ...]
    newer_files: tuple[MetadataFile, ...]
    """Files newer than the chosen one: broken ones, and intact ones that may not have been committed."""


class BrokenTable:
    """A table of the catalog whose metadata cannot be read, and the files of its metadata folder."""

    def __init__(self, catalog: LakeCatalog, database: str, name: str) -> None:
        self.catalog, self.database, self.name = catalog, database, name
        self.entry = glue_copy.glue_entry(catalog, database, name)
        self.parameters: Mapping[str, str] = self.entry.get("Parameters") or {}
        self.io = PyArrowFileIO(catalog.properties)

    @property
    def full_name(self) -> str:
        """Return the name of the table with its database."""
        return f"{self.database}.{self.name}"

    @property
    def folder(self) -> str:
        """Return the URI of the metadata folder, without a slash at its end."""
        current = self.parameters.get(METADATA_LOCATION)
        if current:
            return current.rpartition("/")[0]
        return str((self.entry.get("StorageDescriptor") or {}).get("Location", "")).rstrip("/") + "/metadata"

    @cached_property
    def files(self) -> list[MetadataFile]:
        """Return every metadata file in the folder, newest first."""
        found = [self._read(uri) for uri in self._listed if METADATA_NAME.fullmatch(uri.rpartition("/")[2])]
        return sorted(found, key=_age, reverse=True)

    @cached_property
    def _listed(self) -> list[str]:
        return files_in(self.io, self.folder)

    def _read(self, uri: str) -> MetadataFile:
        match = METADATA_NAME.fullmatch(uri.rpartition("/")[2])
        number = int(match[1]) if match and match[1] else 0
        try:
            metadata = FromInputFile.table_metadata(self.io.new_input(uri))
        except (ValidationError, UnicodeDecodeError, EOFError, OSError):
            return MetadataFile(uri, number, None, "is not intact")
        missing = missing_file(self.io, metadata)
        return MetadataFile(uri, number, metadata, f"needs {missing}, which is missing" if missing else "")

    @cached_property
    def committed(self) -> set[str]:
        """Return the URIs of files that were committed, by Glue or by the log of a later file."""
        logs = {entry.metadata_file for file in self.files if file.metadata for entry in file.metadata.metadata_log}
        return logs | {self.parameters[name] for name in (METADATA_LOCATION, PREVIOUS) if name in self.parameters}

    def find(self, file: str | None = None) -> Repair | None:
        """Return the repair with the file that is named, or else the newest committed one; None if none is needed.

        Raises NoReadableMetadataError when no file, or not the one named, can be used.
        """
        try:
            self.catalog.load_table((self.database, self.name))
        except BrokenMetadataError as error:
            return self._repair(self._chosen(file), error)
        return None

    def _chosen(self, name: str | None) -> MetadataFile:
        whole = [file for file in self.files if not file.fault]
        if name is not None:
            chosen = next((file for file in self.files if name in (file.uri, file.uri.rpartition("/")[2])), None)
            if chosen is None or chosen.fault:
                why = "there is no such file" if chosen is None else f"it {chosen.fault}"
                raise NoReadableMetadataError(
                    f"{self.full_name} cannot be repaired with {name}: {why}. {_choices(whole)}"
                )
            return chosen
        # Where Glue names no file any more, the last committed file is in no log yet, so any intact file is accepted.
        proven = (
            [file for file in whole if file.uri in self.committed] if METADATA_LOCATION in self.parameters else whole
        )
        if not proven:
            raise NoReadableMetadataError(
                f"{self.full_name}: no metadata file in {self.folder} is intact and was surely committed. "
                f"{_choices(whole)} Otherwise restore one from the bucket's versions: "
                "`aws s3api list-object-versions`. Or delete the table in Glue (`aws glue delete-table`), create it "
                "again (`lake tables apply --over-old-files`), and fill it (`lake backfill`, `lake recompute`)."
            )
        return proven[0]

    def _repair(self, chosen: MetadataFile, error: BrokenMetadataError) -> Repair:
        newer = tuple(file for file in self.files if _age(file) > _age(chosen))
        current = self.parameters.get(METADATA_LOCATION)
        match = METADATA_NAME.fullmatch(current.rpartition("/")[2]) if current else None
        number = int(match[1]) if match and match[1] else None
        return Repair(
            table=self.full_name,
            broken_file=error.file,
            fault=error.fault,
            file=chosen,
            is_proven=chosen.uri in self.committed,
            commits_lost=None if number is None else max(number - chosen.number, 0),
            snapshots_lost=tuple(self._lost(chosen)),
            newer_files=newer,
        )

    def _lost(self, chosen: MetadataFile) -> Iterator[LostSnapshot]:
        known = {snapshot.snapshot_id for snapshot in chosen.metadata.snapshots} if chosen.metadata else set()
        for uri in self._listed:
            match = _SNAPSHOT.fullmatch(uri.rpartition("/")[2])
            if match and int(match[1]) not in known:
                yield LostSnapshot(int(match[1]), self._rows_added(uri, int(match[1])))

    def _rows_added(self, manifest_list: str, snapshot_id: int) -> int | None:
        try:
            manifests = list(read_manifest_list(self.io.new_input(manifest_list)))
        except (ValueError, OSError):  # the snapshot is lost either way; only its number of rows is unknown
            return None
        return sum(m.added_rows_count or 0 for m in manifests if m.added_snapshot_id == snapshot_id)

    def make(self, repair: Repair) -> None:
        """Point Glue to the chosen file.

        Raises TransientError, and changes nothing, when the table was changed since it was read; TerminalError when
        Glue names another file afterwards.
        """
        if repair.file.metadata is None:
            raise NoReadableMetadataError(f"{repair.file.uri} is not intact")
        identifier = (self.database, self.name)
        table = IcebergTable(identifier, repair.file.metadata, repair.file.uri, self.io, self.catalog)
        # The previous file is that of the broken one, and would be wrong for the chosen one.
        parameters = {key: value for key, value in self.parameters.items() if key != PREVIOUS}
        glue_copy.sync(self.catalog, self.database, {**self.entry, "Parameters": parameters}, table)
        repaired = self.catalog.load_table(identifier)
        if repaired.metadata_location != repair.file.uri:
            raise TerminalError(f"{self.full_name} was repaired, but Glue names {repaired.metadata_location}")


def files_in(io: PyArrowFileIO, folder: str) -> list[str]:
    """Return the URIs of the files in a folder, in no order; none where there is no folder."""
    scheme, place, path = PyArrowFileIO.parse_location(folder, io.properties)
    infos = io.fs_by_scheme(scheme, place).get_file_info(arrow_fs.FileSelector(path, allow_not_found=True))
    return [f"{folder}/{info.base_name}" for info in infos if info.is_file]


def missing_file(io: PyArrowFileIO, metadata: TableMetadata) -> str | None:
    """Return a manifest list or manifest of a branch or tag that does not exist, None if all do.

    Data files are too many to check each.
    """
    return next((file for file in _files_of(io, metadata) if not io.new_input(file).exists()), None)


def _files_of(io: PyArrowFileIO, metadata: TableMetadata) -> Iterator[str]:
    heads = {ref.snapshot_id for ref in metadata.refs.values()}
    for snapshot in metadata.snapshots:
        if snapshot.snapshot_id in heads and snapshot.manifest_list:
            yield snapshot.manifest_list
            yield from (manifest.manifest_path for manifest in snapshot.manifests(io))


def _age(file: MetadataFile) -> tuple[int, int]:
    return (file.number, file.metadata.last_updated_ms if file.metadata else 0)


def _choices(files: Iterable[MetadataFile]) -> str:
    names = [file.uri.rpartition("/")[2] for file in files]
    return f"These are intact; choose one with --to: {', '.join(names)}." if names else "None is intact."
