"""What the validator reads and writes: the landed file, the quarantine bucket, and messages that failed."""

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from cartlake.aws.clients import aws_errors, client, kept_with
from cartlake.aws.objects import Head, S3Uri
from cartlake.aws.s3 import head, missing_as_error
from cartlake.ledger import ObjectVersion
from lambdas.file_validator.content.parquet import ParquetColumn, ParquetFooter, UnreadableFooterError
from lambdas.file_validator.content.parquet_chunks import Chunks, DamagedFooterError, chunks_of
from lambdas.file_validator.settings import settings
from lambdas.shared.quarantine import Quarantine

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_LONGEST_WAIT_SECONDS: Final = 900
_PARQUET_END: Final = 8
"""Bytes behind the footer: its length, and Parquet's mark."""
CHUNK_BYTES: Final = 1 << 20
"""Large enough that calls take no time, small enough that a chunk stays in the processor's cache between its checks."""


class LandedFile:
    """One version of one object in the raw zone. Every read is of that version.

    Reads raise ObjectMissingError if it was deleted, and TransientError when the connection breaks.
    """

    def __init__(self, version: ObjectVersion) -> None:
        self._version = version
        self._uri = S3Uri(version.bucket, version.key)

    @property
    def size(self) -> int:
        """Bytes as stored."""
        return self._version.size

    def head(self) -> Head | None:
        """Return the object that is under the key now, of whatever version; None if there is none."""
        return head(self._uri)

    def chunks(self) -> Iterator[bytes]:
        """Yield the stored bytes, CHUNK_BYTES at a time at most."""
        body = self._get()
        try:
            while True:
                with aws_errors():
                    chunk = body.read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
        finally:
            body.close()  # also when the reader has seen enough: the rest is not downloaded

    def read_range(self, start: int, end: int) -> bytes:
        """Return bytes `start` to `end`, which is not included."""
        body = self._get(Range=f"bytes={start}-{end - 1}")
        with aws_errors():
            return bytes(body.read())

    def parquet_footer(self) -> ParquetFooter:
        """Return the footer, read by ranges without the data, which it must not overlap. Raises UnreadableFooterError.

        The last 8 bytes of the file are known to be the length of a footer that fits into it, and Parquet's mark.
        """
        import pyarrow as pa  # noqa: PLC0415 - a third of a second that only Parquet files should cost
        import pyarrow.parquet as pq  # noqa: PLC0415

        chunks = self._chunks()
        try:
            file = pq.ParquetFile(pa.PythonFile(RangeReader(self), mode="r"))
        except (pa.ArrowException, OSError) as error:
            raise UnreadableFooterError(str(error)) from error
        physical = {column.path: column.physical_type for column in map(file.schema.column, range(len(file.schema)))}
        return ParquetFooter(tuple(parquet_column(field, field.name, physical) for field in file.schema_arrow), chunks)

    def _chunks(self) -> Chunks:
        end = self.size - _PARQUET_END
        start = end - int.from_bytes(self.read_range(end, end + 4), "little")
        try:
            return chunks_of(self.read_range(start, end), data_end=start)
        except DamagedFooterError as error:
            raise UnreadableFooterError(str(error)) from error

    def _get(self, **request: Any) -> Any:
        if self._version.version_id:
            request["VersionId"] = self._version.version_id
        with missing_as_error(self._uri):
            return client("s3").get_object(Bucket=self._uri.bucket, Key=self._uri.key, **request)["Body"]


def parquet_column(field: Any, path: str, physical: Mapping[str, str]) -> ParquetColumn:
    """Return a column of Arrow with its parts. `physical` has Parquet's types by path, as `items.list.element.sku`."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    parts: list[tuple[Any, str]] = []
    if pa.types.is_struct(field.type):
        parts = [
            (field.type.field(place), f"{path}.{field.type.field(place).name}")
            for place in range(field.type.num_fields)
        ]
    elif pa.types.is_list(field.type) or pa.types.is_large_list(field.type) or pa.types.is_fixed_size_list(field.type):
        element = field.type.value_field
        parts = [(element, f"{path}.list.{element.name}")]
    inner = tuple(parquet_column(part, place, physical) for part, place in parts)
    return ParquetColumn(field.name, str(field.type), physical.get(path, ""), inner)


class RangeReader(io.RawIOBase):
    """A landed file as a seekable one, of which only what is read is fetched."""

    def __init__(self, file: LandedFile) -> None:
        super().__init__()
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        end = self._file.size if size is None or size < 0 else min(self._position + size, self._file.size)
        if end <= self._position:
            return b""
        data = self._file.read_range(self._position, end)
        self._position += len(data)
        return data


class Incoming:
    """The queue the messages come from.

    Its messages stay hidden for several times the function's timeout, in case the function ends without an answer.
    One that is known to have failed need not wait for that.
    """

    def __init__(self, url: str, retry_seconds: int, sqs: "SQSClient") -> None:
        self._url = url
        self._retry_seconds = retry_seconds
        self._sqs = sqs

    def deliver_again(self, receipt: str, deliveries: int) -> int:
        """Have a failed message delivered again, after twice as long each time it fails. Returns the seconds."""
        seconds = min(self._retry_seconds << (deliveries - 1), _LONGEST_WAIT_SECONDS)
        with aws_errors():
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)
        return seconds


@kept_with("sqs")
def incoming(sqs: "SQSClient") -> Incoming:
    """The queue of this environment."""
    return Incoming(settings().incoming_queue_url, settings().retry_seconds, sqs)


def quarantine() -> Quarantine:
    """The quarantine bucket of this environment."""
    return Quarantine(settings().quarantine_bucket)
