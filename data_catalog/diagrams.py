"""Three pictures of the lake: its model, the flow of its data, and the lineage of one table."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from data_catalog.lineage import ColumnName
from data_catalog.model import Catalog, Entry
from data_catalog.svg import Card, Diagram, Join

LEGEND = {
    "raw": "files",
    "processed": "processed",
    "curated": "curated",
    "query": "named query",
}


def table_link(name: str) -> str:
    return f"#/table/{name}"


def query_link(name: str) -> str:
    return f"#/query/{name}"


def model_diagram(catalog: Catalog) -> Diagram:
    """FileStats to the left of the dimensions they refer to, marts that only refer to dimensions to the right."""
    entries = {entry.name: entry for entry in catalog.entries if _in_model(entry, catalog)}
    refers = {name: _parents(entry) & set(entries) for name, entry in entries.items()}
    dimensions = {name for name in entries if not refers[name]}
    marts = {
        name
        for name in entries
        if refers[name] and refers[name] <= dimensions and not any(name in parents for parents in refers.values())
    }
    depth = _depths({name: parents for name, parents in refers.items() if name not in marts})
    deepest = max(depth.values())
    column = {name: deepest - place for name, place in depth.items()} | dict.fromkeys(marts, deepest + 1)
    referred = {c.refers_to for entry in entries.values() for c in entry.columns if c.refers_to}
    cards = {name: _model_card(entry, column[name], referred) for name, entry in entries.items()}
    joins = [
        Join(parent, name, target_row, source_row, arrow="start")
        if name in marts
        else Join(name, parent, source_row, target_row)
        for name, entry in entries.items()
        for parent, source_row, target_row in _references(entry, entries, referred)
    ]
    return Diagram(
        "The curated model",
        "Tables with their primary keys (PK) and the columns that refer to another table (FK), where arrows point.",
        list(cards.values()),
        joins,
        {kind: LEGEND[kind] for kind in ("processed", "curated")},
        96.0,
    )


def flow_diagram(catalog: Catalog) -> Diagram:
    """Files, the tables made of them, the tables made of those, and the named queries that read them."""
    entries = [entry for entry in catalog.entries if entry.table.database != "ops"]
    shown = {entry.name for entry in entries}
    queries = [query for query in catalog.queries if query.kind == "named query" and shown & set(query.reads)]
    depth = _depths({entry.name: set(entry.built_from) for entry in entries})
    last = max(depth.values()) + 2
    files = [_file_card(entry) for entry in entries if entry.files]
    tables = [_flow_card(entry, depth[entry.name] + 1) for entry in entries]
    asked = [Card(f"query {q.name}", q.name, last, "query", query_link(q.name), about=q.about) for q in queries]
    joins = [Join(f"file {e.name}", e.name) for e in entries if e.files]
    joins += [Join(upstream, e.name) for e in entries for upstream in e.built_from]
    joins += [Join(table, f"query {q.name}") for q in queries for table in q.reads if table in shown]
    return Diagram(
        "The flow of data",
        "From files to the tables that are made of them, and the named queries that read them.",
        [*files, *tables, *asked],
        joins,
        LEGEND,
        72.0,
    )


def lineage_diagram(catalog: Catalog, name: str) -> Diagram:
    """All that one table is made of, and all that is made of it."""
    entries = {entry.name: entry for entry in catalog.entries}
    above = _reached(name, {one: entry.built_from for one, entry in entries.items()})
    below = _reached(name, {one: entry.used_by for one, entry in entries.items()})
    kept = [entry for entry in catalog.entries if entry.name in above | below | {name}]
    names = {entry.name for entry in kept}
    depth = _depths({entry.name: set(entry.built_from) & names for entry in kept})
    queries = entries[name].queries
    last = max(depth.values()) + 2
    cards = [
        *(_file_card(entry) for entry in kept if entry.files),
        *(_flow_card(entry, depth[entry.name] + 1, here=entry.name == name) for entry in kept),
        *(Card(f"query {q}", q, last, "query", query_link(q)) for q in queries),
    ]
    joins = [Join(f"file {e.name}", e.name) for e in kept if e.files]
    joins += [Join(upstream, e.name) for e in kept for upstream in e.built_from if upstream in names]
    joins += [Join(name, f"query {q}") for q in queries]
    lowest = min(card.column for card in cards)
    moved = [replace(card, column=card.column - lowest) for card in cards]
    about = "What it is made of, to the left; what is made of it, to the right."
    return Diagram(f"Lineage of {name}", about, moved, joins)


def _file_card(entry: Entry) -> Card:
    return Card(
        f"file {entry.name}", f"{entry.contract.name}/", 0, "raw", table_link(entry.name), about=str(entry.files)
    )


def _flow_card(entry: Entry, column: int, *, here: bool = False) -> Card:
    database, link = entry.table.database, table_link(entry.name)
    return Card(entry.name, entry.table.bare_name, column, database, link, about=entry.contract.purpose, here=here)


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
    entry: Entry, entries: Mapping[str, Entry], referred: Collection[ColumnName]
) -> Iterable[tuple[str, str | None, str | None]]:
    for column in entry.columns:
        if column.refers_to and column.refers_to.table in entries:
            parent = entries[column.refers_to.table]
            rows = [_key_row(entry, column.column.name, referred), _key_row(parent, column.refers_to.column, referred)]
            yield parent.name, rows[0], rows[1]


def _key_row(entry: Entry, column: str, referred: Collection[ColumnName]) -> str | None:
    """The row of a column in its card; None when it has none, so that a line ends at the title."""
    found = next((c for c in entry.columns if c.column.name == column), None)
    if found is None:
        return None
    marks = ("PK" if found.column.primary_key else "  ", "FK" if found.refers_to else "  ")
    shown = any(mark.strip() for mark in marks) or ColumnName(entry.name, column) in referred
    return f"{' '.join(marks)} {column}" if shown else None


def _model_card(entry: Entry, column: int, referred: Collection[ColumnName]) -> Card:
    rows = [row for c in entry.columns if (row := _key_row(entry, c.column.name, referred)) is not None]
    rest = len(entry.columns) - len(rows)
    about, link = entry.table.grain, table_link(entry.name)
    rows = [*rows, f"      and {rest} more"] if rest else rows
    return Card(entry.name, entry.table.bare_name, column, entry.table.database, link, rows, about)


def _depths(above: Mapping[str, set[str]]) -> dict[str, int]:
    """How many steps each name is from one that has nothing above it, the longest way."""
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = max((1 + depth(one) for one in sorted(above[name]) if one in above), default=0)
        return depths[name]

    return {name: depth(name) for name in above}


def _reached(name: str, steps: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for one in steps[waiting.pop()]:
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found
