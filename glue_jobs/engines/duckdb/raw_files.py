"""Files of a manifest as local copies of which DuckDB can misread nothing: one record a line, quotes where needed.

Texts are read from S3 in blocks, so that memory does not depend on their size; Parquet files are downloaded. Keys of
S3 are taken literally: DuckDB would read `*`, `?` and `[` in them as patterns.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from botocore.exceptions import ClientError

from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.aws.objects import S3Uri
from cartlake.aws.streams import ObjectStream
from cartlake.contracts.rules.sql import text_literal
from cartlake.csv_copies import Split, split_records
from cartlake.csv_records import CsvLayout
from cartlake.errors import TerminalError
from cartlake.json_objects import one_object_a_line
from cartlake.row_shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cartlake.contracts import Contract
    from cartlake.row_shapes import RowShape
    from cartlake.runs.documents import ManifestFile

_LINE_DELIMITER: Final = "\x07"
_LINE_QUOTE: Final = "\x06"
SHAPED: Final = 8
"""Times that a line can become longer by its shape."""
_QUOTES_BYTES: Final = 3
"""Bytes that a field may take in a copy beside its text: a delimiter and two quotes."""


@dataclass(frozen=True, slots=True)
class CsvCopy:
    """The well-formed records of a CSV file, and the texts of the malformed ones, each in a file of its own."""

    good: Path
    malformed: Path
    split: Split


def download(file: ManifestFile, folder: Path) -> Path:
    """Download a file. Raises TerminalError naming it when it is not there."""
    uri, target = S3Uri.parse(file.uri), folder / f"{file.file_id}.{file.format.kind}"
    try:
        client("s3").download_file(uri.bucket, uri.key, str(target))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            raise TerminalError(_missing(file)) from error
        raise
    return target


def copy_csv(file: ManifestFile, layout: CsvLayout, folder: Path) -> CsvCopy:
    """Split a CSV file into records. Raises TerminalError naming a file that is not the gzip it should be."""
    good, malformed = folder / f"{file.file_id}.good", folder / f"{file.file_id}.malformed"
    with _opened(file) as source, good.open("wb") as well, malformed.open("wb") as badly:
        split = split_records(source, well, badly, layout)
    return CsvCopy(good, malformed, split)


def copy_objects(file: ManifestFile, folder: Path, most_bytes: int, shape: RowShape | None = None) -> Path:
    """Copy the lines of a text, cut where JSON objects of at most `most_bytes` meet in one, each as one value.

    Rows of a shape are written by it. Raises TerminalError naming a file that is no gzip file.
    """
    target = folder / f"{file.file_id}.lines"
    with _opened(file) as source, target.open("wb") as copy:
        for block in one_object_a_line(source, most_bytes):
            lines = block.replace(b"\r\n", b"\n") if b"\r" in block else block
            if shape:
                lines = b"\n".join(map(shape.line, lines.split(b"\n")))
            special = any(mark in lines for mark in _MARKS)
            copy.write(b"\n".join(map(_one_value, lines.split(b"\n"))) if special else lines)
    return target


def read_csv_sql(paths: Sequence[Path], columns: Sequence[str], layout: CsvLayout) -> str:
    """Return the call of `read_csv` that reads copies: the named columns as strings, and `_path`.

    `layout` has delimiter and quote.
    """
    quote, listed = text_literal(layout.quote), ", ".join(text_literal(str(path)) for path in paths)
    types = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in columns)
    longest = 2 * layout.record_bytes + _QUOTES_BYTES * len(columns)
    return (
        f"read_csv([{listed}], columns = {{{types}}}, auto_detect = false, header = false, filename = '_path', "
        f"delim = {text_literal(layout.delimiter)}, quote = {quote}, escape = {quote}, strict_mode = true, "
        f"nullstr = '', allow_quoted_nulls = true, new_line = '\\n', max_line_size = {max(longest, 2**21)})"
    )


def lines_layout(contract: Contract) -> CsvLayout:
    r"""How `copy_objects` writes lines. Those of a shape can be longer than they were: `1` becomes `\"1\"`."""
    longer = 1 if shape_of(contract) is None else SHAPED
    return CsvLayout(1, _LINE_DELIMITER, _LINE_QUOTE, longer * contract.max_line_bytes)


_MARKS: Final = (b"\r", _LINE_DELIMITER.encode(), _LINE_QUOTE.encode())


def _one_value(line: bytes) -> bytes:
    quote = _LINE_QUOTE.encode()
    if not any(mark in line for mark in _MARKS):
        return line
    return quote + line.replace(quote, quote + quote) + quote


@contextmanager
def _opened(file: ManifestFile) -> Iterator[BinaryIO]:
    """The text of a file while it is read from S3."""
    is_gzip = file.format.compression == "gzip"
    try:
        with (
            ObjectStream(S3Uri.parse(file.uri)) as stored,
            gzip.GzipFile(fileobj=stored) if is_gzip else stored as text,
        ):
            yield text  # type: ignore[misc]
    except s3.ObjectMissingError as error:
        raise TerminalError(_missing(file)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TerminalError(f"{file.uri} is not whole gzip data: {error}. Write it again and drop it.") from error


def _missing(file: ManifestFile) -> str:
    return f"{file.uri} does not exist any more. Drop it again."
