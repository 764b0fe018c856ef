"""Read the files of a manifest into one frame of raw rows: strings as written, with their file; bad rows kept whole.

CSV is read line by line, so that one large file is read by many tasks. A line break inside quotes therefore makes two
malformed rows, which end in quarantine with their text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Final
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Contract, Table, raw_schema
from cartlake.errors import TerminalError
from cartlake.runs.documents import ManifestFile

_CORRUPT: Final = "_corrupt_record"
_PATH: Final = "_metadata.file_path"
# A file that cannot be read must fail the run: skipping it would lose its rows silently.
_STRICT: Final = {"ignoreCorruptFiles": "false", "ignoreMissingFiles": "false"}
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
        groups[(layout.kind, layout.delimiter, *layout.header, alone)].append(file)
    return list(groups.values())


def _read_alike(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    read = {"csv": _csv, "jsonl": _json_lines, "parquet": _parquet}[files[0].format.kind]
    try:
        return read(spark, files, contract)
    except AnalysisException as error:
        names = ", ".join(file.uri for file in files)
        raise TerminalError(f"Spark cannot read {names}: {error}") from error


def _csv(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    layout = files[0].format
    rows = spark.read.options(**_STRICT).csv(
        _paths(files),
        schema=", ".join(f"`{name}` string" for name in [*layout.header, _CORRUPT]),
        sep=layout.delimiter,
        quote=contract.csv.quote,
        escape=contract.csv.quote,  # a quote inside quotes is doubled; Spark's own default is a backslash
        header=True,
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=_CORRUPT,
        maxColumns=_longest_line(files, contract) + 1,
    )
    return _raw_rows(rows, {name: F.col(name) for name in layout.header}, F.col(_CORRUPT), contract.table)


def _longest_line(files: Iterable[ManifestFile], contract: Contract) -> int:
    """Return the most bytes a line has, and so the most columns: a line of nothing but delimiters is a bad row.

    As low as it can be: the parser allocates an array of so many columns, and with a million of them the JVM spends
    four fifths of the parsing time on tracking the references in it.
    """
    return max(file.format.line_bytes_at_most or contract.max_line_bytes for file in files)


def _json_lines(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    # As text first: the JSON reader makes no row of `[]` and several of `[{}, {}]`, and one line is one row here.
    lines = spark.read.options(**_STRICT).text(_paths(files)).where("trim(value) <> ''")
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": _CORRUPT}
    parsed = F.from_json("value", f"{raw_schema(contract.table)}, {_CORRUPT} string", options)
    rows = lines.select("value", F.col(_PATH).alias("_path"), parsed.alias("record"))
    corrupt = F.when(F.col("record").isNull(), F.col("value")).otherwise(F.col(f"record.{_CORRUPT}"))
    columns = {column.name: F.col(f"record.{column.name}") for column in contract.table.file_columns}
    return _raw_rows(rows, columns, corrupt, contract.table, path="_path")


def _parquet(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    rows = spark.read.options(**_STRICT).parquet(*_paths(files))
    columns = {name: F.col(name).cast("string") for name in rows.columns}
    return _raw_rows(rows, columns, F.lit(None).cast("string"), contract.table)


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
