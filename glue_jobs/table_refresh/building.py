"""Build the stale rows of a table anew from its upstreams, on any engine. Nothing here writes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from cartlake.contracts import Table
from cartlake.contracts.custom_properties.building import PERIODS, Upstream
from cartlake.engine import DataFrame, F
from cartlake.errors import TerminalError
from cartlake.refresh.day_ranges import ALWAYS, DayRange
from cartlake.refresh.graph import Graph, Scope, build_of, days_read
from glue_jobs.engines.base import Rows
from glue_jobs.engines.refresh import RefreshEngine
from glue_jobs.shared.functions import currency_fault, function_named
from glue_jobs.table_refresh.run import Run
from glue_jobs.transforms.scopes import distinct_keys, in_ranges_sql, with_keys

_SPINE = "one int"


@dataclass(frozen=True, slots=True)
class Building:
    """One table, and which of its rows to build. `keys` are those to build, None unless the scope is one of keys."""

    run: Run
    table: Table
    scope: Scope
    keys: Rows | None = None

    @property
    def name(self) -> str:
        """The name of the table on the engine."""
        return self.run.name(self.table.physical_name)

    @property
    def engine(self) -> RefreshEngine:
        return self.run.engine

    @property
    def graph(self) -> Graph:
        return self.run.graph

    def rows(self) -> Rows:
        """Return the rows in scope, with the columns of the table but for those the lake adds."""
        inputs = [self._input(upstream) for upstream in build_of(self.table).upstreams]
        built = self.engine.apply(built_rows, *(inputs or [self.engine.frame([(1,)], _SPINE)]), table=self.table)
        return self._in_scope(built)

    def stored(self) -> Rows:
        """Return the rows that the table holds of the scope."""
        if self.keys is not None:
            return self._in_scope(self._read(self.table, (ALWAYS,)))
        return self._read(self.table, self.scope.days)

    def replace(self, rows: Rows) -> None:
        """Make `rows` all that the table holds of the scope."""
        if self.keys is not None:
            self.engine.replace_keys(self.name, self.table, self.keys, rows)
        else:
            self.engine.replace_days(self.name, self.table, self.scope.days, rows)

    def _in_scope(self, rows: Rows) -> Rows:
        if self.scope.whole:
            return rows
        if self.keys is not None:
            key = str(build_of(self.table).key)
            return self.engine.apply(with_keys, rows, self.keys, column=key, key=key)
        return self.engine.where(rows, in_ranges_sql(self.table, self.scope.days))

    def _input(self, upstream: Upstream) -> Rows:
        build, table = build_of(self.table), self.graph.tables[upstream.table]
        if upstream.reads == "key" and self.keys is not None:
            rows = self._read(table, (ALWAYS,))
            return self.engine.apply(with_keys, rows, self.keys, column=str(upstream.key), key=str(build.key))
        return self._read(table, days_read(upstream, self.scope) if build.replaces in PERIODS else (ALWAYS,))

    def _read(self, table: Table, days: tuple[DayRange, ...]) -> Rows:
        return self.engine.read_days(self.run.name(table.physical_name), table, days)


@contextmanager
def building(run: Run, name: str, scope: Scope) -> Iterator[Building]:
    """The building of one table's rows in scope; the keys to build are computed once, before anything is replaced."""
    table = run.graph.table(name)
    key = build_of(table).key
    if key is None or scope.whole:
        yield Building(run, table, scope)
        return
    tables = run.graph.tables
    sources = [run.engine.read_days(run.name(one.table), tables[one.table], one.days) for one in scope.keys]
    columns = tuple(source.key for source in scope.keys)
    with run.engine.held(run.engine.apply(distinct_keys, *sources, columns=columns, key=key)) as keys:
        yield Building(run, table, scope, keys)


def built_rows(*inputs: DataFrame, table: Table) -> DataFrame:
    """Return the rows the table's transform makes of its upstreams' rows, with the columns a transform has to make.

    `inputs` are in the order of the upstreams; for a table without any, a frame of one row with the int column `one`.
    """
    arguments = [upstream.argument for upstream in build_of(table).upstreams] or ["spine"]
    built = transform_of(table)(**dict(zip(arguments, inputs, strict=True)))
    return built.select(*(F.col(column.name) for column in table.file_columns))


def transform_of(table: Table) -> Callable[..., DataFrame]:
    """Return the function that builds the table, of its upstreams' frames alone.

    Raises TerminalError for none, and where the contract names a currency for one that takes none, or none for one that
    does.
    """
    build = build_of(table)
    function = function_named(build.transform, table.physical_name)
    if fault := currency_fault(function, table):
        raise TerminalError(fault)
    given = {"masks": build.masks, "precedence": build.precedence_of_arguments, "currency": build.currency}
    constants = {name: value for name, value in given.items() if value}
    return partial(function, **constants) if constants else function
