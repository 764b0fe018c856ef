from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cartlake.aws.objects import Head, S3Uri
from cartlake.aws.s3 import copy_version, head
from cartlake.ledger import FileRecord
from lambdas.batch_claimer.domain import Copied

PARALLEL_REQUESTS: Final = 10
"""As many as a boto3 client keeps connections for."""


def current_versions(files: Sequence[FileRecord]) -> Iterator[tuple[FileRecord, Head | None]]:
    """Pair each file with what lies under its key now, None if nothing does."""
    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        yield from zip(files, pool.map(lambda file: head(S3Uri(file.bucket, file.key)), files), strict=True)


def copy_versions(files: Sequence[FileRecord], bucket: str, key_of: Callable[[FileRecord], str]) -> list[Copied | None]:
    """Copy the very versions of files to another bucket, since Spark reads only what lies under a key now.

    None for a version that exists no more.
    """
    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        return list(pool.map(lambda file: _copy_version(file, S3Uri(bucket, key_of(file))), files))


def _copy_version(file: FileRecord, target: S3Uri) -> Copied | None:
    if file.version_id is None or not copy_version(S3Uri(file.bucket, file.key), file.version_id, target):
        return None
    copied = head(target)
    return None if copied is None else Copied(str(target), copied.etag, copied.size)
