"""Three diagrams of the lake: its model, the flow of its data, and the lineage of one table."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from data_catalog.drawing import Card, Diagram, Join
from data_catalog.lineage import ColumnName
from data_catalog.model import Catalog, Entry, Query

LEGEND = {
    "raw": "files",
    "processed": "processed",
    "curated": "curated",
    "masked": "masked",
    "query": "named query",
}


def table_link(name: str) -> str:
    """The place of a table in the page."""
    return f"#/table/{name}"


def query_link(name: str) -> str:
    """The place of a named query or a view in the page."""
    return f"#/query/{name}"


def model_diagram(catalog: Catalog) -> Diagram:
    """Return facts left of the dimensions they refer to, and marts that only refer to dimensions right of them."""
    entries = {entry.name: entry for entry in catalog.entries if _in_model(entry, catalog)}
    refers = {name: _parents(entry) & set(entries) for name, entry in entries.items()}
    dimensions = {name for name in entries if not refers[name]}
    referred_to = set[str]().union(*refers.values())
    marts = {name for name in entries if refers[name] and refers[name] <= dimensions and name not in referred_to}
    keys = {c.refers_to for entry in entries.values() for c in entry.columns if c.refers_to}
    joins = [
        Join(parent, name, target_row, source_row, arrow="start")
        if name in marts
        else Join(name, parent, source_row, target_row)
        for name, entry in entries.items()
        for parent, source_row, target_row in _references(entry, entries, keys)
    ]
    return Diagram(
        "The curated model",
        "Tables with their primary keys (PK) and the columns that refer to another table (FK), where arrows point.",
        [_model_card(entry, keys) for entry in entries.values()],
        joins,
        {kind: LEGEND[kind] for kind in ("processed", "curated")},
        1.4,
    )


def flow_diagram(catalog: Catalog) -> Diagram:
    """Return files, the tables made of them, the tables made of those, and the named queries that read them."""
    entries = [entry for entry in catalog.entries if entry.table.database != "ops"]
    shown = {entry.name for entry in entries}
    queries = [query for query in catalog.queries if query.kind == "named query" and shown & set(query.reads)]
    return Diagram(
        "The flow of data",
        "From files to the tables that are made of them, and the named queries that read them.",
        [*_table_cards(entries), *(_query_card(query) for query in queries)],
        [
            *_table_joins(entries),
            *(Join(table, f"query {query.name}") for query in queries for table in query.reads if table in shown),
        ],
        LEGEND,
        0.6,
    )


def lineage_diagram(catalog: Catalog, name: str) -> Diagram:
    """Return the tables and files that one table is made of, and the tables and queries that are made of it."""
    entries = {entry.name: entry for entry in catalog.entries}
    above = _reached(name, {one: entry.built_from for one, entry in entries.items()})
    below = _reached(name, {one: entry.used_by for one, entry in entries.items()})
    kept = [entry for entry in catalog.entries if entry.name in above | below | {name}]
    queries = [query for query in catalog.queries if query.name in entries[name].queries]
    return Diagram(
        f"Lineage of {name}",
        "What it is made of, to the left; what is made of it, to the right.",
        [*_table_cards(kept, here=name), *(_query_card(query) for query in queries)],
        [*_table_joins(kept), *(Join(name, f"query {query.name}") for query in queries)],
    )


def _table_cards(entries: Iterable[Entry], here: str = "") -> Iterator[Card]:
    for entry in entries:
        link, contract = table_link(entry.name), entry.contract
        if entry.files:
            yield Card(f"file {entry.name}", f"{contract.name}/", "raw", link, about=entry.files, end="first")
        database = entry.table.database
        yield Card(entry.name, entry.table.bare_name, database, link, about=contract.purpose, here=entry.name == here)


def _query_card(query: Query) -> Card:
    return Card(f"query {query.name}", query.name, "query", query_link(query.name), about=query.about, end="last")


def _table_joins(entries: Collection[Entry]) -> Iterator[Join]:
    shown = {entry.name for entry in entries}
    for entry in entries:
        if entry.files:
            yield Join(f"file {entry.name}", entry.name)
        yield from (Join(upstream, entry.name) for upstream in entry.built_from if upstream in shown)


def _in_model(entry: Entry, catalog: Catalog) -> bool:
    """Curated tables, and those of other zones that they refer to or that refer to one of them."""
    if entry.table.database == "curated":
        return True
    return bool(entry.built_from) and any(
        parent.startswith("curated.") or catalog.entry(parent).built_from for parent in _parents(entry)
    )


def _parents(entry: Entry) -> set[str]:
    return {column.refers_to.table for column in entry.columns if column.refers_to}


def _references(
    entry: Entry, entries: Mapping[str, Entry], keys: Collection[ColumnName]
) -> Iterator[tuple[str, str | None, str | None]]:
    for column in entry.columns:
        if column.refers_to and column.refers_to.table in entries:
            parent = entries[column.refers_to.table]
            rows = [_key_row(entry, column.column.name, keys), _key_row(parent, column.refers_to.column, keys)]
            yield parent.name, rows[0], rows[1]


def _key_row(entry: Entry, column: str, keys: Collection[ColumnName]) -> str | None:
    """The row of a column in its card; None when it has none, so that a line ends at the title."""
    found = next((c for c in entry.columns if c.column.name == column), None)
    if found is None:
        return None
    marks = ("PK" if found.column.primary_key else "  ", "FK" if found.refers_to else "  ")
    shown = any(mark.strip() for mark in marks) or ColumnName(entry.name, column) in keys
    return f"{' '.join(marks)} {column}" if shown else None


def _model_card(entry: Entry, keys: Collection[ColumnName]) -> Card:
    rows = [row for c in entry.columns if (row := _key_row(entry, c.column.name, keys)) is not None]
    rest = len(entry.columns) - len(rows)
    rows = [*rows, f"      and {rest} more"] if rest else rows
    table = entry.table
    return Card(entry.name, table.bare_name, table.database, table_link(entry.name), rows, table.grain)


def _reached(name: str, steps: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for one in steps[waiting.pop()]:
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found
