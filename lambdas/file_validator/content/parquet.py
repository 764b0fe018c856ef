"""Check the footer of a Parquet file, which the caller reads: its columns and types against the contract."""

import re
from dataclasses import dataclass
from typing import Final

from lambdas.file_validator.content.columns import check_columns
from lambdas.file_validator.content.refusal import Reason, RefusedError
from lambdas.file_validator.content.rules import ExpectedColumn, FileRules

MAGIC: Final = b"PAR1"
SMALLEST_FILE: Final = 12
MAX_FOOTER_BYTES: Final = 16 << 20
"""A decoded footer takes several times its size; this much fits beside everything else into 512 MB."""

INTEGERS: Final = re.compile(r"u?int(8|16|32)|int64")  # uint64 does not fit into any integer of Spark
DECIMAL: Final = re.compile(r"decimal(?:\d+)?\((\d+), ?(-?\d+)\)")
TIMESTAMP: Final = re.compile(r"timestamp\[(s|ms|us|ns)(?:, tz=.*)?\]")
CODECS: Final = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4", "LZ4_RAW"})
"""Codecs that both engines read; Spark reads no BROTLI."""

ARROW_TYPES: Final = {
    "string": re.compile(r"(large_)?string|dictionary<values=(large_)?string,.*"),
    "float": re.compile(r"halffloat|float"),
    "double": re.compile(r"halffloat|float|double"),
    "date": re.compile(r"date32\[day\]|date64\[ms\]"),
    "boolean": re.compile(r"bool"),
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), INTEGERS),
}


class UnreadableFooterError(Exception):
    """The footer is not what Parquet says a footer is; the message is the reader's."""


@dataclass(frozen=True, slots=True)
class ParquetColumn:
    """`type` as Arrow writes it, e.g. `timestamp[us, tz=UTC]`; `physical` as Parquet does, e.g. `INT96`."""

    name: str
    type: str
    physical: str


@dataclass(frozen=True, slots=True)
class ParquetFooter:
    """`codecs` as Arrow names them, e.g. `SNAPPY`; `expanded_size` is the bytes of all pages once decompressed."""

    columns: tuple[ParquetColumn, ...]
    rows: int
    expanded_size: int = 0
    codecs: frozenset[str] = frozenset()


def check_envelope(head: bytes, tail: bytes, size: int) -> None:
    """Check the first and the last 8 bytes before the footer is read. `size` is the file's, in bytes.

    Raises RefusedError for what is no whole Parquet file, and for a footer too large to hold.
    """
    if size < SMALLEST_FILE or not head.startswith(MAGIC):
        raise RefusedError(
            Reason.CORRUPT_PARQUET,
            f"The file does not start with {MAGIC!r}, as Parquet files do, but with {head[:4]!r}. Write it again.",
        )
    footer_bytes = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or footer_bytes + SMALLEST_FILE > size:
        raise RefusedError(
            Reason.CORRUPT_PARQUET,
            "The file does not end in a Parquet footer: the upload was cut off, or the writer was not closed."
            " Write and drop it again.",
        )
    if footer_bytes > MAX_FOOTER_BYTES:
        raise RefusedError(
            Reason.FILE_TOO_LARGE,
            f"The Parquet footer has {footer_bytes:,} bytes; {MAX_FOOTER_BYTES:,} are allowed."
            " Write larger row groups, or several files.",
            footer_bytes=footer_bytes,
            limit=MAX_FOOTER_BYTES,
        )


def check_footer(footer: ParquetFooter, rules: FileRules) -> None:
    """Raises RefusedError for columns or types that do not fit the contract, and for a file without rows."""
    check_columns([column.name for column in footer.columns], rules)
    if unknown := footer.codecs - CODECS:
        raise RefusedError(
            Reason.UNSUPPORTED_FORMAT,
            f"The Parquet file is compressed with {' and '.join(sorted(unknown))}, which the lake cannot read."
            " Write it with zstd or snappy and drop it again.",
            codecs=sorted(unknown),
        )
    expected = {column.name: column for column in rules.columns}
    wrong = [(column, expected[column.name]) for column in footer.columns if not fits(column, expected[column.name])]
    if wrong:
        listed = ", ".join(f"{column.name} is {column.type}, not {wanted.type}" for column, wanted in wrong)
        raise RefusedError(
            Reason.WRONG_TYPES,
            f"Columns have types the contract {rules.dataset} {rules.contract_version} does not allow: {listed}."
            " Cast them in the producer and drop the file again.",
            columns={column.name: {"found": column.type, "expected": wanted.type} for column, wanted in wrong},
        )
    if footer.rows == 0:
        raise RefusedError(Reason.NO_ROWS, "The file has columns and no rows. If there is nothing, send no file.")


def fits(column: ParquetColumn, wanted: ExpectedColumn) -> bool:
    """Return whether every value of the column is a value of the wanted type, without rounding and without parsing."""
    kind = wanted.type.partition("(")[0]
    if kind == "decimal":
        return _decimal_fits(column.type, wanted.type)
    if kind == "timestamp":
        return _timestamp_fits(column)
    return kind in ARROW_TYPES and ARROW_TYPES[kind].fullmatch(column.type) is not None


def _decimal_fits(found: str, wanted: str) -> bool:
    limit, own = re.search(r"\((\d+), ?(\d+)\)", wanted), DECIMAL.fullmatch(found)
    if limit is None or own is None:
        return INTEGERS.fullmatch(found) is not None
    precision, scale = int(own[1]), int(own[2])
    return scale <= int(limit[2]) and precision - scale <= int(limit[1]) - int(limit[2])


def _timestamp_fits(column: ParquetColumn) -> bool:
    """Spark 3.5 reads INT96, which Arrow shows as nanoseconds, but fails on nanoseconds that are declared as such."""
    match = TIMESTAMP.fullmatch(column.type)
    return match is not None and (match[1] != "ns" or column.physical == "INT96")
