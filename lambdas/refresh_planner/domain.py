"""Which tables a refresh rebuilds: the changes of many runs together, and each table once."""

from collections.abc import Iterable, Sequence

from cartlake.contracts import Table
from cartlake.errors import TerminalError
from cartlake.ledger import StaleMark
from cartlake.refresh.graph import WHOLE, Graph, Scope, StaleTable, build_of


def changed(graph: Graph, marks: Iterable[StaleMark]) -> dict[str, Scope]:
    """Return the scope of the marks by table; a table that no contract describes any more is ignored."""
    changes: dict[str, Scope] = {}
    for mark in marks:
        if mark.table in graph.tables:
            changes[mark.table] = changes.get(mark.table, Scope()) | mark.scope
    return changes


def involved(graph: Graph, tables: Iterable[StaleTable]) -> list[Table]:
    """Return the tables that a refresh of these rebuilds or reads, each once."""
    built = [graph.table(stale.table) for stale in tables]
    read = [graph.tables[upstream.table] for table in built for upstream in build_of(table).upstreams]
    return list({table.physical_name: table for table in (*built, *read)}.values())


def total(sizes: Iterable[int | None]) -> int | None:
    """Return the sum of the sizes, None if one is not known."""
    known = list(sizes)
    return None if None in known else sum(size for size in known if size is not None)


def checked_tables(graph: Graph, names: Sequence[str]) -> tuple[StaleTable, ...]:
    """Return these tables, whole, each on its own. Raises TerminalError for a name that is not built from others."""
    if not names:
        raise TerminalError("A check names the tables to compare; it named none.")
    return tuple(StaleTable(table=graph.table(name).physical_name, scope=WHOLE) for name in names)
