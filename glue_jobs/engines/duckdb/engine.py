"""The calls of `glue_jobs.engines.base.Engine` on DuckDB."""

# ruff: noqa: S608 - names and conditions are written here, from contracts, days and run ids

from __future__ import annotations

import logging
import math
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import duckdb
from pyiceberg.exceptions import CommitFailedException, ValidationException

from cartlake.contracts import measurements
from cartlake.contracts.maintenance import MAX_SNAPSHOTS
from cartlake.runs.documents import Measurement
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_io import FILE_IO
from cartlake.tables.snapshots import MAIN
from glue_jobs.engines.base import BatchCounts, Branch
from glue_jobs.engines.duckdb import keys, reading
from glue_jobs.engines.duckdb.compiled import over, queries
from glue_jobs.engines.duckdb.iceberg.commits import Change, commit, drop_branch
from glue_jobs.engines.duckdb.iceberg.conditions import on_days, on_sql
from glue_jobs.engines.duckdb.iceberg.expiring import expire
from glue_jobs.engines.duckdb.iceberg.files import TableFiles, quoted
from glue_jobs.engines.duckdb.iceberg.tables import FILE, POSITION, Scan, head_of, scan
from glue_jobs.engines.duckdb.joining import due, joined
from glue_jobs.engines.duckdb.limits import EngineLimitError, is_fault_of_files
from glue_jobs.engines.duckdb.replacing import at_places
from glue_jobs.engines.duckdb.session import Session, open_session, text_literal
from glue_jobs.engines.duckdb.types import contract_type
from glue_jobs.transforms.file_rows.versions import newer
from glue_jobs.transforms.scopes import in_days_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Contract, Table
    from cartlake.engine import DataFrame
    from cartlake.runs.documents import ManifestFile
    from cartlake.tables.glue_catalog import LakeCatalog
    from glue_jobs.engines.duckdb.compiled import Columns

log = logging.getLogger(__name__)

_ATTEMPTS: Final = 4
_TIDY_EVERY: Final = 5


@dataclass(slots=True)
class DuckDBEngine:
    """A DuckDB connection for the length of one run, whose id the snapshots carry.

    Each table is loaded once, and known after each commit. `max_merge_bytes` is what a merge may look at of a table,
    `looked_at` what it did: files of the days it compares, and of all others where the keys of the batch may stand the
    columns that say so.
    """

    session: Session
    catalog: LakeCatalog
    run_id: str
    max_merge_bytes: float = math.inf
    looked_at: int = 0
    loaded: dict[str, IcebergTable] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    _unread: Sequence[ManifestFile] = ()
    _numbers: Iterator[int] = field(default_factory=count)

    def read_files(self, files: Sequence[ManifestFile], contract: Contract) -> str:
        self._unread = files
        return self._view_of(reading.raw_rows_sql(self.session, files, contract), "raw")

    def is_fault_of_files(self, error: Exception) -> bool:
        return is_fault_of_files(error)

    def read_table(self, table: str, where: str | None = None) -> str:
        loaded = self._load(table)
        return self._filtered(scan(loaded, head_of(loaded, MAIN), on_sql(where)), where)

    def read_branch(self, branch: Branch, table: Table, days: Collection[date] | None = None) -> str:
        where = None if days is None else in_days_sql(table, days)
        return self._filtered(self._scan_branch(self._load(branch.table), branch, table, days), where)

    def read_version(self, table: str, snapshot_id: int) -> str | None:
        loaded = self._load(table)
        if loaded.metadata.snapshot_by_id(snapshot_id) is None:
            return None
        return self._filtered(scan(loaded, snapshot_id), None)

    def apply(self, transform: Callable[..., DataFrame], *inputs: str, **constants: object) -> str:
        query = queries().query(transform, [self._columns(name) for name in inputs], constants)
        return self._view_of(over(query, inputs), transform.__name__)

    def where(self, rows: str, condition: str) -> str:
        return self._view_of(f"select * from {rows} where {condition}", "some")

    def with_values(self, rows: str, values: Mapping[str, str | datetime]) -> str:
        kept = [quoted(name) for name, _ in self._columns(rows) if name not in values]
        added = [f"{_literal(value)} as {quoted(name)}" for name, value in values.items()]
        return self._view_of(f"select {', '.join([*kept, *added])} from {rows}", "valued")

    def collect(self, rows: str) -> list[dict[str, Any]]:
        result = self.session.execute(f"select * from {rows}")
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def count(self, rows: str) -> int:
        [(number,)] = self.session.rows(f"select count(*) from {rows}")
        return int(number)

    def frame(self, rows: Sequence[tuple[object, ...]], schema: str) -> str:
        name = self._new_name("rows")
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
        counted = self.session.rows(
            f"select _source_file, case when _broken = '' then {table.event_time}::date end as day, count(*) "
            f"from {judged} group by all"
        )
        for source_file, day, rows in counted:
            by_file[source_file] += rows
            if day is not None:
                by_day[day] += rows
        return BatchCounts(by_file, by_file.total() - by_day.total(), by_day, clustered=True)

    def fresh_branch(self, table: str, name: str) -> Branch:
        self.forget([table])
        loaded = self._load(table)
        if name in loaded.metadata.refs:
            drop_branch(loaded, name)
        return Branch(table, name, head_of(loaded, MAIN))

    def stored_days(self, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
        held = self._scan_branch(self._load(branch.table), branch, table, days)
        if not held.files:
            return frozenset()
        column = str(table.event_time)
        found = self.session.rows(
            f"select distinct {column}::date from ({held.sql()}) where {in_days_sql(table, days)}"
        )
        return frozenset(row[0] for row in found) & frozenset(days)

    def moved_keys(self, rows: str, count: int, branch: Branch, table: Table) -> str:  # noqa: ARG002 - as on Spark
        columns = keys.columns_read(table)
        name = self._table_of(f"select {', '.join(map(quoted, columns))} from {rows}", "sought")
        loaded = self._load(branch.table)
        head = head_of(loaded, branch.name)
        held = scan(loaded, branch.base if head is None else head, keys.between_keys(self.session, name, table))
        self._look_at(keys.bytes_of(held, columns), branch)
        return self._table_of(keys.moved_sql(held, name, table), "moved")

    def append(self, rows: str, branch: Branch, *, clustered: bool) -> None:  # noqa: ARG002 - as on Spark
        loaded = self._load(branch.table)
        query = f"select * from {rows}"
        added = TableFiles(self.session, loaded).write_rows(query, among=query)
        self._commit(loaded, Change(added=added), branch)

    def merge(self, rows: str, branch: Branch, table: Table, days: Collection[date]) -> None:
        loaded = self._load(branch.table)
        held = self._checked(self._scan_branch(loaded, branch, table, days), branch)
        same = " and ".join(f"t.{quoted(key)} = s.{quoted(key)}" for key in table.primary_key)
        stored = self._table_of(
            f"select t.* from ({held.sql(positions=True)}) as t semi join {rows} as s on {same} "
            f"where {in_days_sql(table, days, 't.')}",
            "stored",
        )
        every = f"select * from {rows}"
        if not self.count(stored):
            self._commit(loaded, Change(added=TableFiles(self.session, loaded).write_rows(every, every)), branch)
            return
        wins = newer(table)
        replaced = self._table_of(
            f"select t.{FILE} as file_path, t.{POSITION} as pos from {stored} as t join {rows} as s on {same} "
            f"where {wins}",
            "replaced",
        )
        kept = f"select s.* from {rows} as s where not exists (select 1 from {stored} as t where {same} and not {wins})"
        self._commit(loaded, at_places(self.session, loaded, held, replaced, kept, every), branch)

    def replace(self, changed: str, gone: str, branch: Branch, table: Table) -> None:
        loaded = self._load(branch.table)
        held = self._checked(self._scan_branch(loaded, branch, table, None), branch)
        listed = ", ".join(quoted(key) for key in table.primary_key)
        replaced = self._table_of(
            f"select {FILE} as file_path, {POSITION} as pos from ({held.sql(positions=True)}) semi join "
            f"(select {listed} from {changed} union all select {listed} from {gone}) using ({listed})",
            "replaced",
        )
        change = at_places(self.session, loaded, held, replaced, f"select * from {changed}")
        self._commit(loaded, change, branch)

    def replace_rows(self, table: str, where: str, rows: str | None) -> None:
        added = None if rows is None else f"select * from {rows}"

        def change_of(loaded: IcebergTable) -> Change:
            held = scan(loaded, head_of(loaded), on_sql(where))
            replaced = self._table_of(
                f"select {FILE} as file_path, {POSITION} as pos from ({held.sql(positions=True)}) where {where}",
                "replaced",
            )
            return at_places(self.session, loaded, held, replaced, added)

        self._commit_to_main(table, change_of)

    def tidy(self, branch: Branch, table: Table, days: Collection[date]) -> None:
        self._tidy(self._load(branch.table), branch.name, on_days(table, days))

    def measure(self, branch: Branch, table: Table, days: Collection[date], now: datetime) -> list[Measurement]:
        view = self._new_name("audited")
        held = self._scan_branch(self._load(branch.table), branch, table, days)
        self.session.execute(f"create view {view} as select * from ({held.sql()}) where {in_days_sql(table, days)}")
        found = self._rule_values(view, table, now)
        return [Measurement(rule=rule.name, value=found[rule.name]) for rule in table.table_rules]

    def supersede_quarantine(self, table: str, dataset: str, run_id: str, file_ids: Sequence[str]) -> None:
        files = ", ".join(f"'{file_id}'" for file_id in file_ids)
        where = f"dataset = '{dataset}' and file_id in ({files})"
        ours = f"dataset = '{dataset}' and run_id = '{run_id}'"

        def change_of(loaded: IcebergTable) -> Change:
            held = scan(loaded, head_of(loaded), on_sql(where))
            touched = self._table_of(
                f"select *, ({ours}) as _ours from ({held.sql(positions=True)}) where {where} and "
                f"(({ours} and superseded_by = '{run_id}') or (not ({ours}) and superseded_by is null))",
                "touched",
            )
            replaced = self._table_of(f"select {FILE} as file_path, {POSITION} as pos from {touched}", "replaced")
            rows = (
                f"select * exclude (_ours, {FILE}, {POSITION}) replace ("
                f"case when _ours then null else '{run_id}' end as superseded_by, "
                f"case when _ours then superseded_at else now() end as superseded_at) from {touched}"
            )
            return at_places(self.session, loaded, held, replaced, rows)

        self._commit_to_main(table, change_of)

    def head(self, table: str, reference: str) -> int | None:
        return head_of(self._load(table), reference)

    def forget(self, tables: Iterable[str]) -> None:
        """Load these tables anew when they are next needed."""
        for table in tables:
            self.loaded.pop(table, None)

    def _load(self, table: str) -> IcebergTable:
        if table not in self.loaded:
            self.loaded[table] = self.catalog.load_table(tuple(table.split(".")[1:]))
        return self.loaded[table]

    def _scan_branch(self, loaded: IcebergTable, branch: Branch, table: Table, days: Collection[date] | None) -> Scan:
        head = head_of(loaded, branch.name)
        return scan(loaded, branch.base if head is None else head, on_days(table, days))

    def _filtered(self, held: Scan, where: str | None) -> str:
        return self._view_of(f"select * from ({held.sql()})" + (f" where {where}" if where else ""), "scan")

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

    def _commit_to_main(
        self, table: str, change_of: Callable[[IcebergTable], Change], *, also_nothing: bool = False
    ) -> None:
        """Commit what has to change of a table as it is now; anew, when another writer's commit was about its files.

        What a change was made of and what it is committed to is the table as it was loaded once: else a commit of
        another writer in between would not be noticed. `also_nothing`: a table without a snapshot gets one.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            loaded = self._load(table)
            try:
                change = change_of(loaded)
                if change or (also_nothing and head_of(loaded) is None):
                    commit(loaded, change, self.run_id)
                    self._tidy_sometimes(table)
            except (CommitFailedException, ValidationException):
                if attempt == _ATTEMPTS:
                    raise
                self.forget([table])
            else:
                return

    def _tidy_sometimes(self, table: str) -> None:
        """Tidy a table that every run writes, after one of some commits: to look costs a scan of its metadata."""
        loaded = self._load(table)
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
            self.loaded.clear()  # what was loaded may hold a commit that was not made
        except Exception:
            log.exception("the small files of %s were not joined; its rows are unchanged", loaded.name())
            self.loaded.clear()

    def _rule_values(self, rows: str, table: Table, now: datetime) -> dict[str, float | None]:
        """Return what each table rule of the contract measures on the rows."""
        found: dict[str, float | None] = {}
        for measurement in measurements(table.table_rules, rows, now=now, dialect="duckdb"):
            [values] = self.session.rows(measurement.sql)
            found |= dict(zip(measurement.rules, values, strict=True))
        return found

    def _commit(self, loaded: IcebergTable, change: Change, branch: Branch) -> None:
        if change:
            commit(loaded, change, self.run_id, branch.name, branch.base)

    def _computed(self, rows: str, kind: str) -> str:
        """Store rows. Those of files are read now, so TerminalError names the files if they cannot be."""
        files, self._unread = self._unread, ()
        try:
            return self._table_of(f"select * from {rows}", kind)
        except duckdb.Error as error:
            if files:
                raise reading.unreadable(files, error) from error
            raise

    def _table_of(self, query: str, kind: str) -> str:
        name = self._new_name(kind)
        self.session.execute(f"create table {name} as {query}")
        return name

    def _new_name(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def _view_of(self, query: str, kind: str) -> str:
        name = self._new_name(kind)
        self.session.execute(f"create view {name} as {query}")
        return name

    def _columns(self, relation: str) -> Columns:
        return tuple((name, kind) for name, kind, *_ in self.session.rows(f"describe {relation}"))


@contextmanager
def duckdb_engine(
    run_id: str, memory_mb: int | None = None, max_merge_bytes: float = math.inf
) -> Iterator[DuckDBEngine]:
    """The engine for one run, with the memory of this process in MB; at the end its files and tables are gone.

    Raises EngineLimitError when a merge would have to look at more than `max_merge_bytes` of a table.
    """
    with open_session(memory_mb) as session:
        yield DuckDBEngine(session, light_catalog(), run_id, max_merge_bytes)


def light_catalog() -> LakeCatalog:
    """Return the Glue catalog, reading metadata through boto3: the layer of light functions has no pyarrow."""
    return load_catalog(file_io=FILE_IO)


def _literal(value: str | datetime) -> str:
    return text_literal(value) if isinstance(value, str) else f"timestamptz '{value.isoformat()}'"
