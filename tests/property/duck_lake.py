"""The tables of the contracts in a DuckDB of their own, loaded and refreshed by the code of the Glue jobs.

Only reading and writing are replaced: files are rows of strings, and a merge keeps the newest of what was stored and
what came, which is what the Spark tests prove of the MERGE.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import duckdb
from sqlframe.duckdb import DuckDBSession

from cartlake import contracts
from cartlake.contracts import Table
from cartlake.contracts.custom_properties.building import PERIODS, Upstream
from cartlake.refresh.day_ranges import ALWAYS, DayRange, of_days
from cartlake.refresh.graph import WHOLE, Graph, Scope, StaleTable, build_of, days_read
from glue_jobs.table_refresh.building import transform_of
from glue_jobs.transforms.file_rows import judging, steps, versions
from glue_jobs.transforms.scopes import event_column, on_days_sql

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TYPES = {"string": "varchar", "timestamp": "timestamptz", "array<string>": "varchar[]"}


TRANSFORMS: dict[str, str] = {}


OPENED: list[tuple[duckdb.DuckDBPyConnection, DuckDBSession]] = []


def _duckdb() -> tuple[duckdb.DuckDBPyConnection, DuckDBSession]:
    """One of each per process, and new ones where another test has ended the session of SQLFrame, which keeps one."""
    if OPENED and _is_open(OPENED[0][0]):
        return OPENED[0]
    DuckDBSession().stop()  # whatever connection it was given
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    OPENED[:] = [(connection, DuckDBSession(connection))]
    return OPENED[0]


def _is_open(connection: duckdb.DuckDBPyConnection) -> bool:
    try:
        connection.execute("select 1")
    except duckdb.ConnectionException:
        return False
    return True


class DuckLake:
    def __init__(self, built: Iterable[str]) -> None:
        """`built` are the tables to keep; what they are built from is kept too."""
        self.graph = Graph.of(contracts.load_all())
        kept = self._with_upstreams(built)
        self.order = [name for name in self.graph.order if name in kept]
        self.connection, self.session = _duckdb()
        self.connection.execute("create or replace table spine as select cast(1 as int) as one")
        self.changes: dict[str, Scope] = {}
        for name in [*self.order, *self._sources()]:
            columns = ", ".join(f"{c.name} {TYPES.get(c.type, c.type)}" for c in self.graph.tables[name].file_columns)
            self.connection.execute(f"create or replace table {_plain(name)} ({columns})")

    def _with_upstreams(self, names: Iterable[str]) -> set[str]:
        found = set(names)
        for name in reversed(self.graph.order):
            if name in found:
                found |= {up.table for up in self.graph.tables[name].build.upstreams}
        return found

    def _sources(self) -> list[str]:
        read = {up.table for name in self.order for up in self.graph.tables[name].build.upstreams}
        return sorted(read - set(self.order))

    def clear(self) -> None:
        """Be a new lake: without rows, but for members that stand for what is not known, and what is built of them."""
        self.changes = {}
        for name in [*self.order, *self._sources()]:
            self.connection.execute(f"delete from {_plain(name)}")
        built = set()
        for name in self.order:
            build = build_of(self.graph.tables[name])
            if build.unknown_member or (build.upstreams and built.issuperset(up.table for up in build.upstreams)):
                self.rebuild(name, WHOLE)
                built.add(name)

    def load(self, dataset: str, rows: Sequence[Mapping[str, str | None]]) -> None:
        """Load one file, as `dataset_etl` does; what it changed is stale until the next refresh."""
        table = contracts.load(dataset).table
        batch = self._accepted(table, rows)
        stored = _plain(table.physical_name)
        names = [column.name for column in table.file_columns]
        before = set(self._rows(stored, names))
        self._newest(table, stored, batch)
        merged = f"merged_{table.name}"
        after = set(self._rows(merged, names))
        self.connection.execute(f"create or replace table {stored} as select {', '.join(names)} from {merged}")
        position = names.index(str(table.event_time))
        days = {_day(row[position]) for row in after ^ before}  # also days that a row left for another
        change = Scope(days=of_days(days))
        self.changes[table.physical_name] = self.changes.get(table.physical_name, Scope()) | change

    def _accepted(self, table: Table, rows: Sequence[Mapping[str, str | None]]) -> str:
        names = [column.name for column in table.file_columns]
        dropped, judged, accepted = (f"{step}_{table.name}" for step in ("dropped", "judged", "accepted"))
        columns = ", ".join(f"{name} varchar" for name in [*names, "_corrupt_record", "_source_file", "_run_id"])
        self.connection.execute(f"create or replace table {dropped} ({columns}, _ingested_at timestamptz)")
        values = [[*(row.get(name) for name in names), None, "s3://raw/file.csv", "run"] for row in rows]
        self.connection.executemany(
            f"insert into {dropped} values ({', '.join('?' * (len(names) + 3))}, timestamptz '{NOW.isoformat()}')",
            values,
        )
        self._run(judged, lambda: steps.judged_rows(self.session.table(dropped), table=table))
        self._run(accepted, lambda: judging.accepted(self.session.table(judged), table))
        return accepted

    def _newest(self, table: Table, stored: str, batch: str) -> None:
        names = ", ".join(column.name for column in table.file_columns)
        lineage = "timestamptz '2026-03-01' as _ingested_at, '' as _source_file, '' as _run_id"
        both, merged = f"both_{table.name}", f"merged_{table.name}"
        self.connection.execute(
            f"create or replace table {both} as select {names}, {lineage} from {stored} "
            f"union all select {names}, {lineage} from {batch}"
        )
        self._run(merged, lambda: versions.newest(self.session.table(both), table))

    def _run(self, name: str, make: Callable[[], Any]) -> None:
        """Write a frame to the table `name`; its query is made once per process."""
        if name not in TRANSFORMS:
            TRANSFORMS[name] = _sql(make())
        self.connection.execute(f"create or replace table {name} as {TRANSFORMS[name]}")

    def refresh(self) -> list[StaleTable]:
        """Rebuild what is stale, as `table_refresh` does."""
        stale = [one for one in self.graph.stale(self.changes) if one.table in self.order]
        for one in stale:
            self.rebuild(one.table, one.scope)
        self.changes = {}
        return stale

    def rebuild_all(self) -> None:
        for name in self.order:
            self.rebuild(name, WHOLE)

    def rebuild(self, name: str, scope: Scope) -> None:
        """Replace the rows in scope by those the transform makes of the upstream rows the scope is built from."""
        table, build = self.graph.tables[name], build_of(self.graph.tables[name])
        by_key = build.key is not None and not scope.whole
        if by_key:
            keys = [f"select {s.key} from {_plain(s.table)} where {self._on(s.table, s.days)}" for s in scope.keys]
            self.connection.execute(f"create or replace table keys as {' union '.join(keys)}")
        for upstream in build.upstreams:
            days = days_read(upstream, scope) if build.replaces in PERIODS else (ALWAYS,)
            where = f"{upstream.key} in (from keys)" if by_key else self._on(upstream.table, days)
            view, source = self._input(table, upstream), _plain(upstream.table)
            self.connection.execute(f"create or replace view {view} as select * from {source} where {where}")
        in_scope = f"{build.key} in (from keys)" if by_key else self._on(name, scope.days)
        self.connection.execute(f"delete from {_plain(name)} where {in_scope}")
        self.connection.execute(
            f"insert into {_plain(name)} by name select * from ({self._transform_sql(name)}) where {in_scope}"
        )

    def _on(self, name: str, days: Sequence[DayRange]) -> str:
        return "true" if ALWAYS in days else on_days_sql(*event_column(self.graph.tables[name]), days)

    def _input(self, table: Table, upstream: Upstream) -> str:
        return f"{_plain(table.physical_name)}__reads__{upstream.argument}"

    def _transform_sql(self, name: str) -> str:
        """Made once per table and process: SQLFrame takes far longer to write the query than DuckDB to run it."""
        build = build_of(self.graph.tables[name])
        known = f"{name} {build.currency}"
        if known not in TRANSFORMS:
            table, upstreams = self.graph.tables[name], build.upstreams
            inputs = {up.argument: self.session.table(self._input(table, up)) for up in upstreams}
            built = transform_of(table)(**(inputs or {"spine": self.session.table("spine")}))
            TRANSFORMS[known] = _sql(built.select(*(column.name for column in table.file_columns)))
        return TRANSFORMS[known]

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """All rows of a table, sorted."""
        return sorted(self._rows(_plain(name), [c.name for c in self.graph.tables[name].file_columns]), key=repr)

    def _rows(self, table: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
        found = self.connection.execute(f"select {', '.join(names)} from {table}").fetchall()
        return [tuple(tuple(value) if isinstance(value, list) else value for value in row) for row in found]


def _plain(name: str) -> str:
    return name.replace(".", "__")


def _day(moment: datetime | date) -> date:
    return moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment


def _sql(frame: Any) -> str:
    """The query of a frame, as SQLFrame itself would run it."""
    text: str = frame.sql(dialect="duckdb", optimize=False)
    return text
