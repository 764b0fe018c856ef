"""The calls of `glue_jobs.engines.base.Engine` on DuckDB."""

# ruff: noqa: S608 - names and conditions are written here, from contracts, days and run ids

from __future__ import annotations

import math
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from cartlake.contracts import measurements
from cartlake.contracts.rules.sql import text_literal
from cartlake.runs.documents import Measurement
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_io import FILE_IO
from cartlake.tables.snapshots import MAIN
from glue_jobs.engines.base import BatchCounts, Branch
from glue_jobs.engines.duckdb import keys, merging, reading
from glue_jobs.engines.duckdb.compiled import over, queries
from glue_jobs.engines.duckdb.iceberg.conditions import on_sql
from glue_jobs.engines.duckdb.iceberg.tables import Scan, bytes_added, head_of, scan
from glue_jobs.engines.duckdb.lake_tables import LakeTables
from glue_jobs.engines.duckdb.limits import EngineLimitError, is_fault_of_files
from glue_jobs.engines.duckdb.session import Session, open_session
from glue_jobs.engines.duckdb.types import contract_type, quoted
from glue_jobs.transforms.scopes import in_days_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from pyiceberg.expressions import BooleanExpression

    from cartlake.contracts import Contract, Table
    from cartlake.engine import DataFrame
    from cartlake.runs.documents import ManifestFile
    from cartlake.tables.glue_catalog import LakeCatalog


@dataclass(slots=True)
class DuckDBEngine:
    """A DuckDB connection and the lake's tables for the length of one run.

    `max_merge_bytes` is what a merge may look at of a table, `looked_at` what it did: files of the days it compares,
    and of all others where the keys of the batch may stand the columns that say so.
    """

    session: Session
    tables: LakeTables
    max_merge_bytes: float = math.inf
    looked_at: int = 0
    kept: list[str] = field(default_factory=list)
    _unread: Sequence[ManifestFile] = ()

    def read_files(self, files: Sequence[ManifestFile], contract: Contract) -> str:
        self._unread = files
        return self.session.view_of(reading.raw_rows_sql(self.session, files, contract), "raw")

    def is_fault_of_files(self, error: Exception) -> bool:
        return is_fault_of_files(error)

    def read_table(self, table: str, where: str | None = None) -> str:
        loaded = self.tables.load(table)
        return self._filtered(scan(loaded, head_of(loaded, MAIN), on_sql(where)), where)

    def read_branch(self, branch: Branch, table: Table, days: Collection[date] | None = None) -> str:
        where = None if days is None else in_days_sql(table, days)
        return self._filtered(self.tables.scan_days(branch, table, days), where)

    def read_version(self, table: str, snapshot_id: int) -> str | None:
        loaded = self.tables.load(table)
        if loaded.metadata.snapshot_by_id(snapshot_id) is None:
            return None
        return self._filtered(scan(loaded, snapshot_id), None)

    def apply(self, transform: Callable[..., DataFrame], *inputs: str, **constants: object) -> str:
        query = queries().query(transform, [self.session.columns(name) for name in inputs], constants)
        return self.session.view_of(over(query, inputs), transform.__name__)

    def where(self, rows: str, condition: str) -> str:
        return self.session.view_of(f"select * from {rows} where {condition}", "some")

    def with_values(self, rows: str, values: Mapping[str, str | datetime]) -> str:
        kept = [quoted(name) for name, _ in self.session.columns(rows) if name not in values]
        added = [f"{_literal(value)} as {quoted(name)}" for name, value in values.items()]
        return self.session.view_of(f"select {', '.join([*kept, *added])} from {rows}", "valued")

    def collect(self, rows: str) -> list[dict[str, Any]]:
        result = self.session.execute(f"select * from {rows}")
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def count(self, rows: str) -> int:
        [(number,)] = self.session.rows(f"select count(*) from {rows}")
        return int(number)

    def frame(self, rows: Sequence[tuple[object, ...]], schema: str) -> str:
        name = self.session.new_name("rows")
        columns = [column.split(" ", 1) for column in schema.split(", ")]
        listed = ", ".join(f"{column} {contract_type(kind)}" for column, kind in columns)
        self.session.execute(f"create table {name} ({listed})")
        if rows:
            row = f"({', '.join('?' * len(columns))})"
            values = [value for one in rows for value in one]
            self.session.execute(f"insert into {name} values {', '.join([row] * len(rows))}", values)
        return name

    def keep(self, rows: str) -> str:
        self.kept.append(self._computed(rows, "kept"))
        return self.kept[-1]

    def freeze(self, rows: str) -> str:
        return self._computed(rows, "frozen")

    def release(self) -> None:
        while self.kept:
            self.session.execute(f"drop table {self.kept.pop()}")

    def count_batch(self, judged: str, table: Table) -> BatchCounts:
        by_file: Counter[str] = Counter()
        by_day: Counter[date] = Counter()
        deletes = 0
        is_delete = "_broken = '' and _deletes" if table.deleted_when else "false"
        counted = self.session.rows(
            f"select _source_file, {is_delete} as is_delete, "
            f"case when _broken = '' and not is_delete then {table.event_time}::date end as day, count(*) "
            f"from {judged} group by all"
        )
        for source_file, deleting, day, rows in counted:
            by_file[source_file] += rows
            if deleting:
                deletes += rows
            elif day is not None:
                by_day[day] += rows
        refused = by_file.total() - by_day.total() - deletes
        return BatchCounts(by_file, refused, by_day, clustered=True, deletes=deletes)

    def fresh_branch(self, table: str, name: str, start: str = MAIN) -> Branch:
        return self.tables.fresh_branch(table, name, start)

    def drop_branch(self, table: str, name: str) -> None:
        self.tables.drop_branch(table, name)

    def stored_days(self, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
        held = self.tables.scan_days(branch, table, days)
        if not held.files:
            return frozenset()
        column = str(table.event_time)
        found = self.session.rows(
            f"select distinct {column}::date from ({held.sql()}) where {in_days_sql(table, days)}"
        )
        return frozenset(row[0] for row in found) & frozenset(days)

    def moved_keys(self, rows: str, count: int, branch: Branch, table: Table) -> str:  # noqa: ARG002 - as on Spark
        columns = keys.columns_read(table)
        name = self.session.table_of(f"select {', '.join(map(quoted, columns))} from {rows}", "sought")
        held = self.tables.scan(branch, keys.between_keys(self.session, name, table))
        self._look_at(keys.bytes_of(held, columns), branch)
        return self.session.table_of(keys.moved_sql(held, name, table), "moved")

    def append(self, rows: str, branch: Branch, *, clustered: bool) -> None:  # noqa: ARG002 - as on Spark
        self.tables.commit(merging.of_new_rows(self.session, self.tables.load(branch.table), rows), branch)

    def merge(self, rows: str, count: int, branch: Branch, table: Table, days: Collection[date]) -> None:
        del count  # DuckDB knows it
        held = self._checked(self.tables.scan_days(branch, table, days), branch)
        loaded = self.tables.load(branch.table)
        self.tables.commit(merging.of_versions(self.session, loaded, held, rows, table, days), branch)

    def replace(self, changed: str, gone: str, branch: Branch, table: Table) -> None:
        held = self._checked(self.tables.scan(branch, self._between_keys(changed, gone, table)), branch)
        loaded = self.tables.load(branch.table)
        self.tables.commit(merging.of_same_keys(self.session, loaded, held, changed, gone, table), branch)

    def replace_rows(self, table: str, where: str, rows: str | None) -> None:
        self.tables.commit_to_main(table, lambda loaded: merging.of_condition(self.session, loaded, where, rows))

    def tidy(self, branch: Branch, table: Table, days: Collection[date]) -> None:
        self.tables.tidy(branch, table, days)

    def measure(self, branch: Branch, table: Table, days: Collection[date], now: datetime) -> list[Measurement]:
        view = self.session.new_name("audited")
        held = self.tables.scan_days(branch, table, days)
        self.session.execute(f"create view {view} as select * from ({held.sql()}) where {in_days_sql(table, days)}")
        found = self._rule_values(view, table, now)
        return [Measurement(rule=rule.name, value=found[rule.name]) for rule in table.table_rules]

    def supersede_quarantine(self, table: str, dataset: str, run_id: str, file_ids: Sequence[str]) -> None:
        self.tables.commit_to_main(
            table, lambda loaded: merging.of_superseded(self.session, loaded, dataset, run_id, file_ids)
        )

    def head(self, table: str, reference: str) -> int | None:
        return head_of(self.tables.load(table), reference)

    def added_bytes(self, branch: Branch) -> int | None:
        return bytes_added(self.tables.load(branch.table), branch)

    def forget(self, tables: Iterable[str]) -> None:
        """Load these tables anew when they are next needed."""
        self.tables.forget(tables)

    def _between_keys(self, changed: str, gone: str, table: Table) -> BooleanExpression | None:
        """Return the bounds of the keys of both as a condition that leaves out files."""
        listed = ", ".join(map(quoted, table.primary_key))
        both = self.session.view_of(f"select {listed} from {changed} union all select {listed} from {gone}", "keys")
        return keys.between_keys(self.session, both, table)

    def _filtered(self, held: Scan, where: str | None) -> str:
        return self.session.view_of(f"select * from ({held.sql()})" + (f" where {where}" if where else ""), "scan")

    def _checked(self, held: Scan, branch: Branch) -> Scan:
        """Return the scan. Raises EngineLimitError where the run would look at more than a merge may."""
        self._look_at(held.size, branch)
        return held

    def _look_at(self, size: int, branch: Branch) -> None:
        """Add to the bytes of the table that this run looks at. Raises EngineLimitError when a merge may not."""
        self.looked_at += size
        if self.looked_at > self.max_merge_bytes:
            raise EngineLimitError(
                f"The merge would have to look at {self.looked_at / 1e6:,.0f} MB of {branch.table}, which is more than "
                f"the {self.max_merge_bytes / 1e6:,.0f} MB that the light engine may."
            )

    def _rule_values(self, rows: str, table: Table, now: datetime) -> dict[str, float | None]:
        """Return what each table rule of the contract measures on the rows."""
        found: dict[str, float | None] = {}
        for measurement in measurements(table.table_rules, rows, now=now, dialect="duckdb"):
            [values] = self.session.rows(measurement.sql)
            found |= dict(zip(measurement.rules, values, strict=True))
        return found

    def _computed(self, rows: str, kind: str) -> str:
        """Store rows. Those of files are read now, so TerminalError names the files if they cannot be."""
        files, self._unread = self._unread, ()
        try:
            return self.session.table_of(f"select * from {rows}", kind)
        except duckdb.Error as error:
            if files:
                raise reading.unreadable(files, error) from error
            raise


@contextmanager
def duckdb_engine(
    run_id: str, memory_mb: int | None = None, max_merge_bytes: float = math.inf
) -> Iterator[DuckDBEngine]:
    """The engine for one run, with the memory of this process in MB; at the end its files and tables are gone.

    Raises EngineLimitError when a merge would have to look at more than `max_merge_bytes` of a table.
    """
    with open_session(memory_mb) as session:
        yield DuckDBEngine(session, LakeTables(session, light_catalog(), run_id), max_merge_bytes)


def light_catalog() -> LakeCatalog:
    """Return the Glue catalog, reading metadata through boto3: the layer of light functions has no pyarrow."""
    return load_catalog(file_io=FILE_IO)


def _literal(value: str | datetime) -> str:
    return text_literal(value) if isinstance(value, str) else f"timestamptz '{value.isoformat()}'"
