"""Tiles in the bucket of an environment, read by the person who runs the command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cartlake.aws.clients import error_code
from cartlake_cli.dashboard.serving import TilesForbiddenError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MISSING = frozenset({"404", "NoSuchBucket", "NoSuchKey"})
FORBIDDEN = frozenset({"403", "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


@dataclass(frozen=True, slots=True)
class BucketTiles:
    """The objects below `tiles/` of a bucket."""

    bucket: str
    client: S3Client

    def read(self, name: str) -> bytes | None:
        """Return a tile by its key, None where there is none.

        Raises TilesForbiddenError where the caller may not read it, ClientError for what else S3 refuses.
        """
        try:
            return self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        except ClientError as error:
            code = error_code(error)
            if code in MISSING:
                return None
            if code in FORBIDDEN:
                msg = f"You may not read s3://{self.bucket}/{name} ({code}); your role needs s3:GetObject on it."
                raise TilesForbiddenError(msg) from error
            raise
