"""Iceberg tables as DuckDB reads them: the files that metadata names, by field id, without rows that were deleted."""

# ruff: noqa: S608 - names are written here, from schemas of tables

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyiceberg.expressions import AlwaysTrue

from cartlake.contracts.rules.sql import text_literal
from cartlake.tables.snapshots import ADDED_BYTES, MAIN
from glue_jobs.engines.duckdb.types import duckdb_type, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.manifest import DataFile
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table

    from glue_jobs.engines.base import Branch

FILE: Final = "_file"
"""The column of a scan that has the path of a row's data file."""
POSITION: Final = "_pos"
"""The column of a scan that has the place of a row in its data file, from 0."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The files of one version of a table that may hold rows one looks for, and what was deleted from them."""

    schema: Schema
    files: Sequence[DataFile]
    deletes: Sequence[str]

    @property
    def size(self) -> int:
        """The bytes of the data files."""
        return sum(file.file_size_in_bytes for file in self.files)

    def sql(self, *, positions: bool = False, columns: Collection[str] | None = None, deleted: bool = False) -> str:
        """A query of the rows, with these columns of the table or all; with `positions` also `_file` and `_pos`.

        `deleted`: rows that were deleted are among them; `undeleted` leaves them out later.
        """
        fields = [field for field in self.schema.fields if columns is None or field.name in columns]
        if not self.files:
            nothing = ", ".join(f"null::{duckdb_type(f.field_type)} as {quoted(f.name)}" for f in fields)
            places = f", null::varchar as {FILE}, null::bigint as {POSITION}" if positions else ""
            return f"select {nothing}{places} where false"
        places = f", filename as {FILE}, file_row_number as {POSITION}" if positions else ""
        source = f"select {', '.join(quoted(field.name) for field in fields)}{places} from {self._parquet()} as f"
        return source if deleted else source + self.undeleted("f.filename", "f.file_row_number")

    def undeleted(self, file: str, position: str) -> str:
        """SQL to follow a query's `from`: `where` a row at this place was not deleted; empty where none was."""
        if not self.deletes:
            return ""
        return (
            f" where not exists (select 1 from read_parquet({_listed(self.deletes)}) as d "
            f"where d.file_path = {file} and d.pos = {position})"
        )

    def _parquet(self) -> str:
        paths = _listed([file.file_path for file in self.files])
        fields = ", ".join(
            f"{field.field_id}: {{name: {text_literal(field.name)}, "
            f"type: '{duckdb_type(field.field_type)}', default_value: null}}"
            for field in self.schema.fields
        )
        return f"read_parquet({paths}, schema = map {{{fields}}}, filename = true, file_row_number = true)"


def scan(table: Table, snapshot_id: int | None, where: BooleanExpression | None = None) -> Scan:
    """Plan a scan of a version of a table; `where` leaves out files, by their partitions and bounds, and no rows.

    Without a snapshot, nothing.
    """
    if snapshot_id is None:
        return Scan(table.schema(), [], [])
    tasks = list(table.scan(row_filter=where or AlwaysTrue(), snapshot_id=snapshot_id).plan_files())
    deletes = {file.file_path for task in tasks for file in task.delete_files}
    return Scan(table.schema(), [task.file for task in tasks], sorted(deletes))


def head_of(table: Table, reference: str = MAIN) -> int | None:
    """Return the id of the snapshot a branch or tag points at, None when there is none of that name."""
    ref = table.metadata.refs.get(reference)
    return ref.snapshot_id if ref else None


def bytes_added(table: Table, branch: Branch) -> int | None:
    """Return the bytes of the files written to a branch since it began; None if a snapshot has no summary."""
    found, total = table.metadata.snapshot_by_name(branch.name), 0
    while found is not None and found.snapshot_id != branch.base:
        if found.summary is None:
            return None
        total += int(found.summary.additional_properties.get(ADDED_BYTES, "0"))  # none: it only deletes files
        parent = found.parent_snapshot_id
        found = None if parent is None else table.metadata.snapshot_by_id(parent)
    return total


def _listed(paths: Sequence[str]) -> str:
    return f"[{', '.join(text_literal(path) for path in paths)}]"
