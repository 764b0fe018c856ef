"""Build the stale rows of a table anew from its upstreams, on Spark or on DuckDB. Nothing here writes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from cartlake.contracts import Table
from cartlake.contracts.building import PERIODS, Upstream
from cartlake.engine import DataFrame, F
from cartlake.refresh.graph import Graph, Scope, build_of, days_read
from glue_jobs.shared.functions import function_named
from glue_jobs.transforms.scopes import Read, keys_of, rows_on


@dataclass(frozen=True)
class Building:
    """One table, and which of its rows to build.

    A table without upstreams is built from `spine`, a frame of one row with the int column `one`.
    """

    graph: Graph
    table: Table
    scope: Scope
    read: Read
    spine: DataFrame

    @cached_property
    def keys(self) -> DataFrame | None:
        """The keys to build, in one column; None unless the scope is one of keys."""
        key = build_of(self.table).key
        if key is None or self.scope.whole:
            return None
        return keys_of(self.scope.keys, key, self.graph.tables, self.read)

    def rows(self) -> DataFrame:
        """Return the rows in scope, with the columns of the table but for those the lake adds."""
        build = build_of(self.table)
        inputs = {upstream.argument: self._input(upstream) for upstream in build.upstreams}
        built = transform_of(self.table)(**(inputs or {"spine": self.spine}))
        return self.in_scope(built.select(*(F.col(column.name) for column in self.table.file_columns)))

    def in_scope(self, rows: DataFrame) -> DataFrame:
        """Return those rows of the table that this building replaces."""
        if self.scope.whole:
            return rows
        if self.keys is not None:
            return rows.join(self.keys, on=str(build_of(self.table).key), how="left_semi")
        return rows_on(rows, self.table, self.scope.days)

    def _input(self, upstream: Upstream) -> DataFrame:
        rows = self.read(upstream.table)
        if upstream.reads == "key" and self.keys is not None:
            keys = self.keys.select(F.col(str(build_of(self.table).key)).alias(str(upstream.key)))
            return rows.join(keys, on=str(upstream.key), how="left_semi")
        if build_of(self.table).replaces in PERIODS:
            return rows_on(rows, self.graph.tables[upstream.table], days_read(upstream, self.scope))
        return rows


def transform_of(table: Table) -> Callable[..., DataFrame]:
    """Return the function that builds the table. Raises TerminalError naming it when there is none."""
    return function_named(build_of(table).transform, table.physical_name)
