"""Where the keys of a batch stand in the whole table: only key and event time are read, of files that may hold them."""

# ruff: noqa: S608 - names are written here, from contracts

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from pyiceberg.expressions import And, GreaterThanOrEqual, LessThanOrEqual

from glue_jobs.engines.duckdb.iceberg.tables import FILE, POSITION
from glue_jobs.transforms.scopes import event_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyiceberg.expressions import BooleanExpression

    from cartlake.contracts import Table
    from glue_jobs.engines.duckdb.iceberg.tables import Scan
    from glue_jobs.engines.duckdb.session import Session
from glue_jobs.engines.duckdb.types import quoted

_COMPARED: Final = frozenset({"string", "int", "bigint", "date"})
"""Types whose values PyIceberg's expressions take as DuckDB returns them."""


def columns_read(table: Table) -> list[str]:
    """Return the columns that the search for keys reads."""
    return list(dict.fromkeys([*table.primary_key, event_column(table)[0]]))


def between_keys(session: Session, rows: str, table: Table) -> BooleanExpression | None:
    """Return the bounds of the keys of the rows as a condition that leaves out files; None for no rows or no bounds."""
    columns = [name for name in table.primary_key if table.column(name).type in _COMPARED]
    if not columns:
        return None
    ends = ", ".join(f"min({quoted(name)}), max({quoted(name)})" for name in columns)
    [found] = session.rows(f"select {ends} from {rows}")
    if None in found:
        return None
    pairs = zip(columns, found[::2], found[1::2], strict=True)
    return reduce(And, [_between(*pair) for pair in pairs])


def _between(column: str, least: Any, most: Any) -> BooleanExpression:
    least, most = (str(value) if hasattr(value, "isoformat") else value for value in (least, most))
    return And(GreaterThanOrEqual(term=column, value=least), LessThanOrEqual(term=column, value=most))


def moved_sql(held: Scan, rows: str, table: Table) -> str:
    """Return a query of the rows whose key stands on another day in the scan: key, `day` and `stored_day`.

    Deleted rows are left out last: then there are as few to look up among the deletes as there are keys.
    """
    event, _ = event_column(table)
    same = " and ".join(f"t.{quoted(key)} = s.{quoted(key)}" for key in table.primary_key)
    keys = ", ".join(f"s.{quoted(key)}" for key in table.primary_key)
    day, stored_day = (f"{side}.{quoted(event)}::date" for side in "st")
    found = (
        f"select {keys}, {day} as day, {stored_day} as stored_day, t.{FILE}, t.{POSITION} "
        f"from ({held.sql(positions=True, columns=columns_read(table), deleted=True)}) as t join {rows} as s on {same} "
        f"where {day} <> {stored_day}"
    )
    return f"select * exclude ({FILE}, {POSITION}) from ({found}) as f{held.undeleted(f'f.{FILE}', f'f.{POSITION}')}"


def bytes_of(held: Scan, columns: Sequence[str]) -> int:
    """Return the bytes that these columns have in the data files; the whole file where its metadata does not say."""
    fields = [held.schema.find_field(name).field_id for name in columns]
    return sum(_bytes_in(file.column_sizes or {}, fields, file.file_size_in_bytes) for file in held.files)


def _bytes_in(sizes: dict[int, int], fields: Sequence[int], whole: int) -> int:
    return sum(sizes[field] for field in fields) if all(field in sizes for field in fields) else whole
