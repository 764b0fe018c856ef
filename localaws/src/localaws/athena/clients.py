"""The engine's connections: boto3 to Glue and S3, pyiceberg for writes, DuckDB for reads, all at one endpoint."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from localaws.athena import duck
from localaws.athena.errors import AthenaError

if TYPE_CHECKING:
    import duckdb
    from pyiceberg.catalog.glue import GlueCatalog
    from types_boto3_glue import GlueClient
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class Endpoint:
    """Where the AWS is that the engine belongs to, and the keys it reads with."""

    url: str
    region: str
    access_key: str = "test"
    secret_key: str = "test"  # noqa: S105 -- the public key of the embedded AWS


class Clients:
    """Made once per engine; all of them may be used by several threads at once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def _boto(self, service: str) -> Any:
        session = boto3.session.Session()
        client: Any = session.client  # the stubs want literal service names
        return client(
            service,
            endpoint_url=self.endpoint.url,
            region_name=self.endpoint.region,
            aws_access_key_id=self.endpoint.access_key,
            aws_secret_access_key=self.endpoint.secret_key,
            config=Config(max_pool_connections=32, retries={"max_attempts": 3}, s3={"addressing_style": "path"}),
        )

    @cached_property
    def glue(self) -> GlueClient:
        client: GlueClient = self._boto("glue")
        return client

    @cached_property
    def s3(self) -> S3Client:
        client: S3Client = self._boto("s3")
        return client

    @cached_property
    def duckdb(self) -> duckdb.DuckDBPyConnection:
        here = self.endpoint
        return duck.connect(urlsplit(here.url), here.access_key, here.secret_key, here.region, self.scratch)

    @cached_property
    def scratch(self) -> Path:
        """A folder of the engine's own, gone with the process."""
        folder = Path(tempfile.mkdtemp(prefix="athena-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def iceberg(self) -> GlueCatalog:
        from pyiceberg.catalog.glue import GlueCatalog  # noqa: PLC0415 -- seconds to import, needed by writes only

        return GlueCatalog(
            "glue",
            **{
                "glue.endpoint": self.endpoint.url,
                "s3.endpoint": self.endpoint.url,
                "s3.region": self.endpoint.region,
                "client.region": self.endpoint.region,
                "client.access-key-id": self.endpoint.access_key,
                "client.secret-access-key": self.endpoint.secret_key,
            },
        )

    def table(self, database: str, name: str) -> dict[str, Any] | None:
        """A table as Glue has it, None if it has none."""
        try:
            return dict(self.glue.get_table(DatabaseName=database, Name=name)["Table"])
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def read(self, uri: str) -> bytes:
        """The bytes of an object. Raises botocore's ClientError."""
        bucket, key = split_uri(in_s3(uri))
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, uri: str, body: bytes, encryption: dict[str, str] | None = None) -> None:
        """Put an object; `encryption` is Athena's EncryptionConfiguration. Raises botocore's ClientError."""
        bucket, key = split_uri(uri)
        extra: dict[str, Any] = {}
        option = (encryption or {}).get("EncryptionOption", "")
        if option in {"SSE_KMS", "CSE_KMS"}:
            extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": (encryption or {}).get("KmsKey", "")}
        elif option == "SSE_S3":
            extra = {"ServerSideEncryption": "AES256"}
        self.s3.put_object(Bucket=bucket, Key=key, Body=body, **extra)

    def list(self, uri: str) -> list[str]:
        """The URIs of the objects under a prefix that a query reads: not those whose names start with _ or a point."""
        return list(self.sizes(uri))

    def sizes(self, uri: str) -> dict[str, int]:
        """The same objects, sorted, with their bytes."""
        bucket, prefix = split_uri(in_s3(uri.rstrip("/") + "/"))
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", []) if item["Size"]}
        return {f"s3://{bucket}/{key}": found[key] for key in sorted(found) if not _hidden(key[len(prefix) :])}


def in_s3(uri: str) -> str:
    """The URI itself. Raises AthenaError for a place that is not in S3: nothing else may be read or written."""
    if re.fullmatch(r"s3[an]?://[^/]+(/.*)?", uri) is None:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Location must be in Amazon S3, like s3://bucket/folder/: {uri}")
    return uri


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` to bucket and key."""
    bucket, _, key = uri.split("://", 1)[1].partition("/")
    return bucket, key


def _hidden(relative: str) -> bool:
    return any(part.startswith(("_", ".")) for part in relative.split("/"))
