"""Small documents and file checks in S3, through boto3. Spark reads the files themselves."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.errors import TerminalError
from cartlake.runs.documents import ManifestFile

_PARALLEL_HEADS: Final = 16
_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Split an s3:// URI. Raises TerminalError for any other."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise TerminalError(f"{uri!r} is not an s3:// URI of an object.")
    return bucket, key


def read_text(uri: str) -> str:
    """Return a UTF-8 object. Raises TerminalError when it does not exist."""
    bucket, key = bucket_and_key(uri)
    with aws_errors():
        try:
            body: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error_code(error) in _MISSING:
                raise TerminalError(f"{uri} does not exist.") from error
            raise
    return body.decode("utf-8")


def write_text(uri: str, text: str) -> None:
    """Write a UTF-8 JSON object, replacing what was there."""
    bucket, key = bucket_and_key(uri)
    with aws_errors():
        client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode("utf-8"), ContentType="application/json")


def check_unchanged(files: Sequence[ManifestFile]) -> None:
    """Check that every file is still the object the manifest names.

    Spark reads the current version of a key. Asked before and after reading, this proves which one it was.
    Raises TerminalError naming every file that is missing or was replaced.
    """
    client("s3")  # made here: creating clients is not safe in threads
    with ThreadPoolExecutor(_PARALLEL_HEADS) as pool:
        faults = [fault for fault in pool.map(_fault, files) if fault]
    if faults:
        raise TerminalError(f"The files of the manifest changed after they were claimed: {'; '.join(faults)}.")


def _fault(file: ManifestFile) -> str | None:
    bucket, key = bucket_and_key(file.uri)
    with aws_errors():
        try:
            head = client("s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in _MISSING:
                return f"{file.uri} (file {file.file_id}) is missing"
            raise
    if head["ETag"].strip('"') != file.etag.strip('"'):
        return f"{file.uri} (file {file.file_id}) was replaced: its etag is {head['ETag']}, not {file.etag}"
    return None
