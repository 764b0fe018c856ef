"""A maintenance report as a table with values before → after."""

from collections.abc import Iterable, Mapping
from typing import Any

MAINTAINED = ["table", "outcome", "done", "files", "MB", "deleted rows", "snapshots", "seconds", "reason"]


def maintenance_rows(tables: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each table of a maintenance report; `tables` are as in its JSON."""
    return [
        {
            "table": table["table"],
            "outcome": table["outcome"],
            "done": ", ".join(done["action"] for done in table["done"]) or None,
            "files": _change(table, "data_files"),
            "MB": _change(table, "size", 1e6),
            "deleted rows": _change(table, "deleted_rows"),
            "snapshots": _change(table, "snapshots"),
            "seconds": table["seconds"],
            "reason": table["reason"] or None,
        }
        for table in tables
    ]


def _change(table: Mapping[str, Any], number: str, unit: float = 1) -> str | None:
    before, after = ((table[side] or {}).get(number) for side in ("before", "after"))
    if before is None or after is None:
        return None
    shown = [f"{value / unit:,.2f}" if unit != 1 else f"{value:,}" for value in (before, after)]
    return " → ".join(shown) if before != after else shown[0]
