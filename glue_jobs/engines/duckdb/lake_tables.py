"""The tables of the lake in one run: each loaded once, changed by commits, and tidied after some of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pyiceberg.exceptions import CommitFailedException, ValidationException

from cartlake.contracts.custom_properties.maintenance import MAX_SNAPSHOTS
from cartlake.tables.snapshots import MAIN
from glue_jobs.engines.base import Branch
from glue_jobs.engines.duckdb.iceberg.commits import Change, commit, drop_branch
from glue_jobs.engines.duckdb.iceberg.conditions import on_days
from glue_jobs.engines.duckdb.iceberg.expiring import expire
from glue_jobs.engines.duckdb.iceberg.tables import Scan, head_of, scan
from glue_jobs.engines.duckdb.joining import due, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import date

    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Table
    from cartlake.tables.glue_catalog import LakeCatalog
    from glue_jobs.engines.duckdb.session import Session

log = logging.getLogger(__name__)

_ATTEMPTS: Final = 4
_TIDY_EVERY: Final = 5


@dataclass(frozen=True, slots=True)
class LakeTables:
    """Tables of a catalog, for the length of one run, whose id their new snapshots carry.

    Each table is loaded once, and known after each commit.
    """

    session: Session
    catalog: LakeCatalog
    run_id: str
    _loaded: dict[str, IcebergTable] = field(default_factory=dict)

    def load(self, table: str) -> IcebergTable:
        """Return a table by its full name."""
        if table not in self._loaded:
            self._loaded[table] = self.catalog.load_table(tuple(table.split(".")[1:]))
        return self._loaded[table]

    def forget(self, tables: Iterable[str]) -> None:
        """Load these tables anew when they are next needed."""
        for table in tables:
            self._loaded.pop(table, None)

    def fresh_branch(self, table: str, name: str, start: str = MAIN) -> Branch:
        """Drop the branch of an earlier attempt. The new one begins at branch `start` with the first commit to it."""
        self.drop_branch(table, name)
        return Branch(table, name, head_of(self.load(table), start))

    def drop_branch(self, table: str, name: str) -> None:
        """Drop a branch of the table as it is now, if there is one of that name."""
        self.forget([table])
        loaded = self.load(table)
        if name in loaded.metadata.refs:
            drop_branch(loaded, name)

    def scan(self, branch: Branch, where: BooleanExpression | None = None) -> Scan:
        """Plan a scan of a branch, or of where it will start. `where` leaves out files, and no rows."""
        loaded = self.load(branch.table)
        head = head_of(loaded, branch.name)
        return scan(loaded, branch.base if head is None else head, where)

    def scan_days(self, branch: Branch, table: Table, days: Collection[date] | None) -> Scan:
        """Plan a scan of the files of a branch that may hold rows of these days, of all files for None."""
        return self.scan(branch, on_days(table, days))

    def commit(self, change: Change, branch: Branch) -> None:
        """Commit a change to a branch, if it changes anything."""
        if change:
            commit(self.load(branch.table), change, self.run_id, branch.name, branch.base)

    def commit_to_main(
        self, table: str, change_of: Callable[[IcebergTable], Change], *, also_nothing: bool = False
    ) -> None:
        """Commit what has to change of a table as it is now; anew, when another writer's commit was about its files.

        What a change was made of and what it is committed to is the table as it was loaded once: else a commit of
        another writer in between would not be noticed. `also_nothing`: a table without a snapshot gets one.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            loaded = self.load(table)
            try:
                change = change_of(loaded)
                if change or (also_nothing and head_of(loaded) is None):
                    commit(loaded, change, self.run_id)
                    self._tidy_sometimes(loaded)
            except (CommitFailedException, ValidationException):
                if attempt == _ATTEMPTS:
                    raise
                self.forget([table])
            else:
                return

    def tidy(self, branch: Branch, table: Table, days: Collection[date]) -> None:
        """Join small files of these days of a branch, and remove old versions, as `_tidy` does."""
        self._tidy(self.load(branch.table), branch.name, on_days(table, days))

    def _tidy_sometimes(self, loaded: IcebergTable) -> None:
        """Tidy a table that every run writes, after one of some commits: to look costs a scan of its metadata."""
        snapshot = loaded.current_snapshot()
        if snapshot and (snapshot.sequence_number or 0) % _TIDY_EVERY == 0:
            self._tidy(loaded, MAIN, None)

    def _tidy(self, loaded: IcebergTable, branch: str, where: BooleanExpression | None) -> None:
        """Join small files of a branch, and remove old versions of the table, where its contract has it maintained.

        Whatever fails here fails no run: its rows are as they were, and the next run or maintenance does it.
        """
        head = head_of(loaded, branch)
        if head is None or MAX_SNAPSHOTS not in loaded.metadata.properties:
            return
        try:
            if held := due(loaded, head, where):
                commit(loaded, joined(self.session, loaded, held), self.run_id, branch)
            expire(loaded)
        except (CommitFailedException, ValidationException):
            log.info("%s was written by another run meanwhile, so its files were not joined", loaded.name())
            self._loaded.clear()  # what was loaded may hold a commit that was not made
        except Exception:
            log.exception("the small files of %s were not joined; its rows are unchanged", loaded.name())
            self._loaded.clear()
