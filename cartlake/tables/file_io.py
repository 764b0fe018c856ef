"""Metadata files of Iceberg tables through boto3, where Arrow's S3 file system would be 136 MB of a Lambda layer.

PyIceberg reads and writes metadata and manifests with it: whole small objects, in one request each. Data files are
read and written by DuckDB. Iceberg never writes one of these files twice, so what was read or written stays in memory:
a run looks at the same manifests a dozen times, and a warm function has most of them from the run before.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from pyiceberg.io import FileIO, InputFile, OutputFile

from cartlake.aws import s3
from cartlake.aws.clients import aws_errors, client, kept_with
from cartlake.aws.objects import S3Uri

if TYPE_CHECKING:
    from pyiceberg.io import InputStream, OutputStream
    from types_boto3_s3 import S3Client

FILE_IO: Final = "cartlake.tables.file_io.S3FileIO"
"""The value of the catalog's property `py-io-impl`."""

_KEPT_BYTES: Final = 16 * 1024**2
_KEPT_FILE_BYTES: Final = 2 * 1024**2


class KeptFiles:
    """The content of files by location, up to a number of bytes; those that were not used for longest leave first."""

    def __init__(self, limit: int = _KEPT_BYTES, file_limit: int = _KEPT_FILE_BYTES) -> None:
        self._limit, self._file_limit = limit, file_limit
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()  # PyIceberg reads manifests in threads

    def get(self, location: str) -> bytes | None:
        """Return the content of a file, None if it is not kept."""
        with self._lock:
            if location in self._files:
                self._files.move_to_end(location)
            return self._files.get(location)

    def put(self, location: str, content: bytes) -> None:
        """Keep the content of a file, unless it is too large."""
        self.drop(location)
        if len(content) > self._file_limit:
            return
        with self._lock:
            self._files[location] = content
            self._size += len(content)
            while self._size > self._limit:
                self._size -= len(self._files.popitem(last=False)[1])

    def drop(self, location: str) -> None:
        """Keep a file no longer."""
        with self._lock:
            self._size -= len(self._files.pop(location, b""))


@kept_with("s3")
def kept_files(_s3: S3Client) -> KeptFiles:
    """Return the files this process keeps."""
    return KeptFiles()


class S3FileIO(FileIO):
    """Objects by their `s3://bucket/key`."""

    def new_input(self, location: str) -> InputFile:
        return _Object(location)

    def new_output(self, location: str) -> OutputFile:
        return _NewObject(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        uri = S3Uri.parse(location if isinstance(location, str) else location.location)
        kept_files().drop(str(uri))
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
        content = kept_files().get(self.location)
        if content is None:
            content = self._read()
            kept_files().put(self.location, content)
        return io.BytesIO(content)

    def _read(self) -> bytes:
        try:
            return s3.read_bytes(self.location)
        except s3.ObjectMissingError as error:
            raise FileNotFoundError(f"{self.location} does not exist.") from error


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
        kept_files().put(self.location, content)
        self._size = len(content)


class _Upload(io.BytesIO):
    """Bytes that become the object when the stream is closed."""

    def __init__(self, target: _NewObject) -> None:
        super().__init__()
        self._target = target

    def close(self) -> None:
        if not self.closed:
            self._target.store(self.getvalue())
        super().close()
