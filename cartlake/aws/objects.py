"""URIs and attributes of S3 objects. Nothing here calls S3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cartlake.errors import TerminalError

SCHEME: Final = "s3://"


class InvalidUriError(TerminalError):
    """A text is not an `s3://bucket/key` URI."""


@dataclass(frozen=True, slots=True)
class S3Uri:
    """A bucket and a key. Keys are not percent-decoded."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> S3Uri:
        """Split `s3://bucket/key`. Raises InvalidUriError for any other text."""
        bucket, _, key = text.removeprefix(SCHEME).partition("/")
        # A bucket alone is refused: every caller means one object or a folder.
        if not text.startswith(SCHEME) or not bucket or not key.strip("/"):
            raise InvalidUriError(f"{text!r} is not an s3://bucket/key URI.")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Head:
    """Attributes of an object: version id (None in a bucket without versioning), ETag without quotes, size in bytes.

    `written_at` is when its content was first written, as `stamp` writes it: a copy that S3 made may say so.
    """

    version_id: str | None
    etag: str
    size: int
    written_at: str | None = field(default=None, compare=False)
