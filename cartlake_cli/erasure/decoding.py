"""The text in an object of any kind that a lake holds, for a search: nothing is hidden by compression or columns."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Opener: TypeAlias = Callable[[BinaryIO, int], Iterator[bytes]]

CHUNK: Final = 4 * 1024**2
OVERLAP: Final = 512
"""Bytes of a part that are repeated in the next: a word that is cut between them is found whole."""
MAX_DEPTH: Final = 3
_GZIP, _PARQUET, _AVRO, _ZIP, _BZIP2, _XZ, _ZSTD = (
    b"\x1f\x8b",
    b"PAR1",
    b"Obj\x01",
    b"PK\x03\x04",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
)


def texts_of(source: BinaryIO, depth: int = 0) -> Iterator[bytes]:
    """Yield the content in parts of some MB: decompressed, and of Parquet and Avro the values that are stored.

    What cannot be decoded, because it is damaged or nested too deep, is yielded as it is. `source` can be sought.
    """
    yield from _parts(source)
    opened = _opener(_start(source)) if depth < MAX_DEPTH else None
    if opened is None:
        return
    try:
        source.seek(0)
        yield from opened(source, depth)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, pa.ArrowException):
        return  # damaged: the bytes themselves were yielded


def _opener(start: bytes) -> Opener | None:
    for mark, opened in _OPENERS.items():
        if start.startswith(mark):
            return opened
    return None


def _start(source: BinaryIO) -> bytes:
    source.seek(0)
    return source.read(8)


def _parts(source: BinaryIO) -> Iterator[bytes]:
    source.seek(0)
    tail = b""
    while part := source.read(CHUNK):
        yield tail + part
        tail = part[-OVERLAP:]


def _stream(kind: Any) -> Opener:
    """Return the opener of a module with `open`, such as gzip."""

    def opened(source: BinaryIO, depth: int) -> Iterator[bytes]:
        with kind.open(source) as inner:
            yield from _nested(inner, depth)

    return opened


def _nested(inner: BinaryIO, depth: int) -> Iterator[bytes]:
    yield from texts_of(inner, depth + 1) if inner.seekable() else texts_of(io.BytesIO(inner.read()), depth + 1)


def _zip(source: BinaryIO, depth: int) -> Iterator[bytes]:
    with zipfile.ZipFile(source) as archive:
        for name in archive.namelist():
            yield name.encode()
            yield from texts_of(io.BytesIO(archive.read(name)), depth + 1)


def _zstd(source: BinaryIO, depth: int) -> Iterator[bytes]:
    with pa.CompressedInputStream(source, "zstd") as inner:
        yield from texts_of(io.BytesIO(inner.read()), depth + 1)


def _parquet(source: BinaryIO, _depth: int) -> Iterator[bytes]:
    file = pq.ParquetFile(source)
    yield str(file.metadata.metadata).encode()
    for batch in file.iter_batches():
        for column in batch.columns:
            yield from _values(column)


def _values(column: pa.Array) -> Iterator[bytes]:
    """Yield the texts of a column, also of nested ones, with a line feed between them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _values(column.dictionary_decode())
    elif pa.types.is_struct(kind):
        for part in column.flatten():
            yield from _values(part)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        yield from _values(column.flatten() if not pa.types.is_map(kind) else column.keys)
        if pa.types.is_map(kind):
            yield from _values(column.items)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield "\n".join(value for value in pc.drop_null(column).to_pylist()).encode()
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        yield b"\n".join(pc.drop_null(column).to_pylist())
    else:
        yield "\n".join(str(value) for value in pc.drop_null(column).to_pylist()).encode()


def _avro(source: BinaryIO, _depth: int) -> Iterator[bytes]:
    """Yield the blocks of an Avro file, decompressed: its texts and bytes stand in them as they are.

    https://avro.apache.org/docs/1.12.0/specification/#object-container-files
    """
    source.read(4)
    meta: dict[str, bytes] = {}
    while number := _long(source):
        if number < 0:
            _long(source)
        for _ in range(abs(number)):
            name = source.read(_long(source)).decode()
            meta[name] = source.read(_long(source))
    source.read(16)
    codec = meta.get("avro.codec", b"null")
    while source.peek(1) if isinstance(source, io.BufferedReader) else _more(source):
        _long(source)
        block = source.read(_long(source))
        yield _block(block, codec)
        source.read(16)


def _more(source: BinaryIO) -> bool:
    place = source.tell()
    found = source.read(1)
    source.seek(place)
    return bool(found)


def _block(block: bytes, codec: bytes) -> bytes:
    match codec:
        case b"deflate":
            return zlib.decompress(block, -zlib.MAX_WBITS)
        case b"zstandard":
            return bytes(pa.CompressedInputStream(pa.BufferReader(block), "zstd").read())
        case b"bzip2":
            return bz2.decompress(block)
        case b"xz":
            return lzma.decompress(block)
        case _:
            return block


def _long(source: BinaryIO) -> int:
    """Read a number as Avro writes it: zigzag, seven bits a byte, lowest first. Raises EOFError where there is none."""
    shift = number = 0
    while True:
        found = source.read(1)
        if not found:
            raise EOFError("an Avro file ends within a number")
        number |= (found[0] & 0x7F) << shift
        if not found[0] & 0x80:
            return (number >> 1) ^ -(number & 1)
        shift += 7


_OPENERS: Final = {
    _GZIP: _stream(gzip),
    _BZIP2: _stream(bz2),
    _XZ: _stream(lzma),
    _ZIP: _zip,
    _ZSTD: _zstd,
    _PARQUET: _parquet,
    _AVRO: _avro,
}
