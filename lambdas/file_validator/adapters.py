"""S3 and the queue as the validator sees them: streams, ranges, the quarantine bucket, and messages that failed."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.ledger import FileRecord, Ledger, ObjectVersion
from lambdas.file_validator.content.parquet import ParquetColumn, ParquetFooter, UnreadableFooterError
from lambdas.file_validator.settings import settings
from lambdas.shared.events import EventBus
from lambdas.shared.objects import MISSING, Documents

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

_LONGEST_WAIT_SECONDS: Final = 900
CHUNK_BYTES: Final = 1 << 20
"""Large enough that calls cost nothing, small enough that a chunk stays in the processor's cache between its checks."""


class ObjectMissingError(Exception):
    """The object, or this version of it, is no longer there."""


@dataclass(frozen=True, slots=True)
class Head:
    """What lies under a key at this moment; `size` in bytes."""

    version_id: str | None
    etag: str
    size: int


class RawObjects:
    """The objects people drop. Reads are pinned to the version the event told of."""

    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3

    def head(self, bucket: str, key: str) -> Head | None:
        """Look at what lies under the key now; None if nothing does."""
        try:
            with aws_errors():
                found = self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        return Head(found.get("VersionId"), found["ETag"].strip('"'), found["ContentLength"])

    def chunks(self, landed: ObjectVersion) -> Iterator[bytes]:
        """Stream the stored bytes. Raises ObjectMissingError, or TransientError when the connection breaks."""
        body = self._get(landed)["Body"]
        try:
            while True:
                with aws_errors():
                    chunk = body.read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
        finally:
            body.close()  # also when the reader has seen enough: the rest is not downloaded

    def read_range(self, landed: ObjectVersion, start: int, end: int) -> bytes:
        """Read bytes `start` to `end`, which is not included."""
        body = self._get(landed, Range=f"bytes={start}-{end - 1}")["Body"]
        with aws_errors():
            return bytes(body.read())

    def parquet_footer(self, landed: ObjectVersion) -> ParquetFooter:
        """Read the footer by ranges, never the data. Raises UnreadableFooterError."""
        import pyarrow as pa  # noqa: PLC0415 - a third of a second that only Parquet files should cost
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            file = pq.ParquetFile(pa.PythonFile(RangeReader(self, landed), mode="r"))
        except (pa.ArrowException, OSError) as error:
            raise UnreadableFooterError(str(error)) from error
        physical = {column.path: column.physical_type for column in map(file.schema.column, range(len(file.schema)))}
        columns = tuple(
            ParquetColumn(field.name, str(field.type), physical.get(field.name, "")) for field in file.schema_arrow
        )
        return ParquetFooter(columns, file.metadata.num_rows)

    def _get(self, landed: ObjectVersion, **request: Any) -> Any:
        if landed.version_id:
            request["VersionId"] = landed.version_id
        try:
            with aws_errors():
                return self._s3.get_object(Bucket=landed.bucket, Key=landed.key, **request)
        except ClientError as error:
            if error_code(error) in MISSING:
                raise ObjectMissingError(landed.key) from error
            raise


class RangeReader(io.RawIOBase):
    """An S3 object as a seekable file, of which only what is read is fetched."""

    def __init__(self, objects: RawObjects, landed: ObjectVersion) -> None:
        super().__init__()
        self._objects = objects
        self._landed = landed
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._landed.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        end = self._landed.size if size is None or size < 0 else min(self._position + size, self._landed.size)
        if end <= self._position:
            return b""
        data = self._objects.read_range(self._landed, self._position, end)
        self._position += len(data)
        return data


class Quarantine:
    """Where rejected files go, beside the reason: `rejected/<dataset>/<file_id>/`. Writing twice is writing once."""

    def __init__(self, bucket: str, s3: "S3Client") -> None:
        self._bucket = bucket
        self._s3 = s3
        self._documents = Documents(s3)

    def reason_uri(self, file: FileRecord) -> str:
        return f"s3://{self._bucket}/{self._folder(file)}/reason.json"

    def copy(self, file: FileRecord) -> bool:
        """Copy the very version that was judged, whatever its size. False if it is gone."""
        source: Any = {"Bucket": file.bucket, "Key": file.key}
        if file.version_id:
            source["VersionId"] = file.version_id
        name = file.key.rsplit("/", 1)[-1] or "unnamed"
        try:
            with aws_errors():
                self._s3.copy(source, self._bucket, f"{self._folder(file)}/{name}")
        except ClientError as error:
            if error_code(error) in MISSING:
                return False
            raise
        return True

    def explain(self, file: FileRecord, text: str) -> None:
        self._documents.write(self.reason_uri(file), text)

    @staticmethod
    def _folder(file: FileRecord) -> str:
        return f"rejected/{file.dataset}/{file.file_id}"


class Incoming:
    """The queue the messages come from.

    Its messages stay hidden for several times the function's timeout, in case it dies. One that failed, and is known to
    have, need not wait for that.
    """

    def __init__(self, url: str, retry_seconds: int, sqs: "SQSClient") -> None:
        self._url = url
        self._retry_seconds = retry_seconds
        self._sqs = sqs

    def deliver_again(self, receipt: str, deliveries: int) -> int:
        """Have a failed message delivered again; each time it fails it waits twice as long. Returns the seconds."""
        seconds = min(self._retry_seconds << (deliveries - 1), _LONGEST_WAIT_SECONDS)
        with aws_errors():
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)
        return seconds


@cache
def incoming() -> Incoming:
    return Incoming(settings().incoming_queue_url, settings().retry_seconds, client("sqs"))


@cache
def ledger() -> Ledger:
    return Ledger(settings().ledger_table, client("dynamodb"))


@cache
def event_bus() -> EventBus:
    return EventBus(settings().event_bus, client("events"))


@cache
def raw_objects() -> RawObjects:
    return RawObjects(client("s3"))


@cache
def quarantine() -> Quarantine:
    return Quarantine(settings().quarantine_bucket, client("s3"))
