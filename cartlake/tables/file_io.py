"""Metadata files of Iceberg tables through boto3, where Arrow's S3 file system would be 136 MB of a Lambda layer.

PyIceberg reads and writes metadata and manifests with it: whole small objects, in one request each. Data files are
read and written by DuckDB.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from pyiceberg.io import FileIO, InputFile, OutputFile

from cartlake.aws import s3
from cartlake.aws.clients import aws_errors, client
from cartlake.aws.objects import S3Uri

if TYPE_CHECKING:
    from pyiceberg.io import InputStream, OutputStream

FILE_IO: Final = "cartlake.tables.file_io.S3FileIO"
"""The value of the catalog's property `py-io-impl`."""


class S3FileIO(FileIO):
    """Objects by their `s3://bucket/key`."""

    def new_input(self, location: str) -> InputFile:
        return _Object(location)

    def new_output(self, location: str) -> OutputFile:
        return _NewObject(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        uri = S3Uri.parse(location if isinstance(location, str) else location.location)
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
        try:
            return io.BytesIO(s3.read_bytes(self.location))
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
