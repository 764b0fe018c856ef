"""Check the footer of a Parquet file, which the caller reads: its columns and types against the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cartlake.contracts.types import List, Struct
from lambdas.file_validator.content.columns import check_columns, columns_called
from lambdas.file_validator.content.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cartlake.contracts.types import Type
    from lambdas.file_validator.content.parquet_chunks import Chunks
    from lambdas.file_validator.content.rules import ExpectedColumn, FileRules

MAGIC: Final = b"PAR1"
SMALLEST_FILE: Final = 12
MAX_FOOTER_BYTES: Final = 16 << 20
"""A decoded footer takes several times its size; this much fits beside everything else into 512 MB."""

INTEGERS: Final = re.compile(r"u?int(8|16|32)|int64")  # uint64 does not fit into any integer of Spark
DECIMAL: Final = re.compile(r"decimal(?:\d+)?\((\d+), ?(-?\d+)\)")
LISTS: Final = re.compile(r"(large_|fixed_size_)?list<")
WITHOUT_TEXT: Final = re.compile(r"map<|(large_|fixed_size_)?binary|time(32|64)|duration|interval|month_|struct<>")
TIMESTAMP: Final = re.compile(r"timestamp\[(s|ms|us|ns)(?:, tz=.*)?\]")
CODECS: Final = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4", "LZ4_RAW"})
"""Codecs that both engines read; Spark reads no BROTLI."""

ENCODINGS: Final = frozenset(
    {
        "PLAIN",
        "PLAIN_DICTIONARY",
        "RLE_DICTIONARY",
        "RLE",
        "BIT_PACKED",
        "DELTA_BINARY_PACKED",
        "DELTA_LENGTH_BYTE_ARRAY",
        "DELTA_BYTE_ARRAY",
    }
)
"""Encodings that both engines read; Spark reads no BYTE_STREAM_SPLIT, DuckDB only that of floats and doubles."""

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
    parts: tuple[ParquetColumn, ...] = ()
    """The fields of a struct, or the element of a list."""


@dataclass(frozen=True, slots=True)
class ParquetFooter:
    """Columns as Arrow shows them, and what the footer says of the data."""

    columns: tuple[ParquetColumn, ...]
    chunks: Chunks


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
    found = columns_called([column.name for column in footer.columns], rules)
    _check_case([column.name for column in footer.columns])
    check_columns(found, rules)
    _check_chunks(footer.chunks)
    expected = {column.name: column for column in rules.columns}
    pairs = list(zip(footer.columns, found, strict=True))
    known = [(column, expected[name]) for column, name in pairs if name in expected]
    others = rules.unknown_columns == "ignore"
    wrong = [(column, wanted) for column, wanted in known if not fits(column, wanted, may_have_more=others)]
    if rules.unknown_columns == "keep":
        _check_kept([column for column, name in pairs if name not in expected])
    if wrong:
        listed = ", ".join(f"{column.name} is {column.type}, not {wanted.type}" for column, wanted in wrong)
        raise RefusedError(
            Reason.WRONG_TYPES,
            f"Columns have types the contract {rules.dataset} {rules.contract_version} does not allow: {listed}."
            " Cast them in the producer and drop the file again.",
            columns={column.name: {"found": column.type, "expected": wanted.type} for column, wanted in wrong},
        )
    if footer.chunks.rows == 0:
        raise RefusedError(Reason.NO_ROWS, "The file has columns and no rows. If there is nothing, send no file.")


def _check_case(names: Sequence[str]) -> None:
    """Raises RefusedError for names that only differ in case: SQL engines take them for one."""
    repeated = [name for name in names if [other.casefold() for other in names].count(name.casefold()) > 1]
    if repeated:
        raise RefusedError(
            Reason.DUPLICATE_COLUMNS,
            f"Columns differ in upper and lower case only: {', '.join(repeated)}. Rename one of each and drop the file"
            " again.",
            columns=repeated,
        )


def _check_chunks(chunks: Chunks) -> None:
    if chunks.encrypted:
        raise RefusedError(
            Reason.UNSUPPORTED_FORMAT,
            "Columns of the Parquet file are encrypted or lie in other files. Write it as one file, without"
            " encryption, and drop it again.",
        )
    if unknown := chunks.codecs - CODECS:
        raise RefusedError(
            Reason.UNSUPPORTED_FORMAT,
            f"The Parquet file is compressed with {' and '.join(sorted(unknown))}, which the lake cannot read."
            " Write it with zstd or snappy and drop it again.",
            codecs=sorted(unknown),
        )
    if unread := sorted(f"{encoding} of {kind}" for kind, encoding in chunks.encodings if encoding not in ENCODINGS):
        raise RefusedError(
            Reason.UNSUPPORTED_FORMAT,
            f"Values of the Parquet file are encoded as {' and '.join(unread)}, which the lake cannot read."
            " Write it with the writer's default encodings and drop it again.",
            encodings=unread,
        )


def fits(column: ParquetColumn, wanted: ExpectedColumn, *, may_have_more: bool = False) -> bool:
    """Return whether every value of the column is a value of the wanted type, without rounding and without parsing.

    `may_have_more`: structs may have fields that are not wanted.
    """
    return _fits(column, wanted.structure, may_have_more)


def _fits(column: ParquetColumn, wanted: Type, may_have_more: bool) -> bool:  # noqa: FBT001 - as `fits` was told
    match wanted:
        case List(element):
            is_list = LISTS.match(column.type) is not None and len(column.parts) == 1
            return is_list and _fits(column.parts[0], element, may_have_more)
        case Struct(fields):
            kinds, names = dict(fields), [wanted.called(part.name) for part in column.parts]
            pairs = zip(column.parts, names, strict=True)
            known = all(_fits(part, kinds[name], may_have_more) for part, name in pairs if name in kinds)
            extra = any(name not in kinds for name in names) and not may_have_more
            return column.type.startswith("struct<") and known and not extra and len(set(names)) == len(names)
    kind = wanted.name.partition("(")[0]
    if kind == "decimal":
        return _decimal_fits(column.type, wanted.name)
    if kind == "timestamp":
        return _timestamp_fits(column)
    return kind in ARROW_TYPES and ARROW_TYPES[kind].fullmatch(column.type) is not None


def _check_kept(unknown: list[ParquetColumn]) -> None:
    """Raises RefusedError for columns that cannot be kept as JSON: of bytes, maps and times of day."""
    found = {column.name: column.type for column in unknown if not _has_text(column)}
    if found:
        listed = ", ".join(f"{name} is {kind}" for name, kind in found.items())
        raise RefusedError(
            Reason.WRONG_TYPES,
            f"The contract keeps unknown columns as JSON, which these cannot be: {listed}. Cast them in the producer,"
            " or leave them out, and drop the file again.",
            columns=found,
        )


def _has_text(column: ParquetColumn) -> bool:
    if column.parts:
        return all(map(_has_text, column.parts))
    return WITHOUT_TEXT.match(column.type) is None


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
