"""The engine's clients: boto3 for Glue and S3, pyiceberg for writes, DuckDB for reads, all of one endpoint."""

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
    from collections.abc import Sequence

    import duckdb
    from pyiceberg.catalog.glue import GlueCatalog
    from types_boto3_glue import GlueClient
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef


@dataclass(frozen=True)
class Endpoint:
    """The URL, region and access keys of the AWS that the engine reads and writes."""

    url: str
    region: str
    access_key: str = "test"
    secret_key: str = "test"  # noqa: S105 -- the public key of the embedded AWS


class Clients:
    """The clients of one engine, created when first used. Several threads may use them at once."""

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
        """A folder for the engine's temporary files, deleted when the process ends."""
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
        """Return a table as Glue stores it, None when there is none."""
        try:
            return dict(self.glue.get_table(DatabaseName=database, Name=name)["Table"])
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def read(self, uri: str) -> bytes:
        """Return the bytes of an object. Raises botocore's ClientError."""
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

    def delete(self, bucket: str, keys: Sequence[ObjectIdentifierTypeDef]) -> None:
        """Delete up to 1,000 objects. Raises AthenaError when S3 refuses to delete one of them."""
        refused = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}).get("Errors")
        if refused:
            first = refused[0]
            raise AthenaError(
                "HIVE_FILESYSTEM_ERROR", f"Cannot delete s3://{bucket}/{first.get('Key')}: {first.get('Message')}"
            )

    def list(self, uri: str) -> list[str]:
        """Return the URIs of the objects in a folder, without empty ones and names that start with `_` or `.`."""
        return list(self.sizes(uri))

    def sizes(self, uri: str) -> dict[str, int]:
        """Return the size in bytes of each of these objects, by URI, sorted."""
        bucket, prefix = split_uri(in_s3(uri.rstrip("/") + "/"))
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", []) if item["Size"]}
        return {f"s3://{bucket}/{key}": found[key] for key in sorted(found) if not _hidden(key[len(prefix) :])}


def in_s3(uri: str) -> str:
    """Return the URI. Raises AthenaError unless it is one of S3: nothing else may be read or written."""
    if re.fullmatch(r"s3[an]?://[^/]+(/.*)?", uri) is None:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"Location must be in Amazon S3, like s3://bucket/folder/: {uri}")
    return uri


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.split("://", 1)[1].partition("/")
    return bucket, key


def _hidden(relative: str) -> bool:
    return any(part.startswith(("_", ".")) for part in relative.split("/"))
