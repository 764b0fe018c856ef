"""S3 as the batch claimer uses it: the objects of claimed files, and copies of versions that were overwritten."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cartlake.aws.objects import Head, S3Uri
from cartlake.aws.s3 import copy_version, head
from cartlake.contracts import Contract
from cartlake.ledger import FileRecord
from cartlake.tables.table_size import TableSize, table_size
from lambdas.batch_claimer.domain import Copied
from lambdas.batch_claimer.settings import settings

PARALLEL_REQUESTS: Final = 10
"""As many as a boto3 client keeps connections for."""


def current_versions(files: Sequence[FileRecord]) -> Iterator[tuple[FileRecord, Head | None]]:
    """Yield each file with the object that is under its key now, None if there is none."""
    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        yield from zip(files, pool.map(lambda file: head(S3Uri(file.bucket, file.key)), files), strict=True)


def copy_versions(files: Sequence[FileRecord], bucket: str, key_of: Callable[[FileRecord], str]) -> list[Copied | None]:
    """Copy these versions of files to another bucket, since Spark reads only the current version of a key.

    Returns the copies in the order of the files, None for a version that no longer exists.
    """
    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        return list(pool.map(lambda file: _copy_version(file, S3Uri(bucket, key_of(file))), files))


def stored_size(contract: Contract) -> TableSize | None:
    """Return the size of a dataset's table, None where that cannot be said."""
    table = contract.table
    return table_size(f"{settings().database_prefix}{table.database}", table.bare_name)


def _copy_version(file: FileRecord, target: S3Uri) -> Copied | None:
    if file.version_id is None or not copy_version(S3Uri(file.bucket, file.key), file.version_id, target):
        return None
    copied = head(target)
    return None if copied is None else Copied(str(target), copied.etag, copied.size)
