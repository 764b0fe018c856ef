"""S3 objects by their `s3://bucket/key` URIs: attributes, JSON documents, and copies of one version."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.aws.objects import Head, S3Uri
from cartlake.errors import TerminalError
from cartlake.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

Model = TypeVar("Model", bound=BaseModel)

MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
"""Error codes for an object, or a version of it, that does not exist. HEAD has no body, so its code is the status."""


WRITTEN_AT: Final = "cartlake-written-at"
"""The metadata of an object that was copied onto itself: when its content was first written."""


class DocumentError(TerminalError):
    """A JSON document is missing, or is not valid for its model."""


class ObjectMissingError(TerminalError):
    """An object, or the requested version of it, does not exist."""


@contextmanager
def missing_as_error(uri: S3Uri) -> Iterator[None]:
    """Raise ObjectMissingError for an object that does not exist, TransientError for AWS errors that may pass."""
    try:
        with aws_errors():
            yield
    except ClientError as error:
        if error_code(error) in MISSING:
            raise ObjectMissingError(f"{uri} does not exist.") from error
        raise


def head(uri: S3Uri, version_id: str | None = None) -> Head | None:
    """Return the attributes of an object, or of one version of it; None if it does not exist."""
    # boto3 refuses None, so the parameter is left out for the current version.
    version: Any = {"VersionId": version_id} if version_id else {}
    try:
        with missing_as_error(uri):
            found = client("s3").head_object(Bucket=uri.bucket, Key=uri.key, **version)
    except ObjectMissingError:
        return None
    written_at = found.get("Metadata", {}).get(WRITTEN_AT) or stamp(found["LastModified"])
    return Head(found.get("VersionId"), found["ETag"].strip('"'), found["ContentLength"], written_at)


def read_bytes(uri: str) -> bytes:
    """Return the content of an object. Raises ObjectMissingError if it does not exist."""
    place = S3Uri.parse(uri)
    with missing_as_error(place):
        return bytes(client("s3").get_object(Bucket=place.bucket, Key=place.key)["Body"].read())


def find_model(uri: str, model: type[Model]) -> Model | None:
    """Return a JSON document as its model, None if there is none. Raises DocumentError if it is not a valid `model`."""
    try:
        return model.model_validate_json(read_bytes(uri))
    except ObjectMissingError:
        return None
    except ValidationError as error:
        raise DocumentError(f"{uri} is not a valid {model.__name__}: {error}") from error


def read_model(uri: str, model: type[Model]) -> Model:
    """Return a JSON document as its model. Raises DocumentError if it is missing or not a valid `model`."""
    document = find_model(uri, model)
    if document is None:
        raise DocumentError(f"{uri} does not exist; the step that writes it has not run or has failed.")
    return document


def write_text(uri: str, text: str, content_type: str = "application/json") -> None:
    """Write a text, by default a JSON document, as UTF-8. An existing object is replaced."""
    place = S3Uri.parse(uri)
    with aws_errors():
        client("s3").put_object(Bucket=place.bucket, Key=place.key, Body=text.encode(), ContentType=content_type)


def copy_version(source: S3Uri, version_id: str | None, target: S3Uri) -> bool:
    """Copy an object, or one version of it, of any size, without its tags. Returns False if it does not exist.

    Copying tags too would need the right to read and write them, which S3 asks for only where an object has some.
    """
    described: Any = {"Bucket": source.bucket, "Key": source.key}
    if version_id:
        described["VersionId"] = version_id
    try:
        with missing_as_error(source):
            # In parts: copy_object copies at most 5 GB.
            client("s3").copy(described, target.bucket, target.key, ExtraArgs={"TaggingDirective": "REPLACE"})
    except ObjectMissingError:
        return False
    return True
