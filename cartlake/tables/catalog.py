"""The Iceberg catalog of the lake: AWS Glue, with the region and endpoint that boto3 uses."""

import os
from typing import TYPE_CHECKING

from cartlake.aws.clients import client, region

if TYPE_CHECKING:
    from cartlake.tables.glue_catalog import LakeCatalog

PY_IO_IMPL = "py-io-impl"
"""Pyiceberg's property that names the class of files."""

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""In the order every AWS SDK reads them: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html."""


def load_catalog(name: str = "glue", file_io: str | None = None) -> "LakeCatalog":
    """Return the Glue catalog of the current account and region. Needs pyiceberg.

    `file_io` is the class that reads and writes metadata files, as `module.Class`; by default pyiceberg takes Arrow's.
    """
    from cartlake.tables.glue_catalog import LakeCatalog  # noqa: PLC0415 - a second of import that most callers never need

    chosen = {PY_IO_IMPL: file_io} if file_io else {}
    return LakeCatalog(name, client=client("glue"), **file_properties(), **chosen)


def file_properties() -> dict[str, str]:
    """Return the properties that Arrow's S3 file system needs.

    They are the region, because pyiceberg otherwise asks the public S3 endpoint for the region of each bucket; and a
    custom endpoint, because Arrow reads one from the environment but then still puts the bucket into the host name.
    """
    custom = next((os.environ[name] for name in ENDPOINT_VARIABLES if os.environ.get(name)), None)
    return {"client.region": region(), **({"s3.endpoint": custom} if custom else {})}
