"""Metadata files of Iceberg tables through boto3, where Arrow's S3 file system would be 136 MB of a Lambda layer.

PyIceberg reads and writes metadata and manifests with it: whole small objects, in one request each. It reads the same
ones again and again, for each scan and each commit. They are never changed, only replaced by others under new names, so
the most recent are kept in memory. Data files are read and written by DuckDB.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from pyiceberg.io import FileIO, InputFile, OutputFile

from cartlake.aws import s3
from cartlake.aws.clients import aws_errors, client
from cartlake.aws.objects import S3Uri

if TYPE_CHECKING:
    from pyiceberg.io import InputStream, OutputStream

FILE_IO: Final = "cartlake.tables.file_io.S3FileIO"
"""The value of the catalog's property `py-io-impl`."""
_KEPT_BYTES: Final = 16 * 1024**2
_NEVER_CHANGED: Final = (".avro", ".metadata.json")


class RecentObjects:
    """The contents of the objects read or written last, as long as they are at most `max_bytes` together."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, location: str) -> bytes | None:
        """Return the content of an object that is kept, else None."""
        with self._lock:
            if location in self._contents:
                self._contents.move_to_end(location)
            return self._contents.get(location)

    def keep(self, location: str, content: bytes) -> None:
        """Keep a content, and let go of those that were not read for longest."""
        self.drop(location)
        with self._lock:
            self._contents[location] = content
            self._bytes += len(content)
            while self._bytes > self._max_bytes:
                _, oldest = self._contents.popitem(last=False)
                self._bytes -= len(oldest)

    def drop(self, location: str) -> None:
        """Let go of an object."""
        with self._lock:
            self._bytes -= len(self._contents.pop(location, b""))


_RECENT: Final = RecentObjects(_KEPT_BYTES)


class S3FileIO(FileIO):
    """Objects by their `s3://bucket/key`."""

    def new_input(self, location: str) -> InputFile:
        return _Object(location)

    def new_output(self, location: str) -> OutputFile:
        return _NewObject(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        place = location if isinstance(location, str) else location.location
        uri = S3Uri.parse(place)
        _RECENT.drop(place)
        with aws_errors():
            client("s3").delete_object(Bucket=uri.bucket, Key=uri.key)


class _Object(InputFile):
    def __len__(self) -> int:
        head = s3.head(S3Uri.parse(self.location))
        if head is None:
            raise FileNotFoundError(f"{self.location} does not exist.")
        return head.size

    def exists(self) -> bool:
        return s3.head(S3Uri.parse(self.location)) is not None

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002, FBT001, FBT002 - PyIceberg's signature
        content = _RECENT.get(self.location)
        return io.BytesIO(self._read() if content is None else content)

    def _read(self) -> bytes:
        try:
            content = s3.read_bytes(self.location)
        except s3.ObjectMissingError as error:
            raise FileNotFoundError(f"{self.location} does not exist.") from error
        _keep(self.location, content)
        return content


class _NewObject(OutputFile):
    def __init__(self, location: str) -> None:
        super().__init__(location)
        self._size: int | None = None

    def __len__(self) -> int:
        return len(_Object(self.location)) if self._size is None else self._size

    def exists(self) -> bool:
        return _Object(self.location).exists()

    def to_input_file(self) -> InputFile:
        return _Object(self.location)

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: FBT001, FBT002 - PyIceberg's signature
        if not overwrite and self.exists():
            raise FileExistsError(f"{self.location} exists already.")
        return _Upload(self)

    def store(self, content: bytes) -> None:
        uri = S3Uri.parse(self.location)
        with aws_errors():
            client("s3").put_object(Bucket=uri.bucket, Key=uri.key, Body=content)
        self._size = len(content)
        _keep(self.location, content)


class _Upload(io.BytesIO):
    """Bytes that become the object when the stream is closed."""

    def __init__(self, target: _NewObject) -> None:
        super().__init__()
        self._target = target

    def close(self) -> None:
        if not self.closed:
            self._target.store(self.getvalue())
        super().close()


def _keep(location: str, content: bytes) -> None:
    if location.endswith(_NEVER_CHANGED):
        _RECENT.keep(location, content)
