"""Files of a manifest to one table of raw rows: strings as written, each with its file, unparseable rows kept whole."""

# ruff: noqa: S608 - names come from contracts and from the columns that were asked for

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import duckdb

from cartlake.csv_records import CsvLayout
from cartlake.errors import TerminalError
from cartlake.json_lines import NOT_BLANK, NUMBERS, row_pattern
from glue_jobs.engines.duckdb.iceberg.files import quoted
from glue_jobs.engines.duckdb.raw_files import copy_csv, copy_lines, download, lines_layout, read_csv_sql
from glue_jobs.engines.duckdb.session import text_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from cartlake.contracts import Contract, Table
    from cartlake.runs.documents import ManifestFile
    from glue_jobs.engines.duckdb.session import Session

_CORRUPT: Final = "_corrupt_record"
_NONE: Final = "null::varchar"
_SOURCES: Final = "file_sources"
_IN_QUOTES: Final = r"""'\1"\2"'"""
_NO_TEXT: Final = re.compile(r".*\]|(STRUCT|MAP|UNION|BLOB|TIME|INTERVAL|BIT)(?!STAMP)\b.*")
"""Types that no column of a contract has in a file: lists, nested and binary ones, times of day."""


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
        groups[(layout.kind, layout.delimiter, *layout.header, alone)].append(file)
    return list(groups.values())


def unreadable(files: Sequence[ManifestFile], error: duckdb.Error) -> TerminalError:
    """The error of a run whose files DuckDB cannot read."""
    return TerminalError(f"DuckDB cannot read {', '.join(file.uri for file in files)}: {error}")


def _csv(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    header, delimiter = files[0].format.header, files[0].format.delimiter
    layout = CsvLayout(len(header), delimiter, contract.csv.quote, contract.max_line_bytes)
    copies = [(file, copy_csv(file, layout, session.folder)) for file in files]
    good = _registered(session, {copy.good: file for file, copy in copies})
    query = _raw_rows(read_csv_sql(good, header, layout), {n: quoted(n) for n in header}, _NONE, contract.table)
    malformed = _registered(session, {copy.malformed: file for file, copy in copies if copy.split.malformed})
    if not malformed:
        return query
    return f"{query} union all {_raw_rows(read_csv_sql(malformed, ['_text'], layout), {}, '_text', contract.table)}"


def _json_lines(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    names = [column.name for column in contract.table.file_columns]
    copies = _registered(session, {copy_lines(file, session.folder): file for file in files})
    lines = read_csv_sql(copies, ["_line"], lines_layout(contract))
    pattern, keys = text_literal(row_pattern(names, possessive=False)), "json_keys(_text)"
    paths = ", ".join(text_literal(f'$."{name}"') for name in names)
    source = (
        # A line that is no row has no text, and so neither keys nor values.
        f"(select _path, _line, case when len({keys}) = len(list_distinct({keys})) "
        f"then json_extract_string(_text, [{paths}]) end as _values from ("
        f"select _path, _line, case when regexp_matches(_line, {pattern}) "
        rf"then regexp_replace(_line, {text_literal(NUMBERS)}, {_IN_QUOTES}, 'g') end as _text "
        f"from {lines} where regexp_matches(_line, {text_literal(NOT_BLANK)})))"
    )
    columns = {name: f"_values[{number}]" for number, name in enumerate(names, start=1)}
    return _raw_rows(source, columns, "case when _values is null then _line end", contract.table)


def _parquet(session: Session, files: Sequence[ManifestFile], contract: Contract) -> str:
    [file] = files
    [path] = _registered(session, {download(file, session.folder): file})
    source = f"read_parquet({text_literal(str(path))}, filename = '_path')"
    try:
        types = {str(row[0]): str(row[1]) for row in session.rows(f"describe select * from {source}")}
    except duckdb.Error as error:
        raise unreadable([file], error) from error
    refused = {name: kind for name, kind in types.items() if _NO_TEXT.fullmatch(kind)}
    if refused:
        raise TerminalError(f"{file.uri} has columns of types that no contract has in a file: {refused}. Cast them.")
    columns = {name: parquet_text(quoted(name), kind) for name, kind in types.items()}
    return _raw_rows(source, columns, _NONE, contract.table)


def parquet_text(name: str, kind: str) -> str:
    """Return SQL of a value's text as Spark writes it, in UTC. `kind` is DuckDB's name of its type."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"({name} at time zone 'UTC')::varchar"
    if kind.startswith("TIMESTAMP"):
        return f"{name}::timestamp::varchar"
    if kind in ("DOUBLE", "FLOAT"):
        return _java_double(name)
    return f"{name}::varchar"


def _java_double(name: str) -> str:
    """Return SQL that writes a double as Java does: `1.0E7` from ten million on, `1.0E-4` below a thousandth.

    The digits are the fewest that read back as the same number.
    """
    size, text = f"abs({name})", f"abs({name})::varchar"
    sign = f"case when starts_with({name}::varchar, '-') then '-' else '' end"
    digits = f"ltrim(replace(split_part({text}, 'e', 1), '.', ''), '0')"
    digits = f"case when {text} like '%.0' or {size} >= 1e7 then rtrim({digits}, '0') else {digits} end"
    fraction = f"case when len({digits}) > 1 then substr({digits}, 2) else '0' end"
    scientific = f"({digits})[1] || '.' || {fraction} || 'E' || {_exponent(text)}"
    return (
        f"case when isnan({name}) then 'NaN' when isinf({name}) then {sign} || 'Infinity' "
        f"when {size} = 0 or ({size} >= 1e-3 and {size} < 1e7) then {sign} || {text} "
        f"else {sign} || {scientific} end"
    )


def _exponent(text: str) -> str:
    """Return SQL of the power of ten of the first digit of a positive double's text."""
    whole = f"split_part({text}, '.', 1)"
    zeros = f"len(split_part({text}, '.', 2)) - len(ltrim(split_part({text}, '.', 2), '0'))"
    return (
        f"case when {text} like '%e%' then split_part({text}, 'e', 2)::int "
        f"when {whole} = '0' then -1 - ({zeros}) else len({whole}) - 1 end"
    )


def _registered(session: Session, files: Mapping[Path, ManifestFile]) -> list[Path]:
    """Note which file of the manifest each local copy is of, and return the copies."""
    rows = [value for path, file in files.items() for value in (str(path), file.source_file)]
    if rows:
        session.execute(f"insert into {_SOURCES} values {', '.join(['(?, ?)'] * len(files))}", rows)
    return list(files)


def _raw_rows(source: str, columns: Mapping[str, str], corrupt: str, table: Table) -> str:
    listed = ", ".join(f"{columns.get(c.name, _NONE)} as {quoted(c.name)}" for c in table.file_columns)
    return f"select {listed}, {corrupt} as {_CORRUPT}, _source_file from {source} join {_SOURCES} using (_path)"
