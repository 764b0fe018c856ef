"""Check that the files of a manifest are still the objects that were claimed. Engines read the files themselves."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.aws.objects import S3Uri
from cartlake.runs.bad_files import MISSING, SUPERSEDED, BadFile, BadFilesError
from cartlake.runs.documents import ManifestFile

_PARALLEL_HEADS: Final = 16


def check_unchanged(files: Sequence[ManifestFile]) -> None:
    """Check that every file is still the object the manifest names.

    Spark reads the current version of a key. Checked before and after reading, this proves which version it was.
    Raises BadFilesError naming every file that is missing or was replaced.
    """
    client("s3")  # made here: creating clients is not safe in threads
    with ThreadPoolExecutor(_PARALLEL_HEADS) as pool:
        faults = [fault for fault in pool.map(_fault, files) if fault]
    if faults:
        raise BadFilesError(faults)


def _fault(file: ManifestFile) -> BadFile | None:
    head = s3.head(S3Uri.parse(file.uri))
    if head is None:
        return BadFile.of(file, MISSING, "The object was deleted after the run had claimed it. Drop it again.")
    if head.etag != file.etag.strip('"'):
        return BadFile.of(
            file,
            SUPERSEDED,
            f"The object was replaced after the run had claimed it: its etag is {head.etag}, not {file.etag}. The newer"
            " version has a record of its own; give every file a name of its own to load both.",
        )
    return None
