"""Judge whether an object is a file the lake can load: pure rules over a key and a stream of bytes.

Bad data is a verdict, never an exception. An exception means "deliver this message again", and no delivery will repair
a broken file. Nothing here uses AWS, the clock or the environment.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, Protocol, TypeAlias

from cartlake.json_objects import MeetingObjects
from cartlake.ledger import UNKNOWN_DATASET, Content
from cartlake.raw_zone import why_ignored
from cartlake.runs.documents import FileFormat
from lambdas.file_validator.content.conversions import conversion
from lambdas.file_validator.content.csv_head import CsvHead
from lambdas.file_validator.content.json_head import JsonHead, refuse_array
from lambdas.file_validator.content.line_records import LineRecords
from lambdas.file_validator.content.parquet import (
    ParquetFooter,
    UnreadableFooterError,
    check_envelope,
    check_footer,
)
from lambdas.file_validator.content.refusal import Reason, RefusedError, Rejection
from lambdas.file_validator.content.rules import FileRules
from lambdas.file_validator.content.stored import GZIP_MAGIC, ByteStream, Gunzip, StoredBytes, check_file_size
from lambdas.file_validator.content.text import UTF8_BOM, TextCheck, check_head

Kind: TypeAlias = Literal["csv", "jsonl", "parquet"]

EXTENSION: Final = re.compile(r".+\.(?:(?P<text>(?i:csv|jsonl|ndjson|json))(?P<gz>\.gz)?|(?i:parquet))")
UNREADABLE_NAME: Final = re.compile(r"[\\\x00-\x1f\x7f]|/\.{0,2}/")
"""Characters that Hadoop's paths cannot hold, and folders it leaves out: empty ones, `.` and `..`."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Not a file: a folder made in the console, or a marker that a tool left."""

    why: str


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A file that is refused by its key alone."""

    dataset: str
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file whose key is right, so that its content decides."""

    dataset: str
    kind: Kind
    gzip_name: bool


Verdict: TypeAlias = Content | Rejection


def locate(key: str, size: int, datasets: Collection[str]) -> Ignored | Misplaced | Candidate:
    """Judge an object by its key and its size in bytes: `incoming/<dataset>/…/<name>.<extension>`."""
    folders, _, name = key.rpartition("/")
    top, *rest = folders.split("/")
    if why := why_ignored(key, size):
        return Ignored(why)
    if top != "incoming" or not rest:
        return _misplaced(
            Reason.UNRECOGNISED_KEY, f"{key!r} lies outside incoming/<dataset>/. Drop it under a dataset's folder."
        )
    if rest[0] not in datasets:
        return _misplaced(Reason.UNKNOWN_DATASET, _unknown_dataset(rest[0], datasets))
    return _locate_in_dataset(key, name, rest[0])


def _locate_in_dataset(key: str, name: str, dataset: str) -> Misplaced | Candidate:
    if not name or name.startswith(("_", ".")) or UNREADABLE_NAME.search(key):
        return _misplaced(
            Reason.UNRECOGNISED_KEY,
            f"{key!r} is a name Spark would skip or cannot read: names must not start with _ or . and must not contain"
            " backslashes or control characters, and no folder may be empty, `.` or `..`."
            " Rename the file and drop it again.",
            dataset,
        )
    extension = EXTENSION.fullmatch(name)
    if extension is None:
        return _misplaced(
            Reason.UNSUPPORTED_FORMAT,
            f"{name!r} has no extension the lake reads: .csv, .jsonl, .ndjson or .json, each also with .gz, or"
            f" .parquet. {_converted(name)}",
            dataset,
        )
    if extension["text"] is None:
        return Candidate(dataset, "parquet", gzip_name=False)
    kind: Kind = "csv" if extension["text"].lower() == "csv" else "jsonl"
    return Candidate(dataset, kind, gzip_name=extension["gz"] is not None)


def _converted(name: str) -> str:
    command = conversion(name)
    return f"Convert it: `{command}`, and drop that." if command else "Convert or rename the file and drop it again."


def _misplaced(reason: Reason, message: str, dataset: str = UNKNOWN_DATASET) -> Misplaced:
    return Misplaced(dataset, Rejection(reason, message))


def _unknown_dataset(name: str, datasets: Collection[str]) -> str:
    close = get_close_matches(name, datasets, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"No dataset is called {name!r}; there are: {', '.join(sorted(datasets))}.{hint}"


class File(Protocol):
    """The bytes of one file. Its methods raise for failures of reading, not for faults of the file."""

    @property
    def size(self) -> int: ...
    def chunks(self) -> Iterable[bytes]: ...
    def parquet_footer(self) -> ParquetFooter: ...


def examine(candidate: Candidate, rules: FileRules, file: File) -> Verdict:
    """Read a file once, from front to back, in memory that does not depend on its size; stop at the first fault.

    Returns checksum, format and estimated rows of a good file, or why it is rejected.
    """
    try:
        _check_format(candidate, rules)
        check_file_size(file.size, rules.max_file_bytes)
        stored = StoredBytes(file.chunks(), rules.max_file_bytes)
        if candidate.kind == "parquet":
            return _examine_parquet(stored, rules, file)
        return _examine_text(candidate, stored, rules)
    except RefusedError as refused:
        return refused.rejection


def _check_format(candidate: Candidate, rules: FileRules) -> None:
    compression = "gzip" if candidate.gzip_name else "none"
    if candidate.kind not in rules.formats or compression not in rules.compressions:
        raise RefusedError(
            Reason.UNSUPPORTED_FORMAT,
            f"The contract {rules.dataset} {rules.contract_version} takes {', '.join(rules.formats)} with compression"
            f" {' or '.join(rules.compressions)}; this file says {candidate.kind} with {compression}.",
            formats=list(rules.formats),
            compressions=list(rules.compressions),
        )


def _examine_parquet(stored: StoredBytes, rules: FileRules, file: File) -> Content:
    stream = ByteStream(stored)
    head = stream.peek()
    _refuse_empty(head)
    for _ in stream:
        pass  # the checksum needs every byte; the footer alone is read again
    check_envelope(head, stored.tail, stored.size)
    try:
        footer = file.parquet_footer()
    except UnreadableFooterError as error:
        raise RefusedError(
            Reason.CORRUPT_PARQUET, f"The Parquet footer cannot be read ({error}). Write the file again and drop it."
        ) from error
    check_footer(footer, rules)
    written = [column.name for column in footer.columns]
    header = [rules.column_of(name) for name in written]
    names = {name: column for name, column in zip(written, header, strict=True) if name != column}
    found = FileFormat(kind="parquet", header=header, names=names)
    return _content(stored, rules, found, rows=footer.chunks.rows, expanded=footer.chunks.expanded_size)


def _examine_text(candidate: Candidate, stored: StoredBytes, rules: FileRules) -> Content:
    stream, gunzip = _expanded(candidate, stored, rules)
    check_head(stream.peek())
    is_csv = candidate.kind == "csv"
    offset = stream.skip(UTF8_BOM)
    if not is_csv:
        refuse_array(stream.peek())
    text = TextCheck(rules.max_line_bytes, offset=offset)
    beginning: CsvHead | JsonHead = CsvHead(rules) if is_csv else JsonHead(rules)
    records: LineRecords | MeetingObjects = LineRecords(rules.delimiter, rules.quote) if is_csv else MeetingObjects()
    expanded = 0
    for chunk in stream:
        expanded += len(chunk)
        if isinstance(records, MeetingObjects):
            text.feed(chunk, records.feed(chunk))
            beginning.feed(chunk)
        else:
            text.feed(chunk)
            beginning.feed(chunk)
            records.feed(chunk)
    text.finish()
    beginning.finish()
    header, names = (beginning.header, {}) if isinstance(beginning, CsvHead) else ([], beginning.names)
    found = FileFormat(
        kind=candidate.kind,
        compression="gzip" if candidate.gzip_name else "none",
        delimiter=rules.delimiter,
        header=header,
        line_bytes_at_most=text.line_bytes_at_most,
        line_is_record=records.finish(),
        has_padding=gunzip is not None and gunzip.has_padding,
        names=names,
    )
    return _content(stored, rules, found, rows=text.lines - (1 if header else 0), expanded=expanded)


def _expanded(candidate: Candidate, stored: StoredBytes, rules: FileRules) -> tuple[ByteStream, Gunzip | None]:
    """Return the text of a file: its bytes, or what they expand to, and what expands them."""
    stream = ByteStream(stored)
    _refuse_empty(stream.peek())
    _check_compression(stream.peek(), candidate)
    if candidate.gzip_name:
        gunzip = Gunzip(stored, rules.max_expanded_bytes, rules.max_expansion_ratio)
        stream = ByteStream(gunzip.expand(stream))
        _refuse_empty(stream.peek())
        return stream, gunzip
    return stream, None


def _refuse_empty(head: bytes) -> None:
    if not head:
        raise RefusedError(Reason.EMPTY_FILE, "The file has no bytes. If there is nothing to send, send no file.")


def _check_compression(head: bytes, candidate: Candidate) -> None:
    """Name and content must agree: the transform job, like all of Hadoop, goes by the name."""
    is_gzip = head.startswith(GZIP_MAGIC)
    if is_gzip and not candidate.gzip_name:
        raise RefusedError(
            Reason.WRONG_COMPRESSION, "The content is gzip, but the name does not say so. Add .gz and drop it again."
        )
    if candidate.gzip_name and not is_gzip:
        raise RefusedError(
            Reason.WRONG_COMPRESSION,
            f"The name says gzip, but the content starts with {head[:4]!r}. Compress it, or drop it without .gz.",
        )


def _content(stored: StoredBytes, rules: FileRules, found: FileFormat, *, rows: int, expanded: int) -> Content:
    return Content(
        sha256=stored.sha256,
        contract_version=rules.contract_version,
        format=found,
        row_estimate=max(rows, 1),
        expanded_size=expanded,
        loads_again=rules.loads_again,
    )
