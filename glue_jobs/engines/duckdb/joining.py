"""Small files of a table joined into one, and deleted rows left out: part of a run, where many small runs left them.

A minute's files of one dataset write 1,440 data files a day, and a run looks at all files of its days. What is joined
is decided by numbers that planning a scan gives anyway, and bounded by size, so that a run takes a little longer at
most. Spark maintenance joins what is larger.
"""

# ruff: noqa: S608 - names and paths are of files that metadata names

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyiceberg.expressions import AlwaysTrue

from cartlake.contracts.rules.sql import text_literal
from cartlake.errors import TerminalError
from glue_jobs.engines.duckdb.iceberg.commits import Change
from glue_jobs.engines.duckdb.iceberg.files import TableFiles
from glue_jobs.engines.duckdb.iceberg.tables import Scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.table import FileScanTask, Table

    from glue_jobs.engines.duckdb.session import Session

LEAST_FILES: Final = 5
"""So many files of one partition are joined, and so many files of deletes are applied."""
DELETE_RATIO: Final = 0.1
"""The share of deleted rows of a partition from which on they leave its files."""
MANY_DELETE_FILES: Final = 16
"""From so many files of deletes in a table on, they are applied in all partitions, not only in those of the run."""
SWEEP_EVERY: Final = 50
"""All partitions are looked at after every so many commits."""
GROWTH: Final = 4
"""A file is joined with smaller ones unless it is larger than so many times all of them together.

So rows are written again a few times in all, not every time, and files that are left grow by this factor.
"""
MOST_BYTES: Final = 32 * 1024**2
"""The most bytes of files that a run rewrites of a table."""


class JoinedRowsError(TerminalError):
    """Joined files do not hold as many rows as before. Nothing was committed."""


@dataclass(frozen=True, slots=True)
class Held:
    """A data file of a partition, and the files of deletes that may be about it."""

    path: str
    size: int
    rows: int
    deletes: frozenset[str]


def files_to_join(files: Sequence[Held], deleted_rows: int, least: int = LEAST_FILES) -> set[str]:
    """Return the paths of the files of one partition to write again as one; none when that is not worth it.

    `deleted_rows` is the number of rows in all their files of deletes. `least` is how many small files are joined.
    """
    chosen = _small(files, least)
    deletes = frozenset[str]().union(*(file.deletes for file in files))
    rows = sum(file.rows for file in files)
    if len(deletes) >= LEAST_FILES or deleted_rows >= max(1, DELETE_RATIO * rows):
        chosen |= {file.path for file in files if file.deletes}
    return chosen


def _small(files: Sequence[Held], least: int) -> set[str]:
    ascending = sorted(files, key=lambda file: file.size)
    smaller, count = 0, 0
    for place, file in enumerate(ascending, start=1):
        if place == 1 or file.size <= GROWTH * smaller:
            count = place
        smaller += file.size
    return {file.path for file in ascending[:count]} if count >= least else set()


def due(table: Table, snapshot_id: int, where: BooleanExpression | None) -> Scan | None:
    """Return the files of a version to join, None when none are. Metadata is read, no data.

    `where` leaves out files, but not where there are many files of deletes; nor after every fiftieth commit, when two
    files are enough, so that days which no run writes any more do not keep a few small files each.
    """
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    counted = snapshot.summary.additional_properties if snapshot and snapshot.summary else {}
    everywhere = int(counted.get("total-delete-files", 0)) >= MANY_DELETE_FILES
    sweep = snapshot is not None and (snapshot.sequence_number or 0) % SWEEP_EVERY == 0
    condition = AlwaysTrue() if everywhere or sweep or where is None else where
    partitions: defaultdict[str, list[FileScanTask]] = defaultdict(list)
    for task in table.scan(row_filter=condition, snapshot_id=snapshot_id).plan_files():
        if task.file.spec_id == table.spec().spec_id:  # rows of another partitioning may belong to many partitions now
            partitions[repr(task.file.partition)].append(task)
    budget = MOST_BYTES
    chosen: list[FileScanTask] = []
    for tasks in partitions.values():
        joined = _of_partition(tasks, 2 if sweep else LEAST_FILES, everywhere=everywhere)
        size = sum(task.file.file_size_in_bytes for task in joined)
        if joined and size <= budget:
            chosen, budget = chosen + joined, budget - size
    return _scan_of(table, chosen) if chosen else None


def _of_partition(tasks: Sequence[FileScanTask], least: int, *, everywhere: bool) -> list[FileScanTask]:
    deletes = {file.file_path: file.record_count for task in tasks for file in task.delete_files}
    files = [
        Held(
            task.file.file_path,
            task.file.file_size_in_bytes,
            task.file.record_count,
            frozenset(file.file_path for file in task.delete_files),
        )
        for task in tasks
    ]
    paths = files_to_join(files, sum(deletes.values()), least)
    return [task for task in tasks if task.file.file_path in paths or (everywhere and task.delete_files)]


def _scan_of(table: Table, tasks: Iterable[FileScanTask]) -> Scan:
    chosen = list(tasks)
    deletes = {file.file_path for task in chosen for file in task.delete_files}
    return Scan(table.schema(), [task.file for task in chosen], sorted(deletes))


def joined(session: Session, table: Table, held: Scan) -> Change:
    """Write the rows of some files again, a file for each partition, and return the change; its files are uploaded.

    Raises JoinedRowsError when there are not as many rows as the metadata and the deletes say.
    """
    added = TableFiles(session, table).write_rows(held.sql())
    expected = sum(file.record_count for file in held.files) - _deleted(session, held)
    written = sum(file.record_count for file in added)
    if written != expected:
        raise JoinedRowsError(
            f"{len(held.files)} files of {'.'.join(table.name())} hold {expected:,} rows, joined {written:,}: nothing "
            "was committed. Report this as a bug; `enabled: false` in `cartlake.maintenance` of its contract and "
            "`lake tables apply` stop it."
        )
    return Change(added=added, removed=list(held.files), rewrites=True)


def _deleted(session: Session, held: Scan) -> int:
    """The number of rows of the files that are deleted. Two files of deletes may be about the same row."""
    if not held.deletes:
        return 0
    deletes = ", ".join(map(text_literal, held.deletes))
    files = ", ".join(text_literal(file.file_path) for file in held.files)
    [(number,)] = session.rows(
        f"select count(*) from (select distinct file_path, pos from read_parquet([{deletes}]) "
        f"where file_path in ({files}))"
    )
    return int(number)
