from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from cartlake.aws import aws_errors, client, error_code
from cartlake.ledger import FileRecord, Ledger
from lambdas.batch_claimer.domain import Stored
from lambdas.batch_claimer.settings import settings
from lambdas.shared.objects import MISSING, Documents

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

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


@cache
def ledger() -> Ledger:
    return Ledger(settings().ledger_table, client("dynamodb"))


@cache
def raw_objects() -> RawObjects:
    return RawObjects(client("s3"))


@cache
def documents() -> Documents:
    return Documents(client("s3"))
