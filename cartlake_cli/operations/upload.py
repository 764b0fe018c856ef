"""Uploads files to the raw zone. The event of each new object starts its validation."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cartlake import contracts
from cartlake.aws.objects import Head, S3Uri
from cartlake.aws.s3 import ObjectMissingError, head
from cartlake.ledger import ObjectVersion
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError, NotFoundError

PARALLEL_UPLOADS = 8
ALL = "all"
INCOMING = "incoming"
"""The folder of the raw bucket that has a folder for each dataset."""


def check_dataset(dataset: str) -> None:
    """Raise NotFoundError that lists all datasets, for a name that no contract has."""
    if dataset not in contracts.names():
        msg = f"There is no dataset {dataset!r}. Contracts exist for: {', '.join(contracts.names())}."
        raise NotFoundError(msg)


def files_by_dataset(dataset: str, paths: list[Path]) -> dict[str, list[Path]]:
    """Return the files to upload by dataset; for `all`, those of a folder that has a folder for each dataset.

    Raises NotFoundError for an unknown dataset, CommandError for folders where files are expected.
    """
    if dataset != ALL:
        check_dataset(dataset)
        if folders := [str(path) for path in paths if path.is_dir()]:
            raise CommandError(f"{', '.join(folders)} is a folder: name its files, or use `lake drop all FOLDER`.")
        return {dataset: paths}
    below = {name: sorted((paths[0] / name).glob(f"{name}*")) for name in contracts.names()}
    found = {name: files for name, files in below.items() if files}
    if len(paths) != 1 or not found:
        raise CommandError(
            f"{paths[0]}: `lake drop all` takes one folder with a folder of files for each dataset: "
            f"{', '.join(contracts.names())}."
        )
    return found


def upload(lake: Lake, dataset: str, files: list[Path]) -> list[dict[str, Any]]:
    """Upload files in parallel; returns key, size in bytes and file_id of each, in the order given.

    Raises CommandError when two of them have the same name, ObjectMissingError when one is deleted after its upload.
    """
    names = [path.name for path in files]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        msg = f"Two files are called {', '.join(repeated)}: each would replace the other. Rename one."
        raise CommandError(msg)
    bucket, s3 = lake.outputs.buckets["raw"], lake.client("s3")

    def one(path: Path) -> dict[str, Any]:
        uri = S3Uri(bucket, f"{INCOMING}/{dataset}/{path.name}")
        s3.upload_file(str(path), uri.bucket, uri.key)
        # The version is read back: the ledger identifies a file by it.
        found = head(uri)
        if found is None:
            raise ObjectMissingError(f"{uri} does not exist, though it was just uploaded. Was it deleted?")
        landed = landed_as(uri, found)
        return {"key": uri.key, "bytes": landed.size, "file_id": landed.file_id}

    with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
        return list(pool.map(one, files))


def landed_as(uri: S3Uri, found: Head) -> ObjectVersion:
    """Return the object version as the ledger identifies it. Its `file_id` is that of the file once it is received."""
    return ObjectVersion(bucket=uri.bucket, key=uri.key, version_id=found.version_id, etag=found.etag, size=found.size)
