"""What has to change in an Iceberg table so that built rows are all it holds of some days, or of some keys.

Days: the data files that may hold rows of them are removed, and what they hold of other days is written again, whatever
they are partitioned by. Files that hold no other days, by their statistics, are not read.
Keys: stored rows that changed or are gone get position deletes; rows that stay the same are not touched.
"""

# ruff: noqa: S608 - names and conditions are written here, from contracts and days

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from pyiceberg.expressions.visitors import _StrictMetricsEvaluator

from glue_jobs.engines.duckdb.iceberg.commits import Change
from glue_jobs.engines.duckdb.iceberg.conditions import in_ranges
from glue_jobs.engines.duckdb.iceberg.files import TableFiles
from glue_jobs.engines.duckdb.iceberg.tables import FILE, POSITION, Scan, head_of, scan
from glue_jobs.transforms.scopes import in_ranges_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Table
    from cartlake.refresh.day_ranges import DayRange
    from glue_jobs.engines.duckdb.session import Session
from glue_jobs.engines.duckdb.types import quoted

_NUMBERS: Final = count()


def of_days(session: Session, loaded: IcebergTable, table: Table, days: Sequence[DayRange], rows: str) -> Change:
    """Return the change that makes `rows` all the table holds of these days; its files are uploaded."""
    held = scan(loaded, head_of(loaded), in_ranges(table, days))
    query = f"select * from {rows}"
    if rest := _rest(held, table, days):
        query = f"{query} union all by name {rest}"
    return Change(added=TableFiles(session, loaded).write_rows(query), removed=list(held.files))


def _rest(held: Scan, table: Table, days: Sequence[DayRange]) -> str | None:
    """The query of the rows of other days in the files; None when their statistics say that there are none."""
    expression = in_ranges(table, days)
    if expression is None:
        return None
    only = _StrictMetricsEvaluator(held.schema, expression).eval
    mixed = [file for file in held.files if not only(file)]
    if not mixed:
        return None
    rest = Scan(held.schema, mixed, held.deletes)
    return f"select * from ({rest.sql()}) where not coalesce({in_ranges_sql(table, days)}, false)"


def of_keys(session: Session, loaded: IcebergTable, table: Table, keys: str, rows: str) -> Change:
    """Return the change that makes `rows` all the table holds of the keys; its files are uploaded."""
    held = scan(loaded, head_of(loaded))
    number = next(_NUMBERS)
    stored, replaced = f"stored_of_keys_{number}", f"replaced_of_keys_{number}"
    [(key, *_)] = session.rows(f"describe {keys}")
    session.execute(
        f"create temp table {stored} as select * from ({held.sql(positions=True)}) "
        f"semi join {keys} using ({quoted(key)})"
    )
    same_row = _equal([column.name for column in table.file_columns])
    session.execute(
        f"create temp table {replaced} as select {FILE} as file_path, {POSITION} as pos from {stored} as t "
        f"where not exists (select 1 from {rows} as s where {same_row})"
    )
    try:
        return at_places(session, loaded, held, replaced, _new_rows(loaded, table, stored, rows, same_row))
    finally:
        session.execute(f"drop table {stored}; drop table {replaced}")


def _new_rows(loaded: IcebergTable, table: Table, stored: str, rows: str, same_row: str) -> str:
    """The query of the rows that are new or changed. Columns that no contract has keep the values of their key."""
    known = {column.name for column in table.columns}
    foreign = [quoted(field.name) for field in loaded.schema().fields if field.name not in known]
    kept = "".join(f", t.{name}" for name in foreign)
    same_key = _equal(table.primary_key)
    return (
        f"select s.*{kept} from {rows} as s left join {stored} as t on {same_key} "
        f"where not exists (select 1 from {stored} as t where {same_row})"
    )


def at_places(  # noqa: PLR0913, PLR0917 - a table, what leaves it, and what comes
    session: Session, loaded: IcebergTable, held: Scan, replaced: str, rows: str | None, among: str | None = None
) -> Change:
    """Return the change that deletes the rows at some places and adds those of a query; its files are uploaded.

    `replaced` names a DuckDB table with the columns `file_path` and `pos`, of rows of the scan `held` of `loaded`.
    `among` is as in `TableFiles.write_rows`.
    """
    maker = TableFiles(session, loaded)
    paths = {str(path) for (path,) in session.rows(f"select distinct file_path from {replaced}")}
    files = {file.file_path: file for file in held.files if file.file_path in paths}
    deletes = maker.write_deletes(replaced, files) if files else []
    return Change(added=maker.write_rows(rows, among) if rows else [], deletes=deletes, deleted_from=frozenset(files))


def _equal(names: Sequence[str]) -> str:
    return " and ".join(f"t.{quoted(name)} is not distinct from s.{quoted(name)}" for name in names)
