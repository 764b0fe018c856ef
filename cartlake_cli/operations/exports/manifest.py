"""Exports for other systems: the statements that write them, and the manifest that says what is in them."""

# ruff: noqa: S608 - names are those of contracts, conditions are the user's own

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from cartlake.contracts import Column, Table
from cartlake.errors import TerminalError

MANIFEST: Final = "manifest.json"
Format = Literal["parquet", "csv"]
ATHENA_TYPES: Final = {"string": "varchar", "timestamp": "timestamp(3)"}
"""Other types are called alike in Spark and Athena."""


class ExportError(TerminalError):
    """What was asked for cannot or must not be exported. Nothing was announced."""


class Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExportedColumn(Document):
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
    """Written last, in one piece: whoever finds it finds every file it names, whole.

    `snapshot_id` is the version of the table that was read, text because 64 bits do not survive JSON numbers.
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
    """The columns to export, in the order asked for; all that the version has when none is named.

    Raises ExportError for a name that is none of them, and for personal data that nobody said to hand out.
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
            f"--columns {others}, or hand them out on purpose with --with-pii."
        )
    return chosen


def check_whole(name: str, files: Sequence[ExportedFile], rows: int) -> None:
    """Raises ExportError when the rows counted in the files are not those the table has."""
    if (found := sum(file.rows for file in files)) != rows:
        raise ExportError(f"{found} rows were written of {rows} that {name} has. Nothing was announced; try again.")


def described(columns: Sequence[Column], form: Format) -> list[ExportedColumn]:
    return [
        ExportedColumn(name=c.name, type=_exported_type(c, form), description=c.description, pii=c.pii) for c in columns
    ]


def _exported_type(column: Column, form: Format) -> str:
    return ATHENA_TYPES.get(column.type, column.type) if form == "parquet" or not _nested(column) else "json"


def select_sql(columns: Sequence[Column], form: Format, name: str, snapshot: int, where: str | None) -> str:
    """The rows of one version. Times are UTC, to the millisecond: Athena writes no others to plain files."""
    cells = ", ".join(f"{_cell(column, form)} as {column.name}" for column in columns)
    return f"select {cells} from {_source(name, snapshot, where)}"


def count_sql(name: str, snapshot: int, where: str | None) -> str:
    return f"select count(*) from {_source(name, snapshot, where)}"


def unload_sql(select: str, folder: str) -> str:
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
        return f"json_format(cast({name} as json))"
    return name


def _nested(column: Column) -> bool:
    return column.type.startswith(("array", "map", "struct"))
