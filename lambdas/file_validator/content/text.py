"""Check text of any format: is it UTF-8, is it text at all, are its lines short enough.

Lines are not examined one by one, which would be slower.
"""

import codecs
from typing import Final

from lambdas.file_validator.content.refusal import Reason, RefusedError

UTF8_BOM: Final = codecs.BOM_UTF8
FOREIGN_BOMS: Final = {  # UTF-32 first: its little-endian mark starts with that of UTF-16
    codecs.BOM_UTF32_LE: "UTF-32 (little endian)",
    codecs.BOM_UTF32_BE: "UTF-32 (big endian)",
    codecs.BOM_UTF16_LE: "UTF-16 (little endian)",
    codecs.BOM_UTF16_BE: "UTF-16 (big endian)",
}
KNOWN_BINARIES: Final = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"BZh": "bzip2 data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"\xfd7zXZ": "xz data",
    b"\x1f\x8b": "gzip data",
}
CONTROLS: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n\r\f\x1a\x1b"})
MAX_CONTROL_SHARE: Final = 0.02
SHORT_LINE_BYTES: Final = 16 * 1024
MIN_UTF16_SHARE: Final = 0.3
"""Least share of zeros among every second byte of UTF-16: in western text nearly all of them are zero."""


class TextCheck:
    """Feed it chunks of a text without its byte order mark, then `finish`; it raises RefusedError at the first fault.

    `offset` is where the text starts in the file, so that messages name true positions.
    """

    def __init__(self, max_line_bytes: int, offset: int = 0, short_line_bytes: int = SHORT_LINE_BYTES) -> None:
        self._max_line = max_line_bytes
        self._reach = min(short_line_bytes, max_line_bytes)
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._offset = offset
        self._open_line = 0
        self._newlines = 0

    @property
    def lines(self) -> int:
        """Lines so far, the last one also counted when no newline ends it."""
        return self._newlines + (self._open_line > 0)

    @property
    def line_bytes_at_most(self) -> int:
        """An upper bound of the bytes of a line so far: `short_line_bytes`, doubled as often as needed.

        Readers size their buffers by it.
        """
        return self._reach

    def feed(self, chunk: bytes, lines: bytes | None = None) -> None:
        """Check the next chunk. `lines` has other line ends, which count instead of the chunk's."""
        if b"\0" in chunk:
            raise RefusedError(*_what_has_zeros(chunk), offset=self._offset + chunk.index(0))
        self._check_lines(chunk if lines is None else lines)
        self._check_utf8(chunk)
        self._offset += len(chunk)

    def finish(self) -> None:
        self._check_utf8(b"", final=True)

    def _check_utf8(self, chunk: bytes, *, final: bool = False) -> None:
        carried = len(self._decoder.getstate()[0])
        if chunk.isascii() and not carried:
            return  # the common case, at the speed of memory
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            offset = self._offset - carried + error.start
            raise RefusedError(
                Reason.WRONG_ENCODING,
                f"Byte 0x{error.object[error.start]:02X} at offset {offset:,} is not UTF-8; the file is probably"
                " Windows-1252 or Latin-1. Convert it, e.g. `iconv -f windows-1252 -t utf-8`, and drop it again.",
                offset=offset,
                byte=f"0x{error.object[error.start]:02X}",
            ) from error

    def _check_lines(self, chunk: bytes) -> None:
        first = chunk.find(b"\n")
        if first < 0:
            self._open_line += len(chunk)
            self._check_open_line(self._open_line)
            return
        self._check_open_line(self._open_line + first)
        # Step from the last newline within reach to the next: a few searches a chunk, however many lines it has.
        start = first + 1
        while len(chunk) - start > self._reach:
            end = chunk.rfind(b"\n", start, start + self._reach + 1)
            if end >= 0:
                start = end + 1
            elif self._reach < self._max_line:
                self._reach = min(2 * self._reach, self._max_line)
            else:
                self._newlines += chunk.count(b"\n", 0, start)
                self._check_open_line(self._max_line + 1)
        self._newlines += chunk.count(b"\n")
        self._open_line = len(chunk) - chunk.rfind(b"\n") - 1

    def _check_open_line(self, length: int) -> None:
        if length > self._max_line:
            raise RefusedError(
                Reason.LINE_TOO_LONG,
                f"Line {self._newlines + 1:,} has more than {self._max_line:,} bytes; the contract allows no more."
                " A line break is missing, or a quote is not closed: correct the line and drop the file again.",
                line=self._newlines + 1,
                limit=self._max_line,
            )
        while length > self._reach:
            self._reach = min(2 * self._reach, self._max_line)


def check_head(head: bytes) -> None:
    """Raises RefusedError for encodings and binary formats known by their first bytes. `head` is up to 4 KiB."""
    for mark, encoding in FOREIGN_BOMS.items():
        if head.startswith(mark):
            raise RefusedError(*_foreign(encoding, "starts with its byte order mark"), encoding=encoding)
    for magic, thing in KNOWN_BINARIES.items():
        if head.startswith(magic):
            raise RefusedError(
                Reason.BINARY_CONTENT,
                f"The name says text, but the content is {thing}. Export it as UTF-8 text and drop it again.",
                found=thing,
            )
    if b"\0" in head:
        raise RefusedError(*_what_has_zeros(head), offset=head.index(0))
    controls = len(head) - len(head.translate(None, CONTROLS))
    if controls > len(head) * MAX_CONTROL_SHARE:
        raise RefusedError(*_binary(), control_bytes=controls, of=len(head))


def _what_has_zeros(data: bytes) -> tuple[Reason, str]:
    sample = data[:4096]
    for start, encoding in ((1, "UTF-16 (little endian)"), (0, "UTF-16 (big endian)")):
        if sample[start::2].count(0) > len(sample) * MIN_UTF16_SHARE and not sample[1 - start :: 2].count(0):
            return _foreign(encoding, "has a zero in every second byte")
    return _binary()


def _foreign(encoding: str, sign: str) -> tuple[Reason, str]:
    message = f"The file is {encoding}: it {sign}. The contract asks for UTF-8; convert it and drop it again."
    return Reason.WRONG_ENCODING, message


def _binary() -> tuple[Reason, str]:
    message = "The name says text, but the content holds bytes no text has. Export it as UTF-8 text and drop it again."
    return Reason.BINARY_CONTENT, message
