"""The rows of a sample file as text, in a table of DuckDB: whatever the format, a column is looked at in one way."""

# ruff: noqa: S608 -- names of columns are made here, paths and values are parameters

from __future__ import annotations

import csv
import gzip
import io
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, cast

from cartlake_cli.errors import CommandError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

TABLE: Final = "sample"
KINDS: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}
DELIMITERS: Final = ",;\t|"
_CONVERT: Final = {
    ".xlsx": "Save it as CSV (UTF-8) first.",
    ".xls": "Save it as CSV (UTF-8) first.",
    ".zip": "Unpack it first: `unzip {file}`.",
    ".zst": "Unpack it first: `zstd -d {file}`.",
    ".tsv": "Rename it to .csv: its delimiter is found.",
    ".txt": "Rename it to .csv if it is one: its delimiter is found.",
}
_PARQUET_TYPES: Final = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "TINYINT": "int",
    "SMALLINT": "int",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "DATE": "date",
}
_FIELD: Final = re.compile(r"[a-z_][a-z0-9_]*")
_HEADER_BYTES: Final = 1024**2


@dataclass(frozen=True)
class Source:
    """One column of the file: its name there, its column in the table, and its type where the format says it."""

    header: str
    column: str
    declared: str | None = None
    nested: bool = False


@dataclass(frozen=True)
class Sample:
    """The columns of table `sample`, all varchar, null where a file has no value; and how the file is written."""

    connection: duckdb.DuckDBPyConnection
    sources: tuple[Source, ...]
    kind: str
    delimiter: str = ","
    left_out: int = 0
    """Rows that are malformed."""

    def one(self, query: str) -> tuple[object, ...]:
        """Return the only row of a query."""
        [row] = self.connection.execute(query).fetchall()
        return cast("tuple[object, ...]", row)


def read_sample(file: Path, most_rows: int) -> Sample:
    """Read the first rows of a file. Raises CommandError for one that cannot be read, with what to do."""
    import duckdb  # noqa: PLC0415 -- not needed by other commands, and not installed everywhere

    if not file.is_file():
        raise NotFoundError(f"There is no file {file}.")
    connection = duckdb.connect()
    try:
        return _READERS[kind_of(file)](connection, file, most_rows)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise CommandError(f"{file} cannot be read as {kind_of(file)}: {first}") from error
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{file} is not UTF-8 at byte {error.start}. Convert it: `iconv -f latin1 -t utf-8`."
        ) from error


def kind_of(file: Path) -> str:
    """Return csv, jsonl or parquet by the suffix of a name. Raises CommandError for another one."""
    name = file.name.lower().removesuffix(".gz")
    suffix = f".{name.rpartition('.')[2]}"
    if suffix in KINDS:
        return KINDS[suffix]
    hint = _CONVERT.get(suffix, "Convert it to one of them.").format(file=file.name)
    raise CommandError(f"{file.name}: files are .csv, .jsonl or .parquet, the first two also with .gz. {hint}")


def _csv(connection: duckdb.DuckDBPyConnection, file: Path, most_rows: int) -> Sample:
    text = _beginning(file)
    delimiter = _delimiter(text)
    header = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    sources = tuple(Source(name, f"c{number}") for number, name in enumerate(header))
    if not sources:
        raise CommandError(f"{file} is empty: there is nothing to guess from.")
    columns = ", ".join(f"'{source.column}': 'VARCHAR'" for source in sources)
    options = f"auto_detect = false, header = true, quote = '\"', escape = '\"', columns = {{{columns}}}"
    options += ", store_rejects = true"  # a load quarantines malformed rows too
    query = f"select * from read_csv(?, delim = ?, {options}) limit {most_rows}"
    connection.execute(f"create table {TABLE} as {query}", [str(file), delimiter])
    [(left_out,)] = connection.execute("select count(distinct line) from reject_errors").fetchall()
    return Sample(connection, sources, "csv", delimiter, int(left_out))


def _beginning(file: Path) -> str:
    """Return the beginning of a text without a byte order mark."""
    with cast("IO[bytes]", gzip.open(file) if file.name.lower().endswith(".gz") else file.open("rb")) as stream:
        head = stream.read(_HEADER_BYTES)
    whole = head if len(head) < _HEADER_BYTES else head[: head.rfind(b"\n") + 1]
    return whole.decode("utf-8-sig")


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the first lines into the most columns, as many in each."""
    lines = [line for line in text.splitlines()[:20] if line]

    def columns(delimiter: str) -> tuple[bool, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return len(set(widths)) == 1, widths[0] if widths else 0

    return max(DELIMITERS, key=lambda one: (columns(one)[1] > 1, *columns(one)))


def _jsonl(connection: duckdb.DuckDBPyConnection, file: Path, most_rows: int) -> Sample:
    reader = "read_json(?, format = 'newline_delimited', records = true, maximum_depth = 1, sample_size = -1)"
    connection.execute(f"create temp table objects as select * from {reader} limit {most_rows}", [str(file)])
    names = [str(name) for name, *_ in connection.execute("describe objects").fetchall()]
    whole = connection.sql("select * from read_json(?, format = 'newline_delimited')", params=[str(file)])
    nested_types = dict(zip(whole.columns, whole.types, strict=True))
    sources = []
    cells = []
    for number, name in enumerate(names):
        quoted = '"' + name.replace('"', '""') + '"'
        cells.append(f"nullif({quoted}::json ->> '$', '') as c{number}")
        query = f"select count(*) from objects where json_type({quoted}::json) in ('OBJECT', 'ARRAY')"
        [(nested,)] = connection.execute(query).fetchall()
        declared = nested_type(nested_types[name]) if nested else None
        sources.append(Source(name, f"c{number}", declared, nested=bool(nested)))
    if not cells:
        raise CommandError(f"{file} has no objects with keys: there is nothing to guess from.")
    connection.execute(f"create table {TABLE} as select {', '.join(cells)} from objects")
    return Sample(connection, tuple(sources), "jsonl")


def _parquet(connection: duckdb.DuckDBPyConnection, file: Path, most_rows: int) -> Sample:
    described = connection.sql("select * from read_parquet(?)", params=[str(file)])
    sources = tuple(
        Source(name, f"c{number}", _declared(kind), nested=kind.id in {"struct", "list", "map"})
        for number, (name, kind) in enumerate(zip(described.columns, described.types, strict=True))
    )
    names = ", ".join(f'"{source.column}"' for source in sources)
    cells = ", ".join(f"nullif({source.column}::varchar, '') as {source.column}" for source in sources)
    rows = f"(select * from read_parquet(?) limit {most_rows}) as rows({names})"
    connection.execute(f"create table {TABLE} as select {cells} from {rows}", [str(file)])
    return Sample(connection, sources, "parquet")


def _declared(kind: Any) -> str | None:
    if kind.id in {"struct", "list", "map"}:
        return nested_type(kind)
    if kind.id == "decimal":
        return str(kind).lower()
    return "timestamp" if kind.id.startswith("timestamp") else _PARQUET_TYPES.get(str(kind))


def nested_type(kind: Any) -> str | None:
    """Return the contract's type of an object or a list, None for what no column can hold but as a text of JSON."""
    children = dict(kind.children) if kind.id in {"struct", "list"} else {}
    parts = {name: nested_type(child) for name, child in children.items()}
    if not parts:
        return _PARQUET_TYPES.get(str(kind), None if kind.id in {"struct", "list", "map", "json"} else "string")
    if None in parts.values():
        return None
    if kind.id == "list":
        return f"array<{parts['child']}>"
    fields = [f"{name}:{part}" for name, part in parts.items() if _FIELD.fullmatch(name)]
    return f"struct<{','.join(fields)}>" if len(fields) == len(parts) else None


_READERS: Final = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
