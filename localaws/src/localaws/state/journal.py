"""A write-ahead log: changes that were answered are on disk before the answer, so that a kill loses none of them.

The log is files of lines, each a batch of changes with its CRC-32. A line that a kill cut off is the last of its file,
and was not answered: it is ignored. A new file begins at every start and at every save of the whole state, which
deletes the earlier ones. Nothing is synced to the disk: the operating system keeps what a killed process wrote, but
not after a power cut.
"""

from __future__ import annotations

import logging
import os
import threading
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger("localaws.state.journal")


class Journal:
    """The files of one log, in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: int | None = None
        self._number = max(self._numbers(), default=0)
        self._lock = threading.Lock()

    @property
    def number(self) -> int:
        """The number of the file that is written to."""
        return self._number

    def read(self) -> Iterator[bytes]:
        """Yield all batches in the order they were appended."""
        for number in self._numbers():
            yield from _batches(self._path(number))

    def append(self, batch: bytes) -> None:
        """Write one batch, a text without line breaks. Raises OSError when it cannot be written, and then leaves none.

        When it returns, the batch survives the end of this process.
        """
        line = b"%08x %b\n" % (zlib.crc32(batch), batch)
        with self._lock:
            file = self._open() if self._file is None else self._file
            size = os.fstat(file).st_size
            try:
                _write(file, line)
            except OSError:
                os.ftruncate(file, size)  # half a line would make the next one unreadable
                raise

    def rotate(self) -> int:
        """Go on in a new file; return its number. What was appended before is in files with lower numbers."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            self._number += 1
            return self._number

    def drop_before(self, number: int) -> None:
        """Delete the files with lower numbers."""
        for earlier in self._numbers():
            if earlier < number:
                self._path(earlier).unlink(missing_ok=True)

    def _open(self) -> int:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path(self._number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self._file

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._directory.glob("*.log"))

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:010d}.log"


def _write(file: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(file, rest) :]


def _batches(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            checksum, _, batch = line.rstrip(b"\n").partition(b" ")
            if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(batch):
                # After it there is nothing: the process was killed while it wrote this line.
                logger.warning("%s: the last line is incomplete and ignored; its call was not answered", path.name)
                return
            yield batch
