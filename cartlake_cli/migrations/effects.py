"""Who reads the columns that a change of a table is about: named queries, views, and tables built from the table."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cartlake import contracts
from cartlake_cli.athena.columns_read import ColumnUse, UnreadableSqlError
from cartlake_cli.contracts.readers import built_from, readers_of

if TYPE_CHECKING:
    from cartlake_cli.migrations.changes import TableChange

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_OF_COLUMNS: Final = ("drop_column", "promote_type", "make_optional", "rename_column", "restore_column", "refuse")
_OF_LAYOUT: Final = ("change_partitions", "change_sort_order")

Readers = Mapping[ColumnUse, list[str]]


def affected_readers(
    root: Path, changes: Sequence["TableChange"], physical: Mapping[str, str]
) -> list[tuple["TableChange", list[str]]]:
    """Return each change with the names of the queries, views and built tables that read the changed columns.

    `root` is the checkout, whose SQL files are read. `physical` maps the names of tables in the catalog to those in
    contracts. Where a query cannot be read, the readers are one text that says so, and nothing is raised.
    """
    if not any(change.action in (*_OF_COLUMNS, *_OF_LAYOUT) for change in changes):
        return [(change, []) for change in changes]
    # A dropped or renamed column is in no contract any more, and queries may still read it.
    former: dict[str, list[str]] = {}
    for change in changes:
        former.setdefault(physical[change.table], []).extend(_columns(change))
    try:
        readers = readers_of(root, contracts.load_all(), former)
    except UnreadableSqlError as error:  # the plan matters more, and the query's own test names the fault
        return [(change, [f"not known: {error}"] if _columns(change) else []) for change in changes]
    return [(change, _readers(change, physical[change.table], readers)) for change in changes]


def _readers(change: "TableChange", table: str, readers: Readers) -> list[str]:
    columns = set(_columns(change))
    queries = {name for use, names in readers.items() if use.table == table and use.column in columns for name in names}
    marts = built_from({table}) if columns and change.action in _OF_COLUMNS else []
    return [*sorted(queries), *marts]


def _columns(change: "TableChange") -> list[str]:
    """Return the columns a change is about, by their old and their new names."""
    if change.action == "rename_column":
        return [change.target, str(change.before)]
    if change.action == "refuse" and change.advice.startswith("rename:"):
        return [change.target, str(change.before)]
    if change.action in _OF_COLUMNS:
        return [change.target] if _NAME.fullmatch(change.target) else []
    if change.action in _OF_LAYOUT:
        return _NAME.findall(f"{change.before} {change.after}")
    return []
