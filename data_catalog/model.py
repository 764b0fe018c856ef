"""The catalog: every table with its contract, lineage and readers, every query and view."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cartlake import contracts
from cartlake.contracts import Column, Contract, Table
from cartlake.queries.named_queries import NamedQuery
from cartlake.refresh.graph import Graph, parent_of, upstreams_of
from cartlake_cli.athena import views
from cartlake_cli.athena.columns_read import ColumnUse
from cartlake_cli.contracts.readers import readers_of
from data_catalog.lineage import ColumnName, Sources, column_sources

QUERIES = "athena_queries"
ZONES = {
    "raw": "files as they were dropped",
    "processed": "conformed, checked, deduplicated",
    "curated": "marts",
    "masked": "without personal data",
    "ops": "runs, quality and quarantine of the lake itself",
}


@dataclass(frozen=True)
class Query:
    """A named query or a view. `reads` are the tables its rows come from, through views too."""

    name: str
    kind: str
    about: str
    grain: str
    owner: str
    parameters: tuple[str, ...]
    scans: str
    sql: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class ColumnEntry:
    """A column, the columns it is computed from (`sources`), those computed from it, and the queries that read it."""

    column: Column
    sources: tuple[ColumnName, ...]
    used_by: tuple[ColumnName, ...]
    readers: tuple[str, ...]
    refers_to: ColumnName | None


@dataclass(frozen=True)
class Entry:
    """A table, the tables it is built from and used by, and the queries that read it."""

    contract: Contract
    table: Table
    columns: tuple[ColumnEntry, ...]
    built_from: tuple[str, ...]
    used_by: tuple[str, ...]
    queries: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.table.physical_name

    @property
    def files(self) -> str | None:
        """Where files of the table are dropped, below the raw bucket; None if none are."""
        loaded = self.contract.droppable and self.table is self.contract.table
        return f"incoming/{self.contract.name}/" if loaded else None

    @property
    def freshness_sla(self) -> str:
        """The freshness SLA in words."""
        hours = self.table.promised_hours
        return "none" if hours is None else f"newest row at most {hours:g} h old"


@dataclass(frozen=True)
class Catalog:
    """Tables in the order they are filled, queries and views by name."""

    entries: tuple[Entry, ...]
    queries: tuple[Query, ...]
    graph: Graph

    def entry(self, name: str) -> Entry:
        """The entry of a table by its physical name. Raises StopIteration if there is none."""
        return next(entry for entry in self.entries if entry.name == name)


def read_catalog(root: Path) -> Catalog:
    """Read the contracts, run the transforms on empty tables, parse the queries. Takes some twenty seconds.

    Raises LineageError for a transform whose SQL cannot be read, ContractError for an invalid contract.
    """
    loaded = contracts.load_all()
    graph = Graph.of(loaded)
    readers = readers_of(root, loaded)
    by_table = {table.physical_name: (contract, table) for contract in loaded for table in contract.tables}
    sources = column_sources(graph)
    order = [*sorted(name for name in by_table if name not in graph.order), *graph.order]
    entries = tuple(_entry(graph, *by_table[name], sources, readers) for name in order)
    return Catalog(entries, tuple(_queries(root, readers)), graph)


def _entry(
    graph: Graph, contract: Contract, table: Table, sources: Sources, readers: Mapping[ColumnUse, list[str]]
) -> Entry:
    name = table.physical_name
    read_by = {reader for use, names in readers.items() if use.table == name for reader in names}
    return Entry(
        contract=contract,
        table=table,
        columns=tuple(_column(graph, table, column, sources, readers) for column in table.columns),
        built_from=tuple(upstream.table for upstream in upstreams_of(table)),
        used_by=tuple(graph.built_from(name)),
        queries=tuple(sorted(read_by)),
    )


def _column(
    graph: Graph, table: Table, column: Column, sources: Sources, readers: Mapping[ColumnUse, list[str]]
) -> ColumnEntry:
    itself = ColumnName(table.physical_name, column.name)
    reference = next((one for one in table.references if one.column == column.name), None)
    parent = parent_of(graph.tables, reference).physical_name if reference else ""
    return ColumnEntry(
        column=column,
        sources=sources.get(itself, ()),
        used_by=tuple(sorted(made for made, of in sources.items() if itself in of)),
        readers=tuple(readers.get(ColumnUse(itself.table, itself.column), ())),
        refers_to=ColumnName(parent, reference.parent_column) if reference else None,
    )


def _queries(root: Path, readers: Mapping[ColumnUse, list[str]]) -> list[Query]:
    texts = {path.stem: path.read_text() for path in sorted((root / QUERIES).glob("*.sql"))}
    view_sql = {f"{view.database}.{view.name}": view.sql for view in views.read_views(root / QUERIES / "views")}
    named = [_query(name, "named query", sql, readers) for name, sql in texts.items()]
    return [*named, *(_query(name, "view", sql, readers) for name, sql in view_sql.items())]


def _query(name: str, kind: str, sql: str, readers: Mapping[ColumnUse, list[str]]) -> Query:
    header = NamedQuery.read(name, sql)
    return Query(
        name=name,
        kind=kind,
        about=header.about,
        grain=header.grain,
        owner=header.owner,
        parameters=tuple(map(str, header.parameters)),
        scans=header.scans,
        sql=sql.strip(),
        reads=tuple(sorted({use.table for use, names in readers.items() if name in names})),
    )
