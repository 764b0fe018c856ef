"""Read the files of a manifest into one frame of raw rows: strings as written, with their file; bad rows kept whole.

A CSV file whose lines are records is read line by line, so that one large file is read by many tasks. Any other one,
and one whose rows depend on those above, is read by one task, which splits it into records by `cartlake.csv_records`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial, reduce
from typing import Final
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Contract, Table, raw_schema
from cartlake.csv_records import CsvLayout
from cartlake.errors import TerminalError
from cartlake.json_lines import NOT_BLANK, NUMBERS, key_pattern, key_replacement, row_pattern
from cartlake.row_shapes import RowShape, names_in_lines, shape_of
from cartlake.runs.documents import ManifestFile
from glue_jobs.engines.spark.csv_records import split_batches
from glue_jobs.engines.spark.json_objects import cut_batches
from glue_jobs.engines.spark.padded_files import expanded_lines
from glue_jobs.engines.spark.parquet_values import parquet_columns
from glue_jobs.engines.spark.shaped_records import shaped_records

_CORRUPT: Final = "_corrupt_record"
_PATH: Final = "_metadata.file_path"
# A file that cannot be read must fail the run: skipping it would lose its rows silently.
_STRICT: Final = {"ignoreCorruptFiles": "false", "ignoreMissingFiles": "false"}
# Dates before 1582 are those that were written; without this Spark fails on them.
_DATES_AS_WRITTEN: Final = {"datetimeRebaseMode": "CORRECTED", "int96RebaseMode": "CORRECTED"}
_MOST_TASKS: Final = 1000
_GLOB: Final = re.compile(r"([\[\]{}*?\\])")


def read_files(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    """Return the rows of all files: the contract's file columns as strings, `_corrupt_record` and `_source_file`.

    Raises TerminalError naming the files Spark cannot read or would leave out.
    """
    frames = [_read_alike(spark, group, contract) for group in _alike(files)]
    rows = reduce(DataFrame.unionByName, frames)
    uris = uris_by_path(rows.inputFiles(), files)
    sources = {file.uri: file.source_file for file in files}
    renamed = {path: sources[uri] for path, uri in uris.items() if path != sources[uri]}
    return rows.withColumn("_source_file", _looked_up("_source_file", renamed)) if renamed else rows


def uris_by_path(paths: Iterable[str], files: Iterable[ManifestFile]) -> dict[str, str]:
    """Map the paths Spark reads to the URIs of the manifest; Spark may escape characters that are special in a URL.

    Raises TerminalError when a file of the manifest is not read, or one is read that is not in it.
    """
    exact = {file.uri: file.uri for file in files}
    decoded = {unquote(uri): uri for uri in exact}
    uris = {path: exact.get(path) or exact.get(unquote(path)) or decoded.get(unquote(path), "") for path in paths}
    unread = sorted(exact.keys() - set(uris.values()))
    extra = sorted(path for path, uri in uris.items() if not uri)
    if unread or extra:
        raise TerminalError(
            f"Spark would not read the files of the manifest: left out {unread or 'none'}, added {extra or 'none'}. "
            "It leaves out names that begin with an underscore or a dot; give such a file another name."
        )
    return uris


def _alike(files: Iterable[ManifestFile]) -> list[list[ManifestFile]]:
    """Group files that one scan can read. Parquet files have types of their own, so each is read alone."""
    groups: defaultdict[tuple[object, ...], list[ManifestFile]] = defaultdict(list)
    for file in files:
        layout = file.format
        alone = file.file_id if layout.kind == "parquet" else ""
        alike = (layout.kind, layout.delimiter, *layout.header, alone, *layout.names.items())
        groups[(*alike, layout.line_is_record is True, layout.has_padding)].append(file)
    return list(groups.values())


def _read_alike(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    read = {"csv": _csv, "jsonl": _json_lines, "parquet": _parquet}[files[0].format.kind]
    try:
        return read(spark, files, contract)
    except AnalysisException as error:
        names = ", ".join(file.uri for file in files)
        raise TerminalError(f"Spark cannot read {names}: {error}") from error


def _csv(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    shape = shape_of(contract)
    in_any_order = shape is None or not shape.in_order
    by_line = files[0].format.line_is_record is True and not files[0].format.has_padding and in_any_order
    return (_csv_lines if by_line else _csv_records)(spark, files, contract)


def _csv_lines(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    """Read files whose lines are records. Spark, too, drops blank lines, and keeps those with other columns as text."""
    layout, shape = files[0].format, shape_of(contract)
    names = layout.header if shape is None else _numbered(layout.header)
    rows = spark.read.options(**_STRICT).csv(
        _paths(files),
        schema=", ".join(f"`{name}` string" for name in [*names, _CORRUPT]),
        sep=layout.delimiter,
        quote=contract.csv.quote,
        escape=contract.csv.quote,  # a quote inside quotes is doubled; Spark's own default is a backslash
        header=True,
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=_CORRUPT,
        maxColumns=_longest_line(files, contract) + 1,
    )
    # Of a malformed line Spark returns the fields it could read as well.
    well_formed = {name: F.when(F.col(_CORRUPT).isNull(), F.col(name)) for name in names}
    if shape:
        cells = rows.select(*(cell.alias(name) for name, cell in well_formed.items()), _CORRUPT, F.col(_PATH))
        return _shaped(cells, layout.header, shape, contract.table)
    return _raw_rows(rows, well_formed, F.col(_CORRUPT), contract.table)


def _csv_records(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    """Read files whose lines may not be records: each by one task, all lines in order."""
    header, delimiter = files[0].format.header, files[0].format.delimiter
    layout = CsvLayout(len(header), delimiter, contract.csv.quote, contract.max_line_bytes)
    lines = _lines(spark, files).withColumn("_number", F.monotonically_increasing_id())
    in_order = lines.repartition(min(len(files), _MOST_TASKS), "_path").sortWithinPartitions(
        "_path", "_start", "_number"
    )
    shape = shape_of(contract)
    names = header if shape is None else _numbered(header)
    schema = ", ".join(f"`{name}` string" for name in [*names, _CORRUPT, "_path"])
    rows = in_order.select("_path", "value").mapInArrow(partial(split_batches, layout=layout), schema)
    if shape:
        return _shaped(rows, header, shape, contract.table)
    columns = {name: F.col(name) for name in header}
    return _raw_rows(rows, columns, F.col(_CORRUPT), contract.table, path="_path")


def _numbered(header: Sequence[str]) -> list[str]:
    """Return names for the columns of a file that may have any: Spark takes two that differ in case for the same."""
    return [f"_cell_{place}" for place in range(len(header))]


def _shaped(cells: DataFrame, header: Sequence[str], shape: RowShape, table: Table) -> DataFrame:
    """Return rows of records in the shape of a contract's rows. `cells` are numbered, before text and path."""
    names = shape.columns_of(header)
    schema = ", ".join(f"`{name}` string" for name in [*names, _CORRUPT, "_path"])
    rows = cells.mapInArrow(partial(shaped_records, header=header, shape=shape), schema)
    return _raw_rows(rows, {name: F.col(name) for name in names}, F.col(_CORRUPT), table, path="_path")


def _longest_line(files: Iterable[ManifestFile], contract: Contract) -> int:
    """Return the most bytes a line has, and so the most columns: a line of nothing but delimiters is a bad row.

    As low as it can be: the parser allocates an array of so many columns, and with a million of them the JVM spends
    four fifths of the parsing time on tracking the references in it.
    """
    return max(file.format.line_bytes_at_most or contract.max_line_bytes for file in files)


def _json_lines(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    names = [column.name for column in contract.table.file_columns]
    lines = _lines(spark, files).where(F.col("value").rlike(NOT_BLANK)).select("_path", "value")
    shape = shape_of(contract)
    if shape or files[0].format.line_is_record is not True:
        lines = lines.mapInArrow(partial(cut_batches, most_bytes=contract.max_line_bytes, shape=shape), lines.schema)
    # Numbers become texts, which no parser rounds. What is no row has no text, and so neither keys nor values.
    named = _renamed(F.col("value"), names_in_lines(files[0], contract))
    in_quotes = F.regexp_replace(named, NUMBERS, '$1"$2"')
    texts = lines.withColumn("_text", F.when(named.rlike(row_pattern(names)), in_quotes))
    keys = F.json_object_keys("_text")
    once = F.size(keys) == F.size(F.array_distinct(keys))
    rows = texts.withColumn("record", F.when(once, F.from_json("_text", raw_schema(contract.table))))
    corrupt = F.when(F.col("record").isNull(), F.regexp_replace("value", r"\r\z", ""))
    return _raw_rows(rows, {name: F.col(f"record.{name}") for name in names}, corrupt, contract.table, path="_path")


def _renamed(line: Column, names: Mapping[str, str]) -> Column:
    """Return a line whose keys have the contract's names. `names` are those the contract has for other keys."""
    for name, column in names.items():
        line = F.regexp_replace(line, key_pattern(name), key_replacement(column, "$"))
    return line


def _lines(spark: SparkSession, files: Sequence[ManifestFile]) -> DataFrame:
    """Return the lines of texts: `_path`, `_start` (the place of the part of the file they are in) and `value`.

    They end in a line feed; by itself Spark would also end one at a carriage return. Files with padding, of at most
    2 GiB, are expanded in Python.
    """
    path, start = F.col(_PATH).alias("_path"), F.col("_metadata.file_block_start").alias("_start")
    if not files[0].format.has_padding:
        return spark.read.options(**_STRICT).text(_paths(files), lineSep="\n").select(path, start, "value")
    contents = spark.read.options(**_STRICT).format("binaryFile").load(_paths(files)).select(path, start, "content")
    return contents.mapInArrow(expanded_lines, "_path string, _start bigint, value string")


def _parquet(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    rows = spark.read.options(**_STRICT, **_DATES_AS_WRITTEN).parquet(*_paths(files))
    called = files[0].format.names
    columns = parquet_columns(rows.schema, contract, called)
    refused = {
        field.name: field.dataType.simpleString()
        for field in rows.schema
        if columns.get(called.get(field.name, field.name), True) is None
    }
    if refused:
        names = ", ".join(file.uri for file in files)
        raise TerminalError(
            f"{names} has columns of types that the contract does not have there: {refused}. Cast them."
        )
    texts = {name: column for name, column in columns.items() if column is not None}
    return _raw_rows(rows, texts, F.lit(None).cast("string"), contract.table)


def _raw_rows(
    rows: DataFrame, columns: Mapping[str, Column], corrupt: Column, table: Table, path: str = _PATH
) -> DataFrame:
    absent = F.lit(None).cast("string")
    return rows.select(
        *(columns.get(column.name, absent).alias(column.name) for column in table.file_columns),
        corrupt.alias(_CORRUPT),
        F.col(path).alias("_source_file"),
    )


def _paths(files: Iterable[ManifestFile]) -> list[str]:
    """Return the URIs with wildcards escaped, so that Spark reads the files of exactly these names."""
    return [_GLOB.sub(r"\\\1", file.uri) for file in files]


def _looked_up(column: str, values: Mapping[str, str]) -> Column:
    pairs = [F.lit(text) for pair in values.items() for text in pair]
    return F.coalesce(F.create_map(*pairs)[F.col(column)], F.col(column))
