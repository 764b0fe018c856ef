"""What has to change in an Iceberg table for the rows of a batch: merged by version, replaced, or superseded.

Each function returns the change to commit; the files it adds are uploaded. `held` is a scan of the version that the
change is about, of all files that may hold the rows.
"""

# ruff: noqa: S608 - names and conditions are written here, from contracts, days and run ids

from __future__ import annotations

from typing import TYPE_CHECKING

from glue_jobs.engines.duckdb.iceberg.commits import Change
from glue_jobs.engines.duckdb.iceberg.conditions import on_sql
from glue_jobs.engines.duckdb.iceberg.files import TableFiles
from glue_jobs.engines.duckdb.iceberg.tables import FILE, POSITION, Scan, head_of, scan
from glue_jobs.engines.duckdb.replacing import at_places
from glue_jobs.transforms.file_rows.versions import newer, newer_version, same_key
from glue_jobs.transforms.scopes import event_column, in_days_sql

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Table
    from glue_jobs.engines.duckdb.session import Session
from glue_jobs.engines.duckdb.types import quoted


def of_new_rows(session: Session, loaded: IcebergTable, rows: str) -> Change:
    """Add rows."""
    query = f"select * from {rows}"
    return Change(added=TableFiles(session, loaded).write_rows(query, among=query))


def of_versions(  # noqa: PLR0913, PLR0917 - a table, its rows of some days, and a batch
    session: Session, loaded: IcebergTable, held: Scan, rows: str, table: Table, days: Collection[date]
) -> Change:
    """Add the rows of a batch, instead of older versions of the same keys; those of newer ones are left out."""
    stored = _stored_versions(session, held, rows, table, days)
    if stored is None:
        return of_new_rows(session, loaded, rows)
    replaced = session.table_of(f"select file_path, pos from {stored} where loses", "replaced")
    same = same_key(table)
    kept = f"select s.* from {rows} as s where not exists (select 1 from {stored} as t where {same} and not t.loses)"
    return at_places(session, loaded, held, replaced, kept, f"select * from {rows}")


def _stored_versions(session: Session, held: Scan, rows: str, table: Table, days: Collection[date]) -> str | None:
    """Find the stored rows of the keys of a batch: key, `file_path`, `pos`, and whether it `loses`; None for none.

    Most are decided by their versions, so that only keys, versions and event times are read. All columns are read of
    the files that have rows of the same version.
    """
    same, keys = same_key(table), ", ".join(f"t.{quoted(key)}" for key in table.primary_key)
    event, _ = event_column(table)
    narrow = held.sql(positions=True, columns={*table.primary_key, event, str(table.version_column)})
    stored = session.table_of(
        f"select {keys}, t.{FILE} as file_path, t.{POSITION} as pos, {newer_version(table)} as loses "
        f"from ({narrow}) as t join {rows} as s on {same} where {in_days_sql(table, days, 't.')}",
        "stored",
    )
    [(known, decided)] = session.rows(f"select count(*), count(loses) from {stored}")
    if known == decided:
        return stored if known else None
    tied = {path for (path,) in session.rows(f"select distinct file_path from {stored} where loses is null")}
    wins = newer(table, dialect="duckdb")
    wide = Scan(held.schema, [file for file in held.files if file.file_path in tied], held.deletes)
    return session.table_of(
        f"select * from {stored} where loses is not null union all "
        f"select {keys}, t.{FILE}, t.{POSITION}, {wins} from ({wide.sql(positions=True)}) as t "
        f"join {rows} as s on {same} semi join (from {stored} where loses is null) as n "
        f"on n.file_path = t.{FILE} and n.pos = t.{POSITION}",
        "stored",
    )


def of_same_keys(  # noqa: PLR0913, PLR0917 - a table, its rows, and what becomes of them
    session: Session, loaded: IcebergTable, held: Scan, changed: str, gone: str, table: Table
) -> Change:
    """Replace the stored rows of the keys in `changed` by its rows, and remove those of the keys in `gone`."""
    listed = ", ".join(quoted(key) for key in table.primary_key)
    replaced = session.table_of(
        f"select {FILE} as file_path, {POSITION} as pos from ({held.sql(positions=True)}) semi join "
        f"(select {listed} from {changed} union all select {listed} from {gone}) using ({listed})",
        "replaced",
    )
    return at_places(session, loaded, held, replaced, f"select * from {changed}")


def of_condition(session: Session, loaded: IcebergTable, where: str, rows: str | None) -> Change:
    """Replace the rows that meet a condition by others, or by none."""
    held = scan(loaded, head_of(loaded), on_sql(where))
    replaced = session.table_of(
        f"select {FILE} as file_path, {POSITION} as pos from ({held.sql(positions=True)}) where {where}", "replaced"
    )
    return at_places(session, loaded, held, replaced, None if rows is None else f"select * from {rows}")


def of_superseded(session: Session, loaded: IcebergTable, dataset: str, run_id: str, file_ids: Sequence[str]) -> Change:
    """Mark quarantined rows of files that a run has loaded anew: those of earlier runs as superseded, its own not."""
    files = ", ".join(f"'{file_id}'" for file_id in file_ids)
    where = f"dataset = '{dataset}' and file_id in ({files})"
    ours = f"dataset = '{dataset}' and run_id = '{run_id}'"
    held = scan(loaded, head_of(loaded), on_sql(where))
    touched = session.table_of(
        f"select *, ({ours}) as _ours from ({held.sql(positions=True)}) where {where} and "
        f"(({ours} and superseded_by = '{run_id}') or (not ({ours}) and superseded_by is null))",
        "touched",
    )
    replaced = session.table_of(f"select {FILE} as file_path, {POSITION} as pos from {touched}", "replaced")
    rows = (
        f"select * exclude (_ours, {FILE}, {POSITION}) replace ("
        f"case when _ours then null else '{run_id}' end as superseded_by, "
        f"case when _ours then superseded_at else now() end as superseded_at) from {touched}"
    )
    return at_places(session, loaded, held, replaced, rows)
