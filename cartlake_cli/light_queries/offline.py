"""Engines that compile the queries of a load or a refresh and read and write nothing: whatever they read is empty."""

# ruff: noqa: ARG002 - the engine's signatures

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import duckdb

from cartlake import contracts
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import WHOLE, Graph, Scope, StaleTable, upstreams_of
from cartlake.runs.documents import BackfillPart, Load, Manifest, ManifestFile, RefreshPlan
from cartlake.runs.ids import DELETED_KEYS, Workflow, new_run_id
from cartlake.tables.snapshots import MAIN
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.tasks import TableNames, open_run
from glue_jobs.engines.base import BatchCounts, Branch
from glue_jobs.engines.duckdb.engine import DuckDBEngine
from glue_jobs.engines.duckdb.refreshing import DuckDBRefreshEngine
from glue_jobs.engines.duckdb.session import Session, prepare
from glue_jobs.engines.duckdb.types import contract_type
from glue_jobs.table_refresh.pipeline import refresh
from glue_jobs.table_refresh.run import open_run as open_refresh

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from cartlake.contracts import Contract, Table
    from cartlake.refresh.day_ranges import DayRange
    from glue_jobs.dataset_etl.run import Run
    from glue_jobs.engines.refresh import MainSnapshot

_DAY: Final = date(2026, 1, 1)
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NO_TABLES: Any = None


class _Offline(DuckDBEngine):
    """An engine without tables or files: whatever is read has the columns it would have, and no rows."""

    def read_files(self, files: Sequence[ManifestFile], contract: Contract) -> str:
        names = [*(column.name for column in contract.table.file_columns), "_corrupt_record", "_source_file"]
        return self._empty(dict.fromkeys(names, "string"))

    def read_table(self, table: str, where: str | None = None) -> str:
        database, name = table.split(".")[1:]
        known = {one.physical_name: one for contract in contracts.load_all() for one in contract.tables}
        return self._of_table(known[f"{database}.{name}"])

    def read_branch(self, branch: Branch, table: Table, days: Collection[date] | None = None) -> str:
        return self._of_table(table)

    def read_version(self, table: str, snapshot_id: int) -> str:
        return self.read_table(table)

    def collect(self, rows: str) -> list[dict[str, Any]]:
        """Return one row of ones for the totals of repeated keys, so that they are made unique."""
        names = [name for name, _ in self.session.columns(rows)]
        return [dict.fromkeys(names, 1)] if names == ["copies", "keys"] else super().collect(rows)

    def count_batch(self, judged: str, table: Table) -> BatchCounts:
        return BatchCounts(Counter(), 1, Counter({_DAY: 1}), clustered=True, deletes=1)

    def fresh_branch(self, table: str, name: str, start: str = MAIN) -> Branch:
        return Branch(table, name, base=0)

    def drop_branch(self, table: str, name: str) -> None:
        """There is nothing to drop."""

    def moved_keys(self, rows: str, count: int, branch: Branch, table: Table) -> str:
        """Return one key, so that what is asked about rows that move is asked."""
        kinds = {name: contract_type(table.column(name).type) for name in table.primary_key}
        listed = ", ".join(f'null::{kind} as "{name}"' for name, kind in kinds.items())
        return self.session.view_of(f"select {listed}, date '{_DAY}' as day, date '{_DAY}' as stored_day", "moved")

    def added_bytes(self, branch: Branch) -> int | None:
        return None

    def stored_days(self, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
        return frozenset(days)

    def merge(self, rows: str, count: int, branch: Branch, table: Table, days: Collection[date]) -> None:
        """Write nothing."""

    def replace(self, changed: str, gone: str, branch: Branch, table: Table) -> None:
        """Write nothing."""

    def replace_rows(self, table: str, where: str, rows: str | None) -> None:
        """Write nothing."""

    def tidy(self, branch: Branch, table: Table, days: Collection[date]) -> None:
        """There is nothing to tidy."""

    def measure(self, branch: Branch, table: Table, days: Collection[date], now: datetime) -> list[Any]:
        return []

    def head(self, table: str, reference: str) -> int | None:
        """Return a snapshot for the deleted keys, so that what is asked about deletes is asked."""
        return 0 if reference == DELETED_KEYS else None

    def _of_table(self, table: Table) -> str:
        return self._empty({column.name: column.type for column in table.columns})

    def _empty(self, columns: dict[str, str]) -> str:
        listed = ", ".join(f'null::{contract_type(kind)} as "{name}"' for name, kind in columns.items())
        return self.session.view_of(f"select {listed} where false", "empty")


class _OfflineRefresh(_Offline, DuckDBRefreshEngine):
    def forget(self, tables: Iterable[str]) -> None:
        """There is nothing to forget."""

    def read_days(self, name: str, table: Table, days: Sequence[DayRange]) -> str:
        return self._of_table(table)

    def main_snapshot(self, name: str) -> MainSnapshot | None:
        return None

    def head_run(self, name: str) -> str | None:
        return None

    def replace_days(self, name: str, table: Table, days: Sequence[DayRange], rows: str) -> None:
        """Write nothing."""

    def replace_keys(self, name: str, table: Table, keys: str, rows: str) -> None:
        """Write nothing."""


def empty_inputs(tables: Iterable[Table]) -> list[tuple[tuple[str, str], ...]]:
    """Return the names and DuckDB's types of the columns of tables, as a refresh gives them to a transform.

    For none, those of the frame of one row that a table without upstreams is built from.
    """
    with _session() as session:
        engine = _OfflineRefresh(session, _NO_TABLES)
        names = [engine.read_days("", table, ()) for table in tables] or [engine.frame([], "one int")]
        return [session.columns(name) for name in names]


def compile_dataset(contract: Contract, *, backfill: bool) -> None:
    """Compile the queries of a load, or of a backfill, of a dataset, and let DuckDB bind them."""
    with _session() as session:
        load_files(_run(_Offline(session, _NO_TABLES), contract, backfill=backfill))


def compile_table(name: str, graph: Graph) -> None:
    """Compile the queries that rebuild and check a table: all of it, and what a change of its upstreams makes stale.

    Raises TerminalError where DuckDB does not take one.
    """
    upstreams = [upstream.table for upstream in upstreams_of(graph.tables[name])]
    changed = Scope(days=of_days([_DAY]))
    sets = [*([one] for one in upstreams), upstreams]
    scopes = [WHOLE, *(graph.scope_of(name, dict.fromkeys(changes, changed)) for changes in sets)]
    for scope in dict.fromkeys(scopes):
        for check in (False, True):
            with _session() as session:
                _refresh(_OfflineRefresh(session, _NO_TABLES), StaleTable(table=name, scope=scope), check=check)


def _refresh(engine: DuckDBRefreshEngine, stale: StaleTable, *, check: bool) -> None:
    plan = RefreshPlan(
        run_id=new_run_id(Workflow.REFRESH, _NOW, "000000"),
        created_at="",
        tables=[stale],
        changes={stale.table: stale.scope},
        check=check,
    )
    [done] = refresh(open_refresh(plan, engine, "lake.", "lake.ops.quality_results")).tables
    if done.error:
        raise ValueError(f"{stale.table} ({stale.scope}): {done.error}")


@contextmanager
def _session() -> Iterator[Session]:
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        prepare(connection)
        yield Session(connection, Path(folder))


def _run(engine: DuckDBEngine, contract: Contract, *, backfill: bool) -> Run:
    run_id = new_run_id(contract.name, _NOW, "000000")
    manifest = Manifest(
        run_id=run_id,
        dataset=contract.name,
        contract_version=contract.version,
        created_at="",
        files=[],
        backfill=backfill,
        part=BackfillPart(number=2, slices=3, unread=[Load(source_file="a", run_id="b")], before="1"),
    )
    return open_run(manifest, engine, TableNames("lake", "", "ops.quarantine_rows", "ops.quality_results"))
