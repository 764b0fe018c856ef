"""Objects of the raw bucket that are copies of vendors' files: of each key there is one, whoever writes it first."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cartlake.aws.clients import client
from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import head
from sources.files import ForeignFileError, is_written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from cartlake.ledger.sftp import LandedContent


PART_BYTES: Final = 16 * 1024**2
"""S3 takes at most 10,000 parts: 160 GB in parts of this size."""
ONE_PUT_BYTES: Final = 64 * 1024**2
LONGEST_METADATA: Final = 1_024
"""Of the original name. S3 allows 2 KB of metadata."""


class CopyBucket:
    """The raw bucket as a store of copies. `part_bytes` is the size of the parts of files over `one_put_bytes`."""

    def __init__(self, bucket: str, part_bytes: int = PART_BYTES, one_put_bytes: int = ONE_PUT_BYTES) -> None:
        self._bucket, self._part_bytes, self._one_put_bytes = bucket, part_bytes, one_put_bytes

    def create(self, content: LandedContent, body: BinaryIO) -> None:
        """Write the object of a content, unless it is there already; nothing of it is visible before all of it is.

        Raises TransientError for errors that may pass, ForeignFileError where the object there has another size.
        """
        body.seek(0)
        put = self._put_in_parts if content.size > self._one_put_bytes else self._put
        if not is_written(content.key, lambda: put(content, body)):
            self._check_same(content)

    def _put(self, content: LandedContent, body: BinaryIO) -> None:
        client("s3").put_object(**self._place(content), Body=body, **self._about(content), IfNoneMatch="*")

    def _put_in_parts(self, content: LandedContent, body: BinaryIO) -> None:
        place = self._place(content)
        upload = {
            **place,
            "UploadId": client("s3").create_multipart_upload(**place, **self._about(content))["UploadId"],
        }
        with self._aborted_on_error(upload):
            parts: list[dict[str, Any]] = []
            while data := body.read(self._part_bytes):
                number = len(parts) + 1
                answer = client("s3").upload_part(**upload, PartNumber=number, Body=data)
                checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
                parts.append({"PartNumber": number, "ETag": answer["ETag"], **checksums})
            client("s3").complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")

    @contextmanager
    def _aborted_on_error(self, upload: dict[str, Any]) -> Iterator[None]:
        # What a killed process leaves, the bucket's lifecycle rule removes.
        try:
            yield
        except Exception:
            client("s3").abort_multipart_upload(**upload)
            raise

    def _check_same(self, content: LandedContent) -> None:
        found = head(S3Uri(self._bucket, content.key))
        if found is not None and found.size != content.size:
            raise ForeignFileError(
                f"s3://{self._bucket}/{content.key} has {found.size:,} bytes and should be a copy of "
                f"{content.path!r} with {content.size:,}. It was written or changed by something else than the reader "
                f"of the server. Delete it; the next read writes it."
            )

    def _place(self, content: LandedContent) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": content.key}

    def _about(self, content: LandedContent) -> dict[str, Any]:
        # Metadata is ASCII, and names are not.
        name = quote(content.path)[:LONGEST_METADATA]
        return {"Metadata": {"cartlake-sftp-name": name, "cartlake-sha256": content.sha256}}
