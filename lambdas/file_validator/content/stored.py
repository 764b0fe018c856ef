"""Read stored bytes: count and hash them, and expand gzip, all within the contract's limits."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from lambdas.file_validator.content.refusal import Reason, RefusedError

GZIP_MAGIC: Final = b"\x1f\x8b"
WINDOW: Final = 1 << 20
"""Most bytes one step of decompression may yield."""

FEED: Final = 1 << 16
"""Bytes given to the decompressor at once: a member that ends early leaves at most this much to copy."""

RATIO_COUNTS_FROM: Final = 64 << 20
"""Expanded bytes from which the ratio is checked: small files of one repeated line compress far better than others."""

TINY_MEMBERS: Final = 10_000
"""With more gzip members than this, each must hold a kilobyte on average: many empty ones take time to no purpose."""


class StoredBytes:
    """Iterates over chunks, keeping their SHA-256, their number of bytes, and their last 8 bytes.

    Raises RefusedError beyond `max_bytes`.
    """

    def __init__(self, chunks: Iterable[bytes], max_bytes: int) -> None:
        self._chunks = chunks
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        self.size = 0
        self.tail = b""

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._sha256.update(chunk)
            self.size += len(chunk)
            self.tail = (self.tail + chunk[-8:])[-8:]
            check_file_size(self.size, self._max_bytes)
            yield chunk

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


def check_file_size(size: int, max_bytes: int) -> None:
    """Raises RefusedError for more bytes than the contract allows."""
    if size > max_bytes:
        raise RefusedError(
            Reason.FILE_TOO_LARGE,
            f"The file has {size:,} bytes or more; the contract allows {max_bytes:,}. Split it and drop the parts.",
            size=size,
            limit=max_bytes,
        )


class ByteStream:
    """Chunks of bytes whose beginning can be seen before it is read. Iterating reads what is left."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._head = b""

    def peek(self, size: int = 4096) -> bytes:
        """Return the next `size` bytes, or all there are, without reading them."""
        while len(self._head) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._head += chunk
        return self._head[:size]

    def skip(self, prefix: bytes) -> int:
        """Read `prefix` if it comes next. Returns how many bytes were read."""
        if self.peek(len(prefix)) != prefix:
            return 0
        self._head = self._head[len(prefix) :]
        return len(prefix)

    def __iter__(self) -> Iterator[bytes]:
        head, self._head = self._head, b""
        if head:
            yield head
        yield from self._chunks


class Gunzip:
    """Expands gzip chunks, member after member.

    Raises RefusedError as soon as they expand too far, are damaged or end too early.
    """

    def __init__(self, stored: StoredBytes, max_bytes: int, max_ratio: int) -> None:
        self._stored = stored
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._member = _new_member()
        self._between_members = False
        self._members = 1
        self.size = 0
        self.has_padding = False
        """Whether there were zero bytes behind a member."""

    def expand(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            for start in range(0, len(chunk), FEED):
                yield from self._feed(chunk[start : start + FEED])
        if not self._between_members:
            raise RefusedError(
                Reason.TRUNCATED_GZIP,
                f"The gzip data ends in the middle of a member, after {self._stored.size:,} stored bytes."
                " The upload was cut off, or the writer did not close the file: write and drop it again.",
                stored_bytes=self._stored.size,
                expanded_bytes=self.size,
            )

    def _feed(self, data: bytes) -> Iterator[bytes]:
        # What a full window leaves inside the decompressor comes out with the trailer, which no member lacks.
        while data:
            if self._between_members:
                self.has_padding = self.has_padding or data.startswith(b"\0")
                data = data.lstrip(b"\0")  # zero padding after a member is allowed
                if not data:
                    return
                self._next_member()
            piece = self._decompress(data)
            self._check(len(piece))
            if piece:
                yield piece
            self._between_members = self._member.eof
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def _next_member(self) -> None:
        self._member, self._between_members = _new_member(), False
        self._members += 1
        if self._members > TINY_MEMBERS and self.size < self._members * 1024:
            raise RefusedError(
                Reason.GZIP_BOMB,
                f"The gzip file consists of {self._members:,} or more nearly empty members, {self.size:,} bytes in all."
                " Compress the file as one member.",
                members=self._members,
                expanded_bytes=self.size,
            )

    def _decompress(self, data: bytes) -> bytes:
        try:
            return self._member.decompress(data, WINDOW)
        except zlib.error as error:
            raise RefusedError(
                Reason.CORRUPT_GZIP,
                f"The gzip data is damaged after {self.size:,} expanded bytes ({error})."
                " Check the file with `gzip -t`, write it again and drop it.",
                expanded_bytes=self.size,
            ) from error

    def _check(self, grown: int) -> None:
        self.size += grown
        ratio = self.size / max(self._stored.size, 1)
        too_dense = self.size > RATIO_COUNTS_FROM and ratio > self._max_ratio
        if self.size > self._max_bytes or too_dense:
            raise RefusedError(
                Reason.GZIP_BOMB,
                f"The file expands to {self.size:,} bytes and more from {self._stored.size:,} stored ones; the contract"
                f" allows {self._max_bytes:,} bytes and {self._max_ratio} for 1. Split it and drop the parts.",
                expanded_bytes=self.size,
                stored_bytes=self._stored.size,
                limit=self._max_bytes,
                max_ratio=self._max_ratio,
            )


def _new_member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=31)  # 31: a gzip header and checksum, and nothing else
