"""Which tables a refresh rebuilds: the changes of many runs together, and each table once."""

from collections.abc import Iterable, Sequence

from cartlake.errors import TerminalError
from cartlake.ledger import StaleMark
from cartlake.refresh.graph import WHOLE, Graph, Scope, StaleTable


def changed(graph: Graph, marks: Iterable[StaleMark]) -> dict[str, Scope]:
    """Return the scope of the marks by table; a table that no contract describes any more is ignored."""
    changes: dict[str, Scope] = {}
    for mark in marks:
        if mark.table in graph.tables:
            changes[mark.table] = changes.get(mark.table, Scope()) | mark.scope
    return changes


def checked_tables(graph: Graph, names: Sequence[str]) -> tuple[StaleTable, ...]:
    """Return these tables, whole, each on its own. Raises TerminalError for a name that is not built from others."""
    if not names:
        raise TerminalError("A check names the tables to compare; it named none.")
    return tuple(StaleTable(table=graph.table(name).physical_name, scope=WHOLE) for name in names)
