"""Files of a manifest to one table of raw rows: strings as written, each with its file, unparseable rows kept whole."""

# ruff: noqa: S608 - names come from contracts and from the columns that were asked for

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import duckdb

from cartlake.contracts.rules.sql import text_literal
from cartlake.csv_records import CsvLayout
from cartlake.errors import TerminalError
from cartlake.json_lines import NOT_BLANK, NUMBERS, key_pattern, key_replacement, row_pattern
from cartlake.row_shapes import names_in_lines, shape_of
from glue_jobs.engines.duckdb.parquet_values import parquet_columns
from glue_jobs.engines.duckdb.raw_files import copy_csv, copy_objects, download, lines_layout, read_csv_sql
from glue_jobs.engines.duckdb.shaped_files import shaped_copy, shaped_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from cartlake.contracts import Contract, Table
    from cartlake.runs.documents import ManifestFile
    from glue_jobs.engines.duckdb.session import Session
from glue_jobs.engines.duckdb.types import quoted

_CORRUPT: Final = "_corrupt_record"
_NONE: Final = "null::varchar"
_SOURCES: Final = "file_sources"
_IN_QUOTES: Final = r"""'\1"\2"'"""


def raw_rows_sql(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    """Return a query of the rows of all files: file columns as strings, `_corrupt_record` and `_source_file`.

    Raises TerminalError naming a file that cannot be read.
    """
    session.execute(f"create or replace temp table {_SOURCES} (_path varchar, _source_file varchar)")
    read: dict[str, Callable[[Session, Sequence[ManifestFile], Contract], str]] = {
        "csv": _csv,
        "jsonl": _json_lines,
        "parquet": _parquet,
    }
    return " union all ".join(read[group[0].format.kind](session, group, contract) for group in _alike(files))


def _alike(files: Iterable[ManifestFile]) -> list[list[ManifestFile]]:
    """Group files that one scan can read. Parquet files have types of their own, so each is read alone."""
    groups: defaultdict[tuple[object, ...], list[ManifestFile]] = defaultdict(list)
    for file in files:
        layout = file.format
        alone = file.file_id if layout.kind == "parquet" else ""
        groups[(layout.kind, layout.delimiter, *layout.header, alone, *layout.names.items())].append(file)
    return list(groups.values())


def unreadable(files: Sequence[ManifestFile], error: duckdb.Error) -> TerminalError:
    """The error of a run whose files DuckDB cannot read."""
    return TerminalError(f"DuckDB cannot read {', '.join(file.uri for file in files)}: {error}")


def _csv(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    header, delimiter = files[0].format.header, files[0].format.delimiter
    layout = CsvLayout(len(header), delimiter, contract.csv.quote, contract.max_line_bytes)
    copies = [(file, copy_csv(file, layout, session.folder)) for file in files]
    shape = shape_of(contract)
    if shape is None:
        good, source = {copy.good: file for file, copy in copies}, (header, layout)
    else:
        good = {shaped_copy(copy.good, header, layout, shape): file for file, copy in copies}
        source = (shape.columns_of(header), shaped_layout(shape, header, contract))
    names = source[0]
    query = _raw_rows(
        read_csv_sql(_registered(session, good), *source), {n: quoted(n) for n in names}, _NONE, contract.table
    )
    malformed = _registered(session, {copy.malformed: file for file, copy in copies if copy.split.malformed})
    if not malformed:
        return query
    return f"{query} union all {_raw_rows(read_csv_sql(malformed, ['_text'], layout), {}, '_text', contract.table)}"


def _json_lines(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    names = [column.name for column in contract.table.file_columns]
    shape = shape_of(contract)
    copied = {copy_objects(file, session.folder, contract.max_line_bytes, shape): file for file in files}
    copies = _registered(session, copied)
    lines = read_csv_sql(copies, ["_line"], lines_layout(contract))
    pattern, keys = text_literal(row_pattern(names, possessive=False)), "json_keys(_text)"
    paths = ", ".join(text_literal(f'$."{name}"') for name in names)
    source = (
        # A line that is no row has no text, and so neither keys nor values.
        f"(select _path, _line, case when len({keys}) = len(list_distinct({keys})) "
        f"then json_extract_string(_text, [{paths}]) end as _values from ("
        f"select _path, _line, case when regexp_matches(_named, {pattern}) "
        rf"then regexp_replace(_named, {text_literal(NUMBERS)}, {_IN_QUOTES}, 'g') end as _text "
        f"from (select _path, _line, {_renamed('_line', names_in_lines(files[0], contract))} as _named from {lines} "
        f"where regexp_matches(_line, {text_literal(NOT_BLANK)}))))"
    )
    columns = {name: f"_values[{number}]" for number, name in enumerate(names, start=1)}
    return _raw_rows(source, columns, "case when _values is null then _line end", contract.table)


def _renamed(line: str, names: Mapping[str, str]) -> str:
    """Return SQL of a line whose keys have the contract's names. `names` are those the contract has for other keys."""
    for name, column in names.items():
        replaced = text_literal(key_pattern(name)), text_literal(key_replacement(column, "\\"))
        line = f"regexp_replace({line}, {', '.join(replaced)}, 'g')"
    return line


def _parquet(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    [file] = files
    [path] = _registered(session, {download(file, session.folder): file})
    source = f"read_parquet({text_literal(str(path))}, filename = '_path')"
    try:
        found = session.connection.sql(f"select * exclude (_path) from {source}")
    except duckdb.Error as error:
        raise unreadable([file], error) from error
    types = dict(zip(found.columns, found.types, strict=True))
    columns = parquet_columns(types, contract, file.format.names)
    called = {column: name for name, column in file.format.names.items()}
    refused = {name: str(types[called.get(name, name)]) for name, sql in columns.items() if sql is None}
    if refused:
        raise TerminalError(
            f"{file.uri} has columns of types that the contract does not have there: {refused}. Cast them."
        )
    return _raw_rows(source, {name: sql for name, sql in columns.items() if sql}, _NONE, contract.table)


def _registered(session: Session, files: Mapping[Path, ManifestFile]) -> list[Path]:
    """Note which file of the manifest each local copy is of, and return the copies."""
    rows = [value for path, file in files.items() for value in (str(path), file.source_file)]
    if rows:
        session.execute(f"insert into {_SOURCES} values {', '.join(['(?, ?)'] * len(files))}", rows)
    return list(files)


def _raw_rows(source: str, columns: Mapping[str, str], corrupt: str, table: Table) -> str:
    listed = ", ".join(f"{columns.get(c.name, _NONE)} as {quoted(c.name)}" for c in table.file_columns)
    return f"select {listed}, {corrupt} as {_CORRUPT}, _source_file from {source} join {_SOURCES} using (_path)"
