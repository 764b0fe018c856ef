"""What a change of a table does to those who read it: named queries, views, and tables that are built from it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cartlake import contracts
from cartlake_cli.athena.columns_read import ColumnUse, UnreadableSqlError
from cartlake_cli.contracts.readers import built_from, readers_of

if TYPE_CHECKING:
    from cartlake_cli.migrations.changes import TableChange

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_OF_COLUMNS: Final = ("drop_column", "promote_type", "make_optional", "rename_column", "restore_column", "refuse")
_OF_LAYOUT: Final = ("change_partitions", "change_sort_order")

Readers = Mapping[ColumnUse, list[str]]


def rows(root: Path, changes: Sequence["TableChange"], physical: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row per change, for people and for JSON. `physical` maps tables to the names contracts give them."""
    if not any(change.action in (*_OF_COLUMNS, *_OF_LAYOUT) for change in changes):
        return [_row(change, []) for change in changes]
    former: dict[str, list[str]] = {}
    for change in changes:
        former.setdefault(physical[change.table], []).extend(_columns(change))
    try:
        readers = readers_of(root, contracts.load_all(), former)
    except UnreadableSqlError as error:  # the plan matters more, and the query's own test names the fault
        return [_row(change, [f"not known: {error}"] if _columns(change) else []) for change in changes]
    return [_row(change, _readers(change, physical[change.table], readers)) for change in changes]


def _readers(change: "TableChange", table: str, readers: Readers) -> list[str]:
    columns = set(_columns(change))
    queries = {name for use, names in readers.items() if use.table == table and use.column in columns for name in names}
    marts = built_from({table}) if columns and change.action in _OF_COLUMNS else []
    return [*sorted(queries), *marts]


def _columns(change: "TableChange") -> list[str]:
    """The columns a change is about, by their old and their new names."""
    if change.action == "rename_column":
        return [change.target, str(change.before)]
    if change.action == "refuse" and change.advice.startswith("rename:"):
        return [change.target, str(change.before)]
    if change.action in _OF_COLUMNS:
        return [change.target] if _NAME.fullmatch(change.target) else []
    if change.action in _OF_LAYOUT:
        return _NAME.findall(f"{change.before} {change.after}")
    return []


def _row(change: "TableChange", read_by: list[str]) -> dict[str, Any]:
    moved = f"{change.before or '-'} → {change.after or '-'}" if change.before or change.after else ""
    if change.action in ("sync_catalog", "foreign_column"):
        moved = f"{change.before}:"
    return {
        "object": change.table,
        "change": change.action,
        "detail": " ".join(part for part in (change.target, moved, change.advice) if part),
        "old data": change.old_data or None,
        "read by": ", ".join(read_by) or None,
        "target": change.target,
        "before": change.before,
        "after": change.after,
        "breaks readers": change.is_breaking,
    }
