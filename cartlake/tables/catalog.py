"""The Iceberg catalog of the lake: AWS Glue, reached as boto3 would reach it."""

import os
from typing import TYPE_CHECKING

from cartlake.aws.clients import client, region

if TYPE_CHECKING:
    from cartlake.tables.glue_catalog import LakeCatalog

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""In the order every AWS SDK reads them: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html."""


def load_catalog(name: str = "glue") -> "LakeCatalog":
    """Open the Glue catalog of the current account and region. Needs pyiceberg, hence the import on first use."""
    from cartlake.tables.glue_catalog import LakeCatalog  # noqa: PLC0415 - a second of import that most callers never need

    return LakeCatalog(name, client=client("glue"), **file_properties())


def file_properties() -> dict[str, str]:
    """Properties that Arrow's S3 file system needs.

    The region, because pyiceberg otherwise asks the public S3 endpoint where each bucket lives; and a custom endpoint,
    because Arrow takes one from the environment but then still puts the bucket into the host name.
    """
    custom = next((os.environ[name] for name in ENDPOINT_VARIABLES if os.environ.get(name)), None)
    return {"client.region": region(), **({"s3.endpoint": custom} if custom else {})}
