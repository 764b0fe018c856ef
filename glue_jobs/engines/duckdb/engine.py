"""The calls of `glue_jobs.engines.base.Engine` on DuckDB."""

# ruff: noqa: S608 - names and conditions are written here, from contracts, days and run ids

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import duckdb
import sqlglot

from cartlake.contracts import measurements
from cartlake.engine import F, using
from cartlake.runs.documents import Measurement
from cartlake.tables.catalog import load_catalog
from cartlake.tables.snapshots import MAIN
from glue_jobs.engines.base import BatchCounts, Branch
from glue_jobs.engines.duckdb import reading
from glue_jobs.engines.duckdb.commits import Change, commit, drop_branch
from glue_jobs.engines.duckdb.conditions import on_days, on_sql
from glue_jobs.engines.duckdb.files import TableFiles, quoted
from glue_jobs.engines.duckdb.session import Session, open_session
from glue_jobs.engines.duckdb.tables import FILE, POSITION, Scan, scan
from glue_jobs.transforms.file_rows.versions import newer
from glue_jobs.transforms.scopes import in_days_sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date, datetime

    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Contract, Table
    from cartlake.engine import DataFrame
    from cartlake.runs.documents import ManifestFile
    from cartlake.tables.glue_catalog import LakeCatalog

_ATTEMPTS: Final = 4


@dataclass(slots=True)
class DuckDBEngine:
    """A DuckDB connection for the length of one run, whose id the snapshots carry."""

    session: Session
    catalog: LakeCatalog
    run_id: str
    kept: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def read_files(self, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
        query = reading.raw_rows_sql(self.session, files, contract)
        try:
            return self._frame(self._table_of(query, "raw"))
        except duckdb.Error as error:
            raise reading.unreadable(files, error) from error

    def read_table(self, table: str, where: str | None = None) -> DataFrame:
        loaded = self._load(table)
        return self._filtered(scan(loaded, _head(loaded, MAIN), on_sql(where)), where)

    def read_branch(self, branch: Branch, table: Table, days: Collection[date] | None = None) -> DataFrame:
        where = None if days is None else in_days_sql(table, days)
        return self._filtered(self._scan_branch(branch, table, days), where)

    def frame(self, rows: Sequence[tuple[object, ...]], schema: str) -> DataFrame:
        name = self._new_name("rows")
        columns = [column.split(" ", 1) for column in schema.split(", ")]
        types = {"string": "varchar", "timestamp": "timestamptz"}
        listed = ", ".join(f"{column} {types.get(kind, kind)}" for column, kind in columns)
        self.session.execute(f"create table {name} ({listed})")
        if rows:
            row = f"({', '.join('?' * len(columns))})"
            values = [value for one in rows for value in one]
            self.session.execute(f"insert into {name} values {', '.join([row] * len(rows))}", values)
        return self._frame(name)

    def keep(self, rows: DataFrame) -> DataFrame:
        name = self._table_of(_sql(rows), "kept")
        self.kept.append(name)
        return self._frame(name)

    def freeze(self, rows: DataFrame) -> DataFrame:
        return self.keep(rows)

    def release(self) -> None:
        while self.kept:
            self.session.execute(f"drop table {self.kept.pop()}")

    def count_batch(self, judged: DataFrame, table: Table) -> BatchCounts:
        day = F.when(F.col("_broken") == F.lit(""), F.to_date(F.col(str(table.event_time)))).alias("day")
        counted = judged.groupBy(F.col("_source_file"), day).agg(F.count(F.lit(1)).alias("rows"))
        by_file: Counter[str] = Counter()
        by_day: Counter[date] = Counter()
        for source_file, of_day, rows in self.session.rows(_sql(counted)):
            by_file[str(source_file)] += rows  # type: ignore[assignment]
            if of_day is not None:
                by_day[of_day] += rows  # type: ignore[index, assignment]
        return BatchCounts(by_file, by_file.total() - by_day.total(), by_day, clustered=True)

    def fresh_branch(self, table: str, name: str) -> Branch:
        loaded = self._load(table)
        if name in loaded.metadata.refs:
            drop_branch(loaded, name)
        return Branch(table, name, _head(loaded, MAIN))

    def stored_days(self, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
        held = self._scan_branch(branch, table, days)
        if not held.files:
            return frozenset()
        column = str(table.event_time)
        found = self.session.rows(
            f"select distinct {column}::date from ({held.sql()}) where {in_days_sql(table, days)}"
        )
        return frozenset(row[0] for row in found) & frozenset(days)  # type: ignore[misc]

    def append(self, rows: DataFrame, branch: Branch, *, clustered: bool) -> None:  # noqa: ARG002 - as on Spark
        loaded = self._load(branch.table)
        added = TableFiles(self.session, loaded).write_rows(_sql(rows))
        self._commit(loaded, Change(added=added), branch)

    def merge(self, rows: DataFrame, branch: Branch, table: Table, days: Collection[date]) -> None:
        source = self.keep(rows)
        name = self.kept[-1]
        held = self._scan_branch(branch, table, days)
        keys = list(table.primary_key)
        same = " and ".join(f"t.{quoted(key)} = s.{quoted(key)}" for key in keys)
        stored = self._table_of(
            f"select t.* from ({held.sql(positions=True)}) as t semi join {name} as s on {same} "
            f"where {in_days_sql(table, days, 't.')}",
            "stored",
        )
        wins = sqlglot.transpile(newer(table), read="spark", write="duckdb")[0]
        replaced = self._table_of(
            f"select t.{FILE} as file_path, t.{POSITION} as pos from {stored} as t join {name} as s on {same} where {wins}",
            "replaced",
        )
        kept = f"select s.* from {name} as s where not exists (select 1 from {stored} as t where {same} and not {wins})"
        self._change(branch, held, replaced, kept)
        del source

    def replace(self, changed: DataFrame, gone: DataFrame, branch: Branch, table: Table) -> None:
        keys = [quoted(key) for key in table.primary_key]
        rows, left = self._table_of(_sql(changed), "changed"), self._table_of(_sql(gone), "gone")
        held = self._scan_branch(branch, table, None)
        listed = ", ".join(keys)
        replaced = self._table_of(
            f"select {FILE} as file_path, {POSITION} as pos from ({held.sql(positions=True)}) semi join "
            f"(select {listed} from {rows} union all select {listed} from {left}) using ({listed})",
            "replaced",
        )
        self._change(branch, held, replaced, f"select * from {rows}")

    def replace_rows(self, table: str, where: str, rows: DataFrame | None) -> None:
        loaded = self._load(table)
        held = scan(loaded, _head(loaded, MAIN), on_sql(where))
        replaced = self._table_of(
            f"select {FILE} as file_path, {POSITION} as pos from ({held.sql(positions=True)}) where {where}", "replaced"
        )
        self._change(Branch(table, MAIN, None), held, replaced, None if rows is None else _sql(rows))

    def measure(self, branch: Branch, table: Table, days: Collection[date], now: datetime) -> list[Measurement]:
        view = self._new_name("audited")
        held = self._scan_branch(branch, table, days)
        self.session.execute(f"create view {view} as select * from ({held.sql()}) where {in_days_sql(table, days)}")
        found: dict[str, float | None] = {}
        for measurement in measurements(table.table_rules, view, now=now, dialect="duckdb"):
            [values] = self.session.rows(measurement.sql)
            found |= dict(zip(measurement.rules, values, strict=True))  # type: ignore[arg-type]
        return [Measurement(rule=rule.name, value=found[rule.name]) for rule in table.table_rules]

    def supersede_quarantine(self, table: str, dataset: str, run_id: str, file_ids: Sequence[str]) -> None:
        loaded = self._load(table)
        files = ", ".join(f"'{file_id}'" for file_id in file_ids)
        where = f"dataset = '{dataset}' and file_id in ({files})"
        held = scan(loaded, _head(loaded, MAIN), on_sql(where))
        ours = f"dataset = '{dataset}' and run_id = '{run_id}'"
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
        self._change(Branch(table, MAIN, None), held, replaced, rows)

    def head(self, table: str, reference: str) -> int | None:
        return _head(self._load(table), reference)

    def _load(self, table: str) -> IcebergTable:
        return self.catalog.load_table(tuple(table.split(".")[1:]))

    def _scan_branch(self, branch: Branch, table: Table, days: Collection[date] | None) -> Scan:
        loaded = self._load(branch.table)
        head = _head(loaded, branch.name)
        return scan(loaded, branch.base if head is None else head, on_days(table, days))

    def _filtered(self, held: Scan, where: str | None) -> DataFrame:
        name = self._new_name("scan")
        condition = f" where {where}" if where else ""
        self.session.execute(f"create view {name} as select * from ({held.sql()}){condition}")
        return self._frame(name)

    def _change(self, branch: Branch, held: Scan, replaced: str, rows: str | None) -> None:
        """Delete the rows at the places in the table `replaced`, and add those of a query, in one commit."""
        loaded = self._load(branch.table)
        maker = TableFiles(self.session, loaded)
        paths = {str(row[0]) for row in self.session.rows(f"select distinct file_path from {replaced}")}
        files = {file.file_path: file for file in held.files if file.file_path in paths}
        deletes = maker.write_deletes(replaced, files) if files else []
        change = Change(added=maker.write_rows(rows) if rows else [], deletes=deletes, deleted_from=frozenset(files))
        self._commit(loaded, change, branch)

    def _commit(self, loaded: IcebergTable, change: Change, branch: Branch) -> None:
        if change:
            commit(loaded, change, self.run_id, branch.name, branch.base)

    def _table_of(self, query: str, kind: str) -> str:
        name = self._new_name(kind)
        self.session.execute(f"create table {name} as {query}")
        return name

    def _new_name(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def _frame(self, name: str) -> Any:
        return self.session.frames.table(name)


@contextmanager
def duckdb_engine(run_id: str, memory_mb: int | None = None) -> Iterator[DuckDBEngine]:
    """The engine for one run, with the memory of this process in MB; at the end its files and tables are gone."""
    with using("duckdb"), open_session(memory_mb) as session:
        yield DuckDBEngine(session, load_catalog(), run_id)


def _head(table: IcebergTable, reference: str) -> int | None:
    ref = table.metadata.refs.get(reference)
    return ref.snapshot_id if ref else None


def _sql(rows: Any) -> str:
    text: str = rows.sql(dialect="duckdb", optimize=False)
    return text
