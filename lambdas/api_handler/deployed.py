"""What was deployed with the function: named queries, views and contracts; and the published versions of tables."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final

from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import error_code
from cartlake.aws.objects import S3Uri
from cartlake.queries.named_queries import NamedQuery
from cartlake.tables.broken_metadata import METADATA_LOCATION
from cartlake.tables.table_size import parse_metadata
from lambdas.api_handler.adapters import AT_ONCE, RoleClients
from lambdas.api_handler.domain import TableVersion
from lambdas.api_handler.settings import settings

QUERIES: Final = Path(__file__).resolve().parents[2] / "athena_queries"
"""In a checkout and in the function's zip."""


@cache
def named_queries() -> dict[str, NamedQuery]:
    """Return the named queries that were deployed with this function."""
    return {path.stem: NamedQuery.read(path.stem, path.read_text()) for path in sorted(QUERIES.glob("*.sql"))}


@cache
def views() -> dict[str, str]:
    """Return the SQL of each view, by its name with its database."""
    return {path.stem: path.read_text() for path in sorted((QUERIES / "views").glob("*.sql"))}


@cache
def tables() -> dict[str, tuple[contracts.Contract, contracts.Table]]:
    """Return the tables of all contracts, by their physical names."""
    return {table.physical_name: (one, table) for one in contracts.load_all() for table in one.tables}


def versions(role: RoleClients, names: Iterable[str]) -> list[TableVersion]:
    """Return the published version of each table, in the order of the names; those that do not exist are left out."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.map(lambda name: _version(role, name), names)
        return [version for version in found if version is not None]


def _version(role: RoleClients, name: str) -> TableVersion | None:
    database, _, table = name.partition(".")
    try:
        answer = role.client("glue").get_table(DatabaseName=f"{settings().database_prefix}{database}", Name=table)
    except ClientError as error:
        if error_code(error) == "EntityNotFoundException":
            return None
        raise
    location = answer["Table"].get("Parameters", {}).get(METADATA_LOCATION)
    return TableVersion(name, _snapshot_of(role, location) if location else None, answer["Table"].get("UpdateTime"))


def _snapshot_of(role: RoleClients, location: str) -> str | None:
    if location not in role.snapshots:
        uri = S3Uri.parse(location)
        content = role.client("s3").get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()
        current = parse_metadata(location, content).get("current-snapshot-id")
        role.snapshots[location] = None if current in (None, -1) else str(current)
    return role.snapshots[location]
