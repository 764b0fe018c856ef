"""What the page Explore reads: each mart as a Parquet file, without columns about people, and an index of them."""

# ruff: noqa: S608 - names are those of contracts

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from cartlake.contracts.rules.sql import text_literal
from cartlake.times import stamp
from glue_jobs.engines.duckdb.types import quoted
from lambdas.tile_writer.domain import shown_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from cartlake.contracts import Table
    from glue_jobs.engines.duckdb.session import Session
    from lambdas.tile_writer.domain import Source

DATABASE: Final = "curated"

MAX_ROWS: Final = 1_000_000
"""Of one table: a browser holds a table in memory as a whole."""

MAX_BYTES: Final = 32_000_000
"""Of one file, compressed: ten seconds at 25 Mbit/s."""

FORMAT: Final = 1
"""How files are written. A file of another format is written anew, also where its table did not change."""

_SCALARS: Final = re.compile(r"BOOLEAN|(TINY|SMALL|BIG)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|DATE|VARCHAR")
_NESTED: Final = re.compile(r".*\[\d*\]|STRUCT\(.*|MAP\(.*", re.DOTALL)
_ZONED: Final = "TIMESTAMP WITH TIME ZONE"


class Model(BaseModel):
    """A part of the index."""

    model_config = ConfigDict(frozen=True)


class ExportedColumn(Model):
    """A column of a file. `type` is DuckDB's; a nested one is stored as text, which casts to it."""

    name: str
    type: str
    about: str


class ExportedTable(Model):
    """A file, and the version of its table. `file` is a name beside the index, `bytes` the size of the file."""

    table: str
    about: str
    file: str
    rows: int
    bytes: int
    contract_version: str | None
    snapshot_id: str | None
    written_at: str | None
    promised_hours: float | None
    columns: tuple[ExportedColumn, ...]


class LeftOut(Model):
    """A mart without a file, and why."""

    table: str
    why: str


class ExploreIndex(Model):
    """What the page reads first."""

    format: int
    run_id: str
    written_at: str
    tables: tuple[ExportedTable, ...]
    left_out: tuple[LeftOut, ...]

    def unchanged(self, source: Source) -> ExportedTable | None:
        """Return the file of a table where it is still of the newest version."""
        for table in self.tables if self.format == FORMAT else ():
            versions = (table.snapshot_id, table.contract_version)
            if table.table == source.table and versions == (source.snapshot_id, source.contract_version):
                return table
        return None


def export(
    session: Session,
    tables: Iterable[Table],
    sources: Mapping[str, Source],
    before: ExploreIndex | None,
    upload: Callable[[str, Path], None],
) -> tuple[list[ExportedTable], list[LeftOut]]:
    """Write a file for each mart that may have one and is not of `before`; returns all files, and what has none.

    `session` has a view of each mart without the columns that its contract classifies; `upload` stores a file.
    """
    written, left_out = [], []
    for table in sorted(tables, key=lambda table: table.physical_name):
        if table.database != DATABASE:
            continue
        source = sources[table.physical_name]
        if why := reason_to_leave_out(table, source):
            left_out.append(LeftOut(table=table.physical_name, why=why))
        elif before and (known := before.unchanged(source)):
            written.append(known)
        else:
            made = _export(session, table, source, upload)
            if isinstance(made, ExportedTable):
                written.append(made)
            else:
                left_out.append(made)
    return written, left_out


def reason_to_leave_out(table: Table, source: Source) -> str | None:
    """Return why a mart has no file, None for one that gets a file."""
    hidden = [name for name in table.primary_key if name not in shown_columns(table)]
    if hidden:
        return f"Each row is about one person: {', '.join(hidden)} is part of its key."
    if source.snapshot_id is None:
        return "It was never written."
    if (source.rows or 0) > MAX_ROWS:
        return f"It has {source.rows:,} rows, more than the {MAX_ROWS:,} that a browser gets: ask Athena."
    return None


def _export(
    session: Session, table: Table, source: Source, upload: Callable[[str, Path], None]
) -> ExportedTable | LeftOut:
    columns = exported_columns(table, session.columns(table.physical_name))
    name = f"{table.bare_name}.parquet"
    path = session.folder / name
    selected = ", ".join(f"{_value(column)} as {quoted(column.name)}" for column in columns)
    session.execute(
        f"copy (select {selected} from {table.physical_name}) to {text_literal(str(path))} "
        f"(format parquet, compression zstd, kv_metadata {{snapshot_id: {text_literal(str(source.snapshot_id))}}})"
    )
    size = path.stat().st_size
    if size > MAX_BYTES:
        path.unlink()
        why = f"Its file has {size / 1e6:.0f} MB, more than the {MAX_BYTES / 1e6:.0f} that a browser gets: ask Athena."
        return LeftOut(table=table.physical_name, why=why)
    [[rows]] = session.rows(f"select num_rows from parquet_file_metadata({text_literal(str(path))})")
    upload(name, path)
    path.unlink()
    return ExportedTable(
        table=table.physical_name,
        about=table.description,
        file=name,
        rows=rows,
        bytes=size,
        contract_version=source.contract_version,
        snapshot_id=source.snapshot_id,
        written_at=stamp(source.written_at) if source.written_at else None,
        promised_hours=source.promised_hours,
        columns=tuple(columns),
    )


def exported_columns(table: Table, types: Iterable[tuple[str, str]]) -> list[ExportedColumn]:
    """Return the columns of a file: names, the types that the page shows, and what the contract says of them.

    Times become UTC without a zone, because the browser's DuckDB knows no zones. Other types become texts.
    """
    about = {column.name: column.description for column in table.columns}
    return [
        ExportedColumn(
            name=name,
            type=kind.replace(_ZONED, "TIMESTAMP") if _is_kept(kind.replace(_ZONED, "TIMESTAMP")) else "VARCHAR",
            about=about[name],
        )
        for name, kind in types
    ]


def _is_kept(kind: str) -> bool:
    return kind == "TIMESTAMP" or bool(_SCALARS.fullmatch(kind) or _NESTED.fullmatch(kind))


def _value(column: ExportedColumn) -> str:
    value = f"cast({quoted(column.name)} as {column.type})"
    return f"cast({value} as varchar)" if _NESTED.fullmatch(column.type) else value
