"""SQL with which Databricks, Snowflake and DuckDB read Iceberg tables of the lake in place, without a copy."""

# ruff: noqa: S608 - names are those of contracts, and these statements are only printed

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from cartlake.aws.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Sequence


CATALOG: Final = "lake"
"""What a DuckDB calls the Glue catalog that it is attached to."""


class Registered(BaseModel):
    """The location of a table. `metadata_location` changes with every commit, `location` does not."""

    model_config = ConfigDict(frozen=True)

    name: str
    database: str
    table: str
    location: str
    metadata_location: str
    snapshot_id: str
    region: str
    account_id: str

    @property
    def bucket(self) -> str:
        """Return the bucket of the table."""
        return S3Uri.parse(self.location).bucket

    @property
    def metadata_path(self) -> str:
        """Return the key of the metadata file in its bucket."""
        return S3Uri.parse(self.metadata_location).key


def databricks_sql(table: Registered) -> str:
    """Return SQL for federation with the Glue catalog: Databricks reads the metadata itself, so it is always current.

    Needs a service credential that may read Glue, and an external location over the bucket.
    """
    return f"""\
-- Once for the lake: a connection to its Glue catalog. `cartlake` is a service credential of Unity Catalog.
CREATE CONNECTION IF NOT EXISTS cartlake TYPE glue
OPTIONS (aws_region '{table.region}', aws_account_id '{table.account_id}', credential 'cartlake');

-- Once for each bucket: allows reading the tables in place.
CREATE FOREIGN CATALOG IF NOT EXISTS cartlake USING CONNECTION cartlake
OPTIONS (authorized_paths 's3://{table.bucket}/');

SELECT * FROM cartlake.{table.database}.{table.table} LIMIT 10;
"""


def duckdb_sql(tables: Sequence[Registered], endpoint: str | None = None) -> str:
    """Return SQL that attaches a local DuckDB to the Glue catalog, and shows its tables as views.

    Each query reads the version that a table has then. `endpoint` is the address of the embedded AWS, None for AWS,
    where credentials are found as other clients find them.
    """
    extensions = ["httpfs", "iceberg", *([] if endpoint else ["aws"])]
    schemas = sorted({table.name.partition(".")[0] for table in tables})
    lines = [
        *(f"install {name}; load {name};" for name in extensions),
        *(_local_catalog(endpoint) if endpoint else _catalog(tables[0]) if tables else []),
        *(f"create schema if not exists {schema};" for schema in schemas),
        *(
            f'create or replace view {table.name} as select * from {CATALOG}."{table.database}"."{table.table}";'
            for table in tables
        ),
    ]
    return "\n".join(lines) + "\n"


def _local_catalog(endpoint: str) -> list[str]:
    # The embedded AWS gives DuckDB the address and the keys of its S3, and knows every caller as the root user.
    address = f"{endpoint.rstrip('/')}/iceberg"
    return [f"attach if not exists 'lake' as {CATALOG} (type iceberg, read_only, endpoint '{address}', token 'test');"]


def _catalog(table: Registered) -> list[str]:
    address = f"glue.{table.region}.amazonaws.com/iceberg"
    options = f"type iceberg, read_only, endpoint '{address}', authorization_type 'sigv4'"
    return [
        f"create or replace secret {CATALOG} (type s3, provider credential_chain, region '{table.region}');",
        f"attach if not exists '{table.account_id}' as {CATALOG} ({options});",
    ]


def snowflake_sql(table: Registered) -> str:
    """Return SQL for a table of Iceberg files. It shows the version of this metadata file until it is refreshed."""
    name = f"{table.database}_{table.table}"
    return f"""\
-- Once for the lake: a catalog that reads metadata files. `cartlake` is an external volume over s3://{table.bucket}/.
CREATE CATALOG INTEGRATION IF NOT EXISTS cartlake_files
CATALOG_SOURCE = OBJECT_STORE TABLE_FORMAT = ICEBERG ENABLED = TRUE;

CREATE ICEBERG TABLE IF NOT EXISTS {name}
EXTERNAL_VOLUME = 'cartlake' CATALOG = 'cartlake_files'
METADATA_FILE_PATH = '{table.metadata_path}';

-- After every load; `lake register {table.name} --for snowflake` prints it with the new path.
ALTER ICEBERG TABLE {name} REFRESH '{table.metadata_path}';
"""
