"""Which rows of which tables become stale when rows change, and the order in which the tables are rebuilt.

Only contracts are read. `cartlake.build` says which rows of its upstreams a table reads, so it also says which of its
rows depend on changed rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Final

from pydantic import BaseModel, ConfigDict

from cartlake.contracts.custom_properties.building import PERIODS, Build, Upstream
from cartlake.contracts.model import Contract, Reference, Table
from cartlake.errors import TerminalError
from cartlake.refresh.day_ranges import ALWAYS, DayRange, aligned, joined, widened


class GraphError(TerminalError):
    """The tables of the contracts cannot be built in any order."""


class KeySource(BaseModel):
    """The keys to rebuild: those in column `key` of the rows of `table` whose event time is in `days`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    key: str
    days: tuple[DayRange, ...]


class Scope(BaseModel):
    """Which rows of a table are stale: all of them, those of some days, or those of some keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[DayRange, ...] = ()
    keys: tuple[KeySource, ...] = ()

    @property
    def whole(self) -> bool:
        """Return whether all rows are stale."""
        return ALWAYS in self.days

    def __bool__(self) -> bool:
        return bool(self.days or self.keys)

    def __or__(self, other: "Scope") -> "Scope":
        days = joined((*self.days, *other.days))
        # Keys and single days are part of all rows, so they are dropped.
        if ALWAYS in days:
            return WHOLE
        return Scope(days=days, keys=tuple(dict.fromkeys((*self.keys, *other.keys))))

    def __str__(self) -> str:
        if self.whole:
            return "all rows"
        keys = [f"{source.key} of {source.table} on {_listed(source.days)}" for source in self.keys]
        return "; ".join([*([_listed(self.days)] if self.days else []), *keys])


WHOLE: Final = Scope(days=(ALWAYS,))


class StaleTable(BaseModel):
    """One table to rebuild. `after` are the tables of the same plan that are rebuilt before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    scope: Scope
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """The tables of all contracts, and which are built from which."""

    tables: Mapping[str, Table]
    order: tuple[str, ...] = field(default=())
    forecast_order: tuple[str, ...] = field(default=())
    """The tables that the workflow `forecast` builds, which are stale only when it runs."""

    @classmethod
    def of(cls, contracts: Iterable[Contract]) -> "Graph":
        """Return the graph. Raises GraphError for an upstream that no contract describes, and for a cycle."""
        tables = {table.physical_name: table for contract in contracts for table in contract.tables}
        _check_upstreams(tables)
        _check_references(tables)
        _check_currencies(tables)
        upstreams = {name: [up.table for up in upstreams_of(table)] for name, table in sorted(tables.items())}
        try:
            order = [name for name in TopologicalSorter(upstreams).static_order() if tables[name].build]
        except CycleError as error:
            raise GraphError(f"Tables are built from each other in a cycle: {' ← '.join(error.args[1])}.") from error
        forecast = tuple(name for name in order if build_of(tables[name]).workflow == "forecast")
        return cls(tables, tuple(name for name in order if name not in forecast), forecast)

    def table(self, name: str) -> Table:
        """Return a built table by its physical or bare name. Raises TerminalError that lists all built tables."""
        found = [known for known in self.order if name in (known, self.tables[known].bare_name)]
        if not found:
            raise TerminalError(f"No table {name!r} is built from others; these are: {', '.join(self.order)}.")
        return self.tables[found[0]]

    @property
    def currency(self) -> str:
        """Return the reporting currency, which contracts name once. Raises GraphError where none does."""
        found = _currencies(self.tables)
        if not found:
            raise GraphError(
                "No contract names the reporting currency: write `currency: EUR`, or another, in the "
                "cartlake.build of the table whose transform converts, such as order_lines."
            )
        return next(iter(found.values()))

    def built_from(self, name: str) -> list[str]:
        """Return the tables directly built from this one, in the order they are built."""
        return [built for built in self.order if name in {up.table for up in upstreams_of(self.tables[built])}]

    def stale(self, changes: Mapping[str, Scope]) -> tuple[StaleTable, ...]:
        """Return the tables to rebuild after `changes`, each after those it is built from.

        For a built table, `changes` has its own stale rows; for any other table, the rows that were written.
        """
        known = dict(changes)
        stale: list[StaleTable] = []
        for name in self.order:
            if scope := self.scope_of(name, known):
                known[name] = scope
                upstreams = [upstream.table for upstream in upstreams_of(self.tables[name])]
                after = tuple(one for one in upstreams if one in {table.table for table in stale})
                stale.append(StaleTable(table=name, scope=scope, after=after))
        return tuple(stale)

    def scope_of(self, name: str, changes: Mapping[str, Scope]) -> Scope:
        """Return the rows of one built table that are stale after changes of it and of the tables it is built from."""
        table = self.tables[name]
        scope = changes.get(name, Scope())
        for upstream in upstreams_of(table):
            scope |= _affected(table, upstream, changes.get(upstream.table, Scope()))
        return scope


def _affected(table: Table, upstream: Upstream, change: Scope) -> Scope:
    """Return the rows of the table that depend on the changed rows of one upstream."""
    build = build_of(table)
    if not change:
        return Scope()
    # Which rows depend on the change is unknown here, so all of them are rebuilt.
    if build.replaces == "all" or upstream.reads == "all" or change.whole:
        return WHOLE
    if change.keys:
        return WHOLE  # the days of those keys are unknown, and so are the keys that their rows had before
    if build.replaces == "keys":
        return _affected_keys(table, upstream, change.days)
    if upstream.reads == "up_to":
        # A row that is built from all earlier days depends on every day before it.
        days = joined(DayRange(first=one.first, last=None) for one in change.days)
    else:
        # Turned around: a table that reads the day before its own is stale on the day after the change.
        days = widened(change.days, upstream.days_after, upstream.days_before)
    return Scope(days=aligned(days, build.replaces))


def _affected_keys(table: Table, upstream: Upstream, days: tuple[DayRange, ...]) -> Scope:
    """Return the keys that rows of those days have now, and those they had before, which this table still has."""
    now = KeySource(table=upstream.table, key=str(upstream.key), days=days)
    before = KeySource(table=table.physical_name, key=str(build_of(table).key), days=days)
    return Scope(keys=(now, before))


def _check_upstreams(tables: Mapping[str, Table]) -> None:
    for name, table in tables.items():
        for upstream in upstreams_of(table):
            source = tables.get(upstream.table)
            if source is None:
                known = ", ".join(sorted(tables))
                raise GraphError(
                    f"{name} is built from {upstream.table}, which no contract describes; there are: {known}."
                )
            if upstream.reads != "all" and source.event_time is None:
                raise GraphError(
                    f"{name} reads some rows of {upstream.table}, whose contract names no cartlake.eventTime: "
                    "name it there, or read all of it."
                )
            if upstream.key is not None and upstream.key not in {column.name for column in source.columns}:
                raise GraphError(f"{name} reads {upstream.table} by {upstream.key}, which is not a column of it.")


def days_read(upstream: Upstream, scope: Scope) -> tuple[DayRange, ...]:
    """Return the days of an upstream's rows that are read to build a scope of days."""
    if scope.whole or upstream.reads == "all":
        return (ALWAYS,)
    if upstream.reads == "up_to":
        return (DayRange(first=None, last=scope.days[-1].last),)
    return widened(scope.days, upstream.days_before, upstream.days_after)


def parent_of(tables: Mapping[str, Table], reference: Reference) -> Table:
    """Return the table a reference points to. Raises GraphError when no contract describes it, or its column."""
    for table in tables.values():
        if table.bare_name == reference.parent and reference.parent_column in {c.name for c in table.columns}:
            return table
    raise GraphError(
        f"{reference.column} refers to {reference.parent}.{reference.parent_column}, which no contract describes."
    )


def _check_references(tables: Mapping[str, Table]) -> None:
    for table in tables.values():
        for reference in table.references:
            parent_of(tables, reference)


def _check_currencies(tables: Mapping[str, Table]) -> None:
    """Raise GraphError for two reporting currencies: readers would add amounts of both."""
    found = _currencies(tables)
    if len(set(found.values())) > 1:
        said = ", ".join(f"{name}: {currency}" for name, currency in sorted(found.items()))
        raise GraphError(f"A lake has one reporting currency, and cartlake.build.currency names several: {said}.")


def _currencies(tables: Mapping[str, Table]) -> dict[str, str]:
    """Return the reporting currencies that contracts name, by table."""
    return {name: table.build.currency for name, table in tables.items() if table.build and table.build.currency}


def build_of(table: Table) -> Build:
    """Return how the table is built. Raises TerminalError for a table that is loaded from files."""
    if table.build is None:
        raise TerminalError(f"{table.physical_name} is not built from others: it is loaded from files.")
    return table.build


def upstreams_of(table: Table) -> Sequence[Upstream]:
    """Return what the table is built from; empty for a table that is loaded from files."""
    return table.build.upstreams if table.build else ()


def _listed(ranges: Iterable[DayRange]) -> str:
    return ", ".join(map(str, ranges))


__all__ = [
    "PERIODS",
    "WHOLE",
    "Graph",
    "GraphError",
    "KeySource",
    "Scope",
    "StaleTable",
    "build_of",
    "days_read",
    "parent_of",
]
