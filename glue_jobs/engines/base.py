"""The calls `dataset_etl` makes to the engine that runs it; everything else is done with frames.

Frames have PySpark's DataFrame API on every engine (`cartlake.engine`). Tables are named `catalog.database.table`.
Each call blocks until its effect is there, except those that return a frame: a frame is a plan until it is counted,
collected or written.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeAlias

from cartlake.contracts import Contract, Table
from cartlake.engine import DataFrame
from cartlake.runs.documents import ManifestFile, Measurement
from cartlake.tables.snapshots import MAIN

Rows: TypeAlias = Any
"""Rows as the engine has them: a plan until they are counted, collected, kept or written."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a table. `base` is the id of the snapshot of main it starts from, None for a table without one."""

    table: str
    name: str
    base: int | None


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The rows of a batch: those read of each file, those refused in all, and those accepted of each day.

    Rows that delete their key are accepted and of no day: so many are `deletes`. `clustered`: whether the rows of a day
    are in few tasks, so that they can be written as they are without many small files.
    """

    rows_by_file: Counter[str]
    refused: int
    accepted_by_day: Counter[date]
    clustered: bool
    deletes: int = 0

    @property
    def accepted(self) -> int:
        """The number of rows that break no rule."""
        return self.accepted_by_day.total() + self.deletes

    @property
    def days(self) -> frozenset[date]:
        """The days, in UTC, that accepted rows are of."""
        return frozenset(self.accepted_by_day)


class Engine(Protocol):
    """An engine, opened for one run."""

    def read_files(self, files: Sequence[ManifestFile], contract: Contract) -> Rows:
        """Return the raw rows of the files: the contract's file columns as strings, `_corrupt_record`, `_source_file`.

        Raises TerminalError naming the files that cannot be read, as far as the engine knows, now or when the rows are
        first computed.
        """

    def is_fault_of_files(self, error: Exception) -> bool:
        """Return whether the reading of files may have failed because of what is in them.

        False for want of memory or disk, and for a network or a service that failed.
        """

    def read_table(self, table: str, where: str | None = None) -> Rows:
        """Return the rows of a table as it is published now, not as this process may have seen it before.

        `where` is SQL of comparisons, `in`, `is null` and `and`: only rows that meet it, and their files are looked up.
        """

    def read_branch(self, branch: Branch, table: Table, days: Collection[date] | None = None) -> Rows:
        """Return the rows of a branch as it is now; with `days` only those of these days and of gaps between them."""

    def read_version(self, table: str, snapshot_id: int) -> Rows | None:
        """Return the rows of a table as of a snapshot, None if that has expired."""

    def apply(self, transform: Callable[..., DataFrame], *inputs: Rows, **constants: object) -> Rows:
        """Return what a pure transform makes of the inputs.

        `constants` come from contracts, never from a run: an engine may keep the plan of a transform for inputs of the
        same columns and the same constants.
        """

    def where(self, rows: Rows, condition: str) -> Rows:
        """Return the rows that meet a condition in SQL that every engine reads alike."""

    def with_values(self, rows: Rows, values: Mapping[str, str | datetime]) -> Rows:
        """Return the rows with columns of one value each, which replace those of the same names."""

    def collect(self, rows: Rows) -> list[dict[str, Any]]:
        """Compute the rows and return each as a dict by the names of its columns. For few rows."""

    def count(self, rows: Rows) -> int:
        """Compute the rows and return their number."""

    def frame(self, rows: Sequence[tuple[object, ...]], schema: str) -> Rows:
        """Return a frame of a few rows. `schema` is SQL: names and types, separated by commas."""

    def keep(self, rows: Rows) -> Rows:
        """Return the same rows, which are stored when they are first computed, and read from there afterwards."""

    def freeze(self, rows: Rows) -> Rows:
        """Compute the rows and return them, unaffected by later changes of the tables they were read from."""

    def release(self) -> None:
        """Free what `keep` stored. Frames made of it can still be computed, from the start."""

    def count_batch(self, judged: Rows, table: Table) -> BatchCounts:
        """Count judged rows by file and by day, in one pass."""

    def fresh_branch(self, table: str, name: str, start: str = MAIN) -> Branch:
        """Create a branch at the head of another one, or reset it to there, and return it.

        Where there is no branch `start` yet, it holds no rows.
        """

    def drop_branch(self, table: str, name: str) -> None:
        """Drop a branch, if there is one of that name."""

    def added_bytes(self, branch: Branch) -> int | None:
        """Return the bytes of the files that were written to a branch since it began; None if a snapshot lacks them."""

    def stored_days(self, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
        """Return those of the days of which the branch may hold rows, by metadata alone."""

    def moved_keys(self, rows: Rows, count: int, branch: Branch, table: Table) -> Rows:
        """Return the primary key, `day` and `stored_day` of the rows whose key the branch holds on another day.

        Computed, so that later changes of the branch do not change it. Of all days of the table key and event time are
        read, no more. `rows` has one row per key, about `count` in all. A key that stands on several other days is
        returned with each. Days are dates in UTC.
        """

    def append(self, rows: Rows, branch: Branch, *, clustered: bool) -> None:
        """Add rows of days the branch has no rows of. `clustered`: see BatchCounts."""

    def merge(self, rows: Rows, count: int, branch: Branch, table: Table, days: Collection[date]) -> None:
        """Insert rows with a new key, and update those that are newer than the stored row.

        `rows` has one row per key, `count` at most. Only stored rows of `days` are compared.
        """

    def replace(self, changed: Rows, gone: Rows, branch: Branch, table: Table) -> None:
        """Insert or update `changed` rows, and delete the keys of `gone`, in one commit; none when both are empty."""

    def replace_rows(self, table: str, where: str, rows: Rows | None) -> None:
        """Make `rows` the only ones of the table that meet the SQL condition `where`; None stands for no rows."""

    def tidy(self, branch: Branch, table: Table, days: Collection[date]) -> None:
        """Join small files of these days on the branch and remove old versions of the table, where that is due.

        No row changes. An engine for large batches leaves it to maintenance, and does nothing.
        """

    def measure(self, branch: Branch, table: Table, days: Collection[date], now: datetime) -> list[Measurement]:
        """Measure every table rule of the contract on the branch's rows of these days, as of `now`."""

    def supersede_quarantine(self, table: str, dataset: str, run_id: str, file_ids: Sequence[str]) -> None:
        """Put the quarantined rows of a backfill in force, and mark the older ones of its files as superseded by it.

        `table` is the quarantine table. In one commit; may be repeated.
        """

    def head(self, table: str, reference: str) -> int | None:
        """Return the id of the snapshot a branch points at, None when there is no such branch or no snapshot."""
