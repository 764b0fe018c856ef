"""Commits to Iceberg tables: one snapshot that adds and removes data files."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.io.pyarrow import _dataframe_to_data_files, schema_to_pyarrow  # the first: no public writer of files
from pyiceberg.table.snapshots import Operation

from localaws.athena.errors import AthenaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyiceberg.table import Table, Transaction
    from pyiceberg.table.update.snapshot import _OverwriteFiles

    from localaws.athena.catalog import iceberg
    from localaws.athena.trino_types import TrinoType


_committing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Target:
    """The table that a statement writes, at the snapshot that it reads."""

    name: str
    table: Table
    metadata: iceberg.IcebergTable

    @property
    def columns(self) -> tuple[tuple[str, TrinoType], ...]:
        """Names and types of the current schema."""
        return self.metadata.columns()


def as_schema(rows: pa.Table, table: Table) -> pa.Table:
    """Return the rows in the table's own arrow schema. Raises AthenaError for NULL in a required column."""
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    for field in schema:
        if not field.nullable and rows.column(field.name).null_count:
            raise AthenaError("CONSTRAINT_VIOLATION", f"NULL value not allowed for NOT NULL column: {field.name}")
    return pa.Table.from_arrays([rows.column(f.name).cast(f.type) for f in schema], schema=schema)


def commit(
    target: Target, appended: pa.Table, touched: Sequence[str], producer: type[_OverwriteFiles] | None = None
) -> None:
    """Replace the touched files by the appended rows, in one snapshot; `producer` makes it if it is given.

    Rows that are only appended are committed although the table has changed since it was read.
    Raises AthenaError ICEBERG_COMMIT_ERROR when touched files are to be replaced in a table that has changed since.
    """
    table = target.table
    if touched:
        # Never retry what was computed from a snapshot on another one. Changes only this copy of the properties.
        table.metadata.properties["commit.retry.num-retries"] = "0"
    old = _data_files(table, touched)
    try:
        with (
            _committing[target.name],  # without it, many INSERTs at once would exhaust each other's retries
            table.transaction() as transaction,
            _snapshot(transaction, producer, overwrites=bool(touched)) as snapshot,
        ):
            for file in old:
                snapshot.delete_data_file(file)
            if appended.num_rows:
                for file in _dataframe_to_data_files(transaction.table_metadata, appended, table.io, uuid.uuid4()):
                    snapshot.append_data_file(file)
    except (CommitFailedException, ValidationException) as error:
        raise AthenaError(
            "ICEBERG_COMMIT_ERROR", f"Failed to commit the transaction during write: {target.name}: {error}"
        ) from error


def _snapshot(transaction: Transaction, producer: type[_OverwriteFiles] | None, *, overwrites: bool) -> Any:
    if producer is not None:
        return producer(operation=Operation.OVERWRITE, transaction=transaction, io=transaction._table.io)  # noqa: SLF001
    update = transaction.update_snapshot()
    return update.overwrite() if overwrites else update.fast_append()


def _data_files(table: Table, paths: Sequence[str]) -> list[Any]:
    wanted = set(paths)
    found = {task.file.file_path: task.file for task in table.scan().plan_files()} if wanted else {}
    missing = wanted - set(found)
    if missing:
        raise AthenaError(
            "ICEBERG_COMMIT_ERROR", f"Data files are no longer part of {table.name()}: {', '.join(sorted(missing))}"
        )
    return [found[path] for path in paths]
