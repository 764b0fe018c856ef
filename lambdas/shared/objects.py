"""JSON documents in S3, by their `s3://` URIs."""

from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from cartlake.aws.clients import aws_errors, error_code
from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Model = TypeVar("Model", bound=BaseModel)

MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404"})


class ReportError(TerminalError):
    """A document of the run is missing, or is not what it should be."""


class Documents:
    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def find(self, uri: str, model: type[Model]) -> Model | None:
        """Read a document, None if there is none. Raises ReportError if it is not a valid `model`."""
        bucket, key = bucket_and_key(uri)
        try:
            with aws_errors():
                body = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            raise ReportError(f"{uri} is not a valid {model.__name__}: {error}") from error

    def read(self, uri: str, model: type[Model]) -> Model:
        """Read a document. Raises ReportError if it is missing or not a valid `model`."""
        document = self.find(uri, model)
        if document is None:
            raise ReportError(f"{uri} does not exist; the step that writes it has not run or has failed.")
        return document

    def write(self, uri: str, text: str, content_type: str = "application/json") -> None:
        bucket, key = bucket_and_key(uri)
        with aws_errors():
            self._client.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=content_type)


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Split `s3://bucket/key`; keys are taken as they are, with nothing percent-decoded."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise ReportError(f"{uri!r} is not an s3://bucket/key URI.")
    return parts.netloc, uri.removeprefix(f"s3://{parts.netloc}/")
