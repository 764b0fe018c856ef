"""Which engine loads a batch: the light one for most, Spark for what is too large for a function. Pure rules.

Sizes are in bytes. A megabyte is 1,000,000 bytes, as in the limits that Terraform sets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cartlake.contracts import LIGHT_TRANSFORMS, EngineWish, Table
from cartlake.runs.documents import EngineChoice, FileFormat, ManifestFile

MEGABYTE: Final = 1_000_000

SparkRunner: TypeAlias = Literal["glue", "emr_serverless"]
"""What runs Spark in a lake."""

_EXPANSION: Final = {"gzip": 20, "parquet": 10}
"""Expanded bytes per stored byte of a file that was validated before its expanded size was kept: more than is usual."""


_KEY_COLUMN_BYTES: Final = 8
"""Bytes of a value of a key or an event time in a compressed file: about what identifiers and times have."""


@dataclass(frozen=True, slots=True)
class LoadSize:
    """What is known of a batch before it is loaded.

    `expanded` counts the bytes after decompression, `rows` what the validator estimated. `table` is what the data files
    of the table have that a merge must look at, None where that is only known once the days of the rows are. `keys`:
    the keys of the whole table are looked at as well.
    """

    files: int
    stored: int
    expanded: int
    rows: int
    table: int | None = None
    keys: bool = False


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """The largest batch the light engine takes: expanded bytes, rows, and bytes of the table to look at.

    0 sends every batch to Spark, infinity none.
    """

    expanded: float
    rows: float
    table: float


def load_size(files: Sequence[ManifestFile], table: int | None = None, *, keys: bool = False) -> LoadSize:
    """Return the size of a batch of these files; `table` and `keys` as in LoadSize."""
    return LoadSize(
        files=len(files),
        stored=sum(file.size for file in files),
        expanded=sum(expanded_bytes(file.size, file.expanded_size, file.format) for file in files),
        rows=sum(file.row_estimate or 0 for file in files),
        table=table,
        keys=keys,
    )


def key_bytes(table: Table, rows: int) -> int:
    """Return about how many bytes the columns have that a search for keys reads, in a table of so many rows."""
    return rows * _KEY_COLUMN_BYTES * len({*table.primary_key, table.event_time})


def expanded_bytes(size: int, expanded_size: int | None, form: FileFormat | None) -> int:
    """Return the bytes of a file after decompression: as measured, else by its stored `size` and its format."""
    if expanded_size is not None:
        return expanded_size
    if form is None:
        return size
    kind = form.compression if form.compression == "gzip" else form.kind
    return size * _EXPANSION.get(kind, 1)


def spark_only(table: Table) -> str | None:
    """Return why only Spark can write the table, None if both engines can."""
    written = [field.transform for field in table.partitioning if field.transform not in LIGHT_TRANSFORMS]
    return f"only Spark writes tables partitioned by {written[0]}" if written else None


def choose_engine(
    size: LoadSize,
    limits: EngineLimits,
    wish: EngineWish = "auto",
    *,
    too_large: int | None = None,
    only_spark: str | None = None,
) -> EngineChoice:
    """Return the engine for a batch, and why.

    A contract's word wins; else `only_spark`, what `spark_only` says of the table. `too_large` is the size in expanded
    bytes of a batch of this dataset that was too large for the light engine not long ago: batches of at least that
    size go to Spark.
    """
    facts = _facts(size)
    if wish != "auto":
        return EngineChoice(engine=wish, reason=f"the contract says cartlake.engine: {wish}; {facts}")
    if only_spark is not None:
        return EngineChoice(engine="spark", reason=f"{only_spark}; {facts}")
    within = _within(limits)
    if _exceeded(size, limits):
        return EngineChoice(engine="spark", reason=f"too large for the light engine: {facts}; {within}")
    if too_large is not None and size.expanded >= too_large:
        before = f"a batch of {_megabytes(too_large)} was too large for the light engine"
        return EngineChoice(engine="spark", reason=f"{before}: {facts}")
    return EngineChoice(engine="light", reason=f"{facts}; {within}")


def runner_of(choice: EngineChoice, spark_runner: SparkRunner) -> str:
    """Return what the state machine starts: `light`, or what runs Spark here."""
    return choice.engine if choice.engine == "light" else spark_runner


def choose_refresh_engine(
    tables: int, size: int | None, limits: EngineLimits, *, too_large: int | None = None, only_spark: str | None = None
) -> EngineChoice:
    """Return the engine that rebuilds tables, and why.

    `size` is the bytes of the files of all tables that are rebuilt or read, None where that is not known of one of
    them. `too_large` is the size of a refresh that was too large for the light engine not long ago. `only_spark` says
    why a table can only be written by Spark.
    """
    if only_spark is not None:
        return EngineChoice(engine="spark", reason=only_spark)
    if size is None:
        return EngineChoice(engine="spark", reason="the size of a table is not known")
    facts = f"{_megabytes(size)} in {tables} tables to read or to rebuild"
    if size > limits.table or limits.table == 0:
        return EngineChoice(
            engine="spark", reason=f"too large for the light engine: {facts}; limit {_megabytes(limits.table)}"
        )
    if too_large is not None and size >= too_large:
        before = f"a refresh of {_megabytes(too_large)} was too large for the light engine"
        return EngineChoice(engine="spark", reason=f"{before}: {facts}")
    return EngineChoice(engine="light", reason=f"{facts}; limit {_megabytes(limits.table)}")


def _exceeded(size: LoadSize, limits: EngineLimits) -> bool:
    # A limit of 0 means none at all, also for a batch that is estimated to have no rows, or a table without files.
    pairs = ((size.expanded, limits.expanded), (size.rows, limits.rows), (size.table or 0, limits.table))
    return any(measured > limit or limit == 0 for measured, limit in pairs)


def _facts(size: LoadSize) -> str:
    files = "1 file" if size.files == 1 else f"{size.files:,} files"
    stored = "" if size.expanded == size.stored else f" ({_megabytes(size.stored)} stored)"
    table = (
        f"of the table {'the keys and ' if size.keys else 'only '}the files of the batch's days"
        if size.table is None
        else f"{_megabytes(size.table)} of the table"
    )
    return f"{_megabytes(size.expanded)}{stored} and {size.rows:,} rows in {files}, {table} to look at"


def _within(limits: EngineLimits) -> str:
    rows = "any number of rows" if math.isinf(limits.rows) else f"{limits.rows:,.0f} rows"
    return f"limits {_megabytes(limits.expanded)}, {rows}, {_megabytes(limits.table)}"


def _megabytes(size: float) -> str:
    if math.isinf(size):
        return "any size"
    return f"{size / MEGABYTE:,.1f} MB" if 0 < size < 10 * MEGABYTE else f"{size / MEGABYTE:,.0f} MB"
