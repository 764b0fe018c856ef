"""Exports for other systems: the SQL that writes them, and the manifest that describes them."""

# ruff: noqa: S608 - names are those of contracts, conditions are the user's own

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from cartlake.contracts import Column, Table
from cartlake.errors import TerminalError
from cartlake_cli.athena.nested_times import without_zones

MANIFEST: Final = "manifest.json"
Format = Literal["parquet", "csv"]
ATHENA_TYPES: Final = {"string": "varchar", "timestamp": "timestamp(3)"}
"""Types with another name in Athena than in Spark."""


class ExportError(TerminalError):
    """The export is not possible or not allowed. No manifest was written."""


class Document(BaseModel):
    """A part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ExportedColumn(Document):
    """One column. `type` is that of Athena."""

    name: str
    type: str
    description: str
    pii: bool


class ExportedFile(Document):
    """`key` is below the bucket of `uri`; `etag` as S3 gives it, `bytes` as stored."""

    uri: str
    key: str
    bytes: int
    rows: int
    etag: str


class ExportManifest(Document):
    """The manifest. It is written last, so every file it names exists and is complete.

    `snapshot_id` is the version of the table that was read. It is text, because JSON numbers lose digits of 64 bits.
    """

    manifest_version: Literal[1] = 1
    export_id: str
    table: str
    contract_version: str
    snapshot_id: str
    snapshot_at: str
    format: Format
    where: str | None
    columns: list[ExportedColumn]
    primary_key: list[str]
    rows: int
    files: list[ExportedFile]
    started_at: str
    finished_at: str


def chosen_columns(table: Table, names: Sequence[str], stored: Sequence[str], *, with_pii: bool) -> list[Column]:
    """Return the columns to export, in the order of `names`; all that the version has when there are no names.

    Raises ExportError for an unknown name, and for personal data without `with_pii`.
    """
    known = {column.name: column for column in table.columns if column.name in stored}
    if unknown := [name for name in names if name not in known]:
        raise ExportError(f"{table.physical_name} has no column {', '.join(unknown)}. It has: {', '.join(known)}.")
    chosen = [known[name] for name in dict.fromkeys(names or known)]
    personal = [column.name for column in chosen if column.pii]
    if personal and not with_pii:
        others = ",".join(column.name for column in chosen if not column.pii)
        raise ExportError(
            f"{', '.join(personal)} of {table.physical_name} are personal data by contract. Leave them out with "
            f"--columns {others}, or export them on purpose with --with-pii."
        )
    return chosen


def check_whole(name: str, files: Sequence[ExportedFile], rows: int) -> None:
    """Raise ExportError when the files do not have as many rows as the table."""
    if (found := sum(file.rows for file in files)) != rows:
        raise ExportError(f"{found} rows were written, and {name} has {rows}. No manifest was written; try again.")


def described(columns: Sequence[Column], form: Format) -> list[ExportedColumn]:
    """Return the columns as the manifest describes them."""
    return [
        ExportedColumn(name=c.name, type=_exported_type(c, form), description=c.description, pii=c.pii) for c in columns
    ]


def _exported_type(column: Column, form: Format) -> str:
    return ATHENA_TYPES.get(column.type, column.type) if form == "parquet" or not _nested(column) else "json"


def select_sql(columns: Sequence[Column], form: Format, name: str, snapshot: int, where: str | None) -> str:
    """Return SQL of the rows of one version. Times are UTC in milliseconds: Athena writes no finer ones to files."""
    cells = ", ".join(f"{_cell(column, form)} as {column.name}" for column in columns)
    return f"select {cells} from {_source(name, snapshot, where)}"


def count_sql(name: str, snapshot: int, where: str | None) -> str:
    """Return SQL of the number of rows of one version."""
    return f"select count(*) from {_source(name, snapshot, where)}"


def unload_sql(select: str, folder: str) -> str:
    """Return SQL that writes the rows of a select to a folder as Parquet."""
    return f"unload ({select}) to '{folder}' with (format = 'PARQUET', compression = 'SNAPPY')"


def _source(name: str, snapshot: int, where: str | None) -> str:
    condition = f" where {where}" if where else ""
    return f"{name} for version as of {snapshot}{condition}"


def _cell(column: Column, form: Format) -> str:
    name = column.name
    if column.type == "timestamp":
        utc = f"cast({name} at time zone 'UTC' as timestamp(3))"
        return f"to_iso8601({utc}) || 'Z'" if form == "csv" else utc
    if form == "csv" and _nested(column):
        # A CSV has no nested values, so they are written as JSON.
        return f"json_format(cast({name} as json))"
    return without_zones(column) if _nested(column) else name


def _nested(column: Column) -> bool:
    return column.type.startswith(("array", "map", "struct"))
