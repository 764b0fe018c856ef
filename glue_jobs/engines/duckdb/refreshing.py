"""The calls of `glue_jobs.engines.refresh.RefreshEngine` on DuckDB."""

# ruff: noqa: S608 - names and conditions are written here, from contracts and days

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cartlake.refresh.day_ranges import ALWAYS
from cartlake.tables.snapshots import ADDED_BYTES, MAIN, RUN_PROPERTY
from glue_jobs.engines.duckdb import replacing
from glue_jobs.engines.duckdb.engine import DuckDBEngine, light_catalog
from glue_jobs.engines.duckdb.iceberg.conditions import in_ranges
from glue_jobs.engines.duckdb.iceberg.tables import scan
from glue_jobs.engines.duckdb.lake_tables import LakeTables
from glue_jobs.engines.duckdb.limits import EngineLimitError, engine_limits
from glue_jobs.engines.duckdb.session import open_session
from glue_jobs.engines.duckdb.types import contract_type
from glue_jobs.engines.refresh import Fingerprint, MainSnapshot, Measured
from glue_jobs.shared.quality import broken_rows
from glue_jobs.transforms.scopes import in_ranges_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Table
    from cartlake.refresh.day_ranges import DayRange
    from glue_jobs.engines.duckdb.iceberg.commits import Change


@dataclass(slots=True)
class DuckDBRefreshEngine(DuckDBEngine):
    """A DuckDB connection for the length of one refresh."""

    @property
    def parallel_tables(self) -> int:
        return 1

    @property
    def limit_errors(self) -> tuple[type[Exception], ...]:
        return (EngineLimitError,)

    def limits(self) -> AbstractContextManager[None]:
        return engine_limits()

    def read_days(self, name: str, table: Table, days: Sequence[DayRange]) -> str:
        held = scan(self.tables.load(name), self.head(name, MAIN), in_ranges(table, days))
        return self._filtered(held, None if ALWAYS in days else in_ranges_sql(table, days))

    def main_snapshot(self, name: str) -> MainSnapshot | None:
        found = self.tables.load(name).metadata.snapshot_by_name(MAIN)
        if found is None:
            return None
        said = found.summary.additional_properties.get(ADDED_BYTES) if found.summary else None
        return MainSnapshot(found.snapshot_id, None if said is None else int(said))

    def head_run(self, name: str) -> str | None:
        snapshot = self.tables.load(name).metadata.snapshot_by_name(MAIN)
        return snapshot.summary.additional_properties.get(RUN_PROPERTY) if snapshot and snapshot.summary else None

    @contextmanager
    def held(self, rows: str) -> Iterator[str]:
        name = self.session.table_of(f"select * from {rows}", "held")
        try:
            yield name
        finally:
            self.session.execute(f"drop table {name}")

    def fingerprint(self, rows: str, table: Table) -> Fingerprint:
        # As the table stores them: the hash of an integer depends on its width.
        columns = ", ".join(f"{column.name}::{contract_type(column.type)}" for column in table.file_columns)
        [(number, hashes)] = self.session.rows(f"select count(*), sum(hash({columns})::hugeint) from {rows}")
        return Fingerprint(number, int(hashes or 0))

    def measure_rows(self, rows: str, table: Table, now: datetime) -> tuple[Fingerprint, list[Measured]]:
        taken = self.fingerprint(rows, table)
        [counts] = self.collect(self.apply(broken_rows, rows, table=table))
        found = [Measured(rule.name, rule.severity, float(counts[rule.name])) for rule in table.row_rules]
        if not taken.rows:
            return taken, found
        values = self._rule_values(rows, table, now)
        return taken, [*found, *(Measured(r.name, r.severity, values[r.name]) for r in table.table_rules)]

    def replace_days(self, name: str, table: Table, days: Sequence[DayRange], rows: str) -> None:
        self._replace(name, lambda loaded: replacing.of_days(self.session, loaded, table, days, rows))

    def replace_keys(self, name: str, table: Table, keys: str, rows: str) -> None:
        self._replace(name, lambda loaded: replacing.of_keys(self.session, loaded, table, keys, rows))

    def _replace(self, name: str, change_of: Callable[[IcebergTable], Change]) -> None:
        # The first commit is made even of nothing, so that an empty table is known to be built.
        self.tables.commit_to_main(name, change_of, also_nothing=True)


@contextmanager
def duckdb_refresh_engine(run_id: str, memory_mb: int | None = None) -> Iterator[DuckDBRefreshEngine]:
    """The engine for one refresh, with the memory of this process in MB; at the end its files and tables are gone."""
    with open_session(memory_mb) as session:
        yield DuckDBRefreshEngine(session, LakeTables(session, light_catalog(), run_id))
