"""Objects read as streams, for contents that need not fit into memory or onto a disk."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.aws.s3 import missing_as_error
from cartlake.errors import TerminalError, TransientError

if TYPE_CHECKING:
    from cartlake.aws.objects import S3Uri

_ATTEMPTS: Final = 4


class ObjectStream(io.BufferedIOBase):
    """The content of an object, from start to end. Where the connection breaks, it is read on from that byte.

    Raises ObjectMissingError for an object that does not exist, TerminalError for one that was replaced in between, and
    TransientError when the connection breaks again and again.
    """

    def __init__(self, uri: S3Uri) -> None:
        super().__init__()
        self._uri, self._read = uri, 0
        found = self._get()
        self._body, self._etag, self._size = found["Body"], found["ETag"], found["ContentLength"]

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with aws_errors():
                    content = bytes(self._body.read(None if size is None or size < 0 else size))
            except TransientError:
                if attempt == _ATTEMPTS:
                    raise
                if self._read == self._size:
                    return b""
                self._body = self._get(Range=f"bytes={self._read}-", IfMatch=self._etag)["Body"]
            else:
                self._read += len(content)
                return content
        raise AssertionError

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()

    def _get(self, **request: Any) -> Any:
        try:
            with missing_as_error(self._uri):
                return client("s3").get_object(Bucket=self._uri.bucket, Key=self._uri.key, **request)
        except ClientError as error:
            if error_code(error) == "PreconditionFailed":
                raise TerminalError(f"{self._uri} was replaced while it was read.") from error
            raise
