"""Files of a manifest to one table of raw rows: strings as written, each with its file, unparseable rows kept whole."""

from __future__ import annotations

import gzip
from collections import defaultdict
from typing import TYPE_CHECKING, BinaryIO, Final

import duckdb

from cartlake.aws.clients import client
from cartlake.aws.objects import S3Uri
from cartlake.csv_records import CsvLayout, Split, split_records
from cartlake.errors import TerminalError
from glue_jobs.engines.duckdb.files import quoted
from glue_jobs.engines.duckdb.session import text_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from cartlake.contracts import Contract, Table
    from cartlake.runs.documents import ManifestFile
    from glue_jobs.engines.duckdb.session import Session

_CORRUPT: Final = "_corrupt_record"
_LONGEST_LINE: Final = 2**21


def raw_rows_sql(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    """Return a query of the rows of all files: the contract's file columns as strings, `_corrupt_record`, `_source_file`."""
    queries = [_read_alike(session, group, contract) for group in _alike(files)]
    return " union all ".join(queries)


def _alike(files: Iterable[ManifestFile]) -> list[list[ManifestFile]]:
    """Group files that one scan can read. Parquet files have types of their own, so each is read alone."""
    groups: defaultdict[tuple[object, ...], list[ManifestFile]] = defaultdict(list)
    for file in files:
        layout = file.format
        alone = file.file_id if layout.kind == "parquet" else ""
        groups[(layout.kind, layout.delimiter, *layout.header, alone)].append(file)
    return list(groups.values())


def _read_alike(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    read: dict[str, Callable[[Session, Sequence[ManifestFile], Contract], str]] = {
        "csv": _csv,
        "jsonl": _json_lines,
        "parquet": _parquet,
    }
    return read[files[0].format.kind](session, files, contract)


def _csv(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    return " union all ".join(_one_csv(session, file, contract) for file in files)


def _one_csv(session: Session, file: ManifestFile, contract: Contract) -> str:
    """Well-formed records from a copy that DuckDB reads without a doubt, malformed ones from a table."""
    layout = file.format
    path = session.folder / f"{file.file_id}.csv"
    split = _split(session, file, contract, path)
    columns = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in layout.header)
    quote = text_literal(contract.csv.quote)
    source = (
        f"read_csv({text_literal(str(path))}, columns = {{{columns}}}, auto_detect = false, header = false, "
        f"delim = {text_literal(layout.delimiter)}, quote = {quote}, escape = {quote}, strict_mode = true, "
        f"nullstr = '', allow_quoted_nulls = false, new_line = '\\n', max_line_size = {_LONGEST_LINE})"
    )
    named = text_literal(file.source_file)
    good = ", ".join(
        f"{quoted(c.name) if c.name in layout.header else 'null::varchar'} as {quoted(c.name)}"
        for c in contract.table.file_columns
    )
    query = f"select {good}, null::varchar as {_CORRUPT}, {named} as _source_file from {source}"
    if not split.malformed:
        return query
    name = f"malformed_{file.file_id}"
    session.execute(f"create table {name} (text varchar)")
    session.execute(f"insert into {name} select unnest(?::varchar[])", [split.malformed])
    nothing = ", ".join(f"null::varchar as {quoted(c.name)}" for c in contract.table.file_columns)
    return f"{query} union all select {nothing}, text as {_CORRUPT}, {named} as _source_file from {name}"


def _split(session: Session, file: ManifestFile, contract: Contract, target: Path) -> Split:
    uri, layout = S3Uri.parse(file.uri), file.format
    original = session.folder / f"{file.file_id}.original"
    client("s3").download_file(uri.bucket, uri.key, str(original))
    rule = CsvLayout(len(layout.header), layout.delimiter, contract.csv.quote, contract.max_line_bytes)
    opened: BinaryIO = gzip.open(original) if layout.compression == "gzip" else original.open("rb")  # type: ignore[assignment]
    with opened as source, target.open("wb") as copy:
        split = split_records(source, copy, rule)
    original.unlink()
    return split


def _json_lines(_session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    names = [column.name for column in contract.table.file_columns]
    source = (
        f"(select _path, _line, try_cast(_line as json) as _json from (select filename as _path, "
        f"_line from read_csv({_paths(files)}, columns = {{'_line': 'VARCHAR'}}, auto_detect = false, header = false, "
        f"delim = '\x07', quote = '', escape = '', filename = 'filename', max_line_size = {_LONGEST_LINE})) "
        "where trim(_line) <> '')"
    )
    columns = {name: f"_json ->> {text_literal('$.' + quoted(name))}" for name in names}
    corrupt = "case when json_type(_json) is distinct from 'OBJECT' then _line end"
    return _raw_rows(source, columns, corrupt, files, contract.table)


def _parquet(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    source = f"read_parquet({_paths(files)}, filename = '_path')"
    names = [str(row[0]) for row in session.rows(f"describe select * from {source}")]
    return _raw_rows(source, {n: f"{quoted(n)}::varchar" for n in names}, "null::varchar", files, contract.table)


def _raw_rows(
    source: str, columns: Mapping[str, str], corrupt: str, files: Sequence[ManifestFile], table: Table
) -> str:
    listed = ", ".join(f"{columns.get(c.name, 'null::varchar')} as {quoted(c.name)}" for c in table.file_columns)
    renamed = {file.uri: file.source_file for file in files if file.uri != file.source_file}
    cases = " ".join(f"when {text_literal(uri)} then {text_literal(name)}" for uri, name in renamed.items())
    path = f"case _path {cases} else _path end" if renamed else "_path"
    return f"select {listed}, {corrupt} as {_CORRUPT}, {path} as _source_file from {source}"


def _paths(files: Iterable[ManifestFile]) -> str:
    return f"[{', '.join(text_literal(file.uri) for file in files)}]"


def unreadable(files: Sequence[ManifestFile], error: duckdb.Error) -> TerminalError:
    """The error of a run whose files DuckDB cannot read."""
    return TerminalError(f"DuckDB cannot read {', '.join(file.uri for file in files)}: {error}")
