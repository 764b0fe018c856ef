"""The further calls `table_refresh` makes to the engine that runs it. See `glue_jobs.engines.base` for the others."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cartlake.contracts import Table
from cartlake.refresh.day_ranges import DayRange
from glue_jobs.engines.base import Engine, Rows


@dataclass(frozen=True, slots=True)
class Measured:
    """One rule and the number it measured: rows that break a row rule, or what a table rule measures."""

    rule: str
    severity: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many rows there are, and the sum of their hashes: equal for equal rows, in whatever order.

    Each engine has a hash of its own. Fingerprints are compared within a run and never kept, so they need not agree.
    """

    rows: int
    hashes: int


@dataclass(frozen=True, slots=True)
class MainSnapshot:
    """A snapshot of the main branch, and the bytes of the files that it added; None where it does not say."""

    snapshot_id: int
    added_bytes: int | None


class RefreshEngine(Engine, Protocol):
    """An engine that rebuilds tables. Its rows may be used from as many threads as it has `parallel_tables`."""

    @property
    def parallel_tables(self) -> int:
        """How many tables to build at the same time."""

    @property
    def limit_errors(self) -> tuple[type[Exception], ...]:
        """Errors that mean that the engine is too small for a table: a larger one has to do the whole refresh."""

    def limits(self) -> AbstractContextManager[None]:
        """Turn whatever is raised in the block for want of memory or disk into one of `limit_errors`."""

    def forget(self, tables: Iterable[str]) -> None:
        """Read these tables as they are published now, not as this process may have seen them before."""

    def read_days(self, name: str, table: Table, days: Sequence[DayRange]) -> Rows:
        """Return the rows of a table whose event time lies in the ranges; all rows if those are all days.

        A table is read as it was when the run first read it, or as the run left it.
        """

    def main_snapshot(self, name: str) -> MainSnapshot | None:
        """Return the snapshot of a table that this run reads, or that it wrote; None for a table without one."""

    def head_run(self, name: str) -> str | None:
        """Return the id of the run that wrote what readers of a table see; None for a table without a snapshot."""

    def held(self, rows: Rows) -> AbstractContextManager[Rows]:
        """Return the same rows, which are computed once and stored until the block ends."""

    def fingerprint(self, rows: Rows, table: Table) -> Fingerprint:
        """Return the fingerprint of rows of the table, without the columns the lake adds."""

    def measure_rows(self, rows: Rows, table: Table, now: datetime) -> tuple[Fingerprint, list[Measured]]:
        """Return the fingerprint of held rows, and what every rule of the contract measures on them as of `now`.

        Table rules are left out when there are no rows.
        """

    def replace_days(self, name: str, table: Table, days: Sequence[DayRange], rows: Rows) -> None:
        """Make `rows` all that the table holds of these days, in one commit. Rows of other days stay."""

    def replace_keys(self, name: str, table: Table, keys: Rows, rows: Rows) -> None:
        """Make `rows` all that the table holds of these keys, in one commit. Rows of other keys stay.

        `keys` has one column, of the name of the table's column that its build replaces by.
        """
