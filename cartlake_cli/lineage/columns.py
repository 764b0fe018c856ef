"""The columns of the lake as a graph: each made of others, down to the files and up to the queries that read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cartlake.lineage.columns import CompiledSources, of_files
from cartlake.lineage.model import TableSources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cartlake.contracts import Contract
    from cartlake_cli.athena.columns_read import ColumnUse

Direction = Literal["upstream", "downstream"]
QUERY = "READ"
"""The way in which a query or a view uses a column."""


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a column: `column` of `table` is made of, or feeds, `other_column` of `other` in the way `how`.

    `depth` is 1 for what the traced column itself is made of or feeds. `other_column` is empty for a query or a view.
    """

    depth: int
    table: str
    column: str
    other: str
    other_column: str
    how: str


@dataclass(frozen=True)
class ColumnGraph:
    """What every column of every table is made of, and which queries and views read it."""

    tables: Mapping[str, TableSources]
    readers: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        contracts: Iterable[Contract],
        compiled: CompiledSources,
        readers: Mapping[ColumnUse, Iterable[str]],
    ) -> ColumnGraph:
        """Return the graph of all contracts; `readers` are queries and views by the columns that they read."""
        loaded = {one.table.physical_name: of_files(one) for one in contracts if one.droppable}
        built = {name: table.sources for name, table in compiled.tables.items()}
        reading = {(use.table, use.column): tuple(names) for use, names in readers.items()}
        return cls({**loaded, **built}, reading)

    def trace(self, table: str, column: str, direction: Direction) -> list[Step]:
        """Return every step from a column to the files, or to all that it feeds, nearest first; each step once."""
        steps: list[Step] = []
        seen, level = {(table, column)}, [(table, column)]
        for depth in range(1, len(self.tables) + 2):
            found = [step for one in level for step in self._next(depth, *one, direction)]
            steps += found
            level = list(dict.fromkeys(one for step in found if (one := (step.other, step.other_column)) not in seen))
            seen |= set(level)
        return steps

    def of_table(self, table: str, direction: Direction) -> list[Step]:
        """Return what each column of a table is made of, or feeds, in one step, and upstream what decides its rows."""
        known = self.tables.get(table, TableSources({}))
        steps = [step for column in known.columns for step in self._next(1, table, column, direction)]
        if direction == "upstream":
            steps += [Step(1, table, "(its rows)", one.table, one.column, one.kind) for one in known.rows]
        return steps

    def _next(self, depth: int, table: str, column: str, direction: Direction) -> Iterator[Step]:
        if direction == "upstream":
            known = self.tables.get(table, TableSources({})).columns.get(column, ())
            yield from (Step(depth, table, column, one.table, one.column, one.kind) for one in known)
            return
        for name, how in self._fed_by(table, column):
            yield Step(depth, table, column, name[0], name[1], how)
        for reader in self.readers.get((table, column), ()):
            yield Step(depth, table, column, reader, "", QUERY)

    def _fed_by(self, table: str, column: str) -> Iterator[tuple[tuple[str, str], str]]:
        for made, sources in self.tables.items():
            for name, of in sources.columns.items():
                yield from (((made, name), one.kind) for one in of if (one.table, one.column) == (table, column))
