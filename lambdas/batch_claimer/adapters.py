from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.ledger import FileRecord, Ledger
from lambdas.batch_claimer.domain import Copied, Stored
from lambdas.batch_claimer.settings import settings
from lambdas.shared.objects import MISSING, Documents

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CopySourceTypeDef

PARALLEL_LOOKS: Final = 10
"""As many as a boto3 client keeps connections for."""


class RawObjects:
    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3

    def look(self, files: Sequence[FileRecord]) -> Iterator[tuple[FileRecord, Stored | None]]:
        """Pair each file with what lies under its key now, None if nothing does."""
        with ThreadPoolExecutor(PARALLEL_LOOKS) as pool:
            yield from zip(files, pool.map(self._look_at, files), strict=True)

    def _look_at(self, file: FileRecord) -> Stored | None:
        try:
            with aws_errors():
                found = self._s3.head_object(Bucket=file.bucket, Key=file.key)
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        return Stored(found.get("VersionId"), found["ETag"].strip('"'))

    def copy_versions(
        self, files: Sequence[FileRecord], bucket: str, key_of: Callable[[FileRecord], str]
    ) -> list[Copied | None]:
        """Copy the very versions of files to another bucket, since Spark reads only what lies under a key now.

        None for a version that exists no more.
        """
        with ThreadPoolExecutor(PARALLEL_LOOKS) as pool:
            return list(pool.map(lambda file: self._copy_version(file, bucket, key_of(file)), files))

    def _copy_version(self, file: FileRecord, bucket: str, key: str) -> Copied | None:
        if file.version_id is None:
            return None
        source: CopySourceTypeDef = {"Bucket": file.bucket, "Key": file.key, "VersionId": file.version_id}
        try:
            with aws_errors():
                self._s3.copy(source, bucket, key)  # in parts, if it has to be
                found = self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        return Copied(f"s3://{bucket}/{key}", found["ETag"].strip('"'), found["ContentLength"])


@cache
def ledger() -> Ledger:
    return Ledger(settings().ledger_table, client("dynamodb"))


@cache
def raw_objects() -> RawObjects:
    return RawObjects(client("s3"))


@cache
def documents() -> Documents:
    return Documents(client("s3"))
