"""Finds a table by the name a user gives, with or without the database: its contract and its Iceberg table."""

from typing import TYPE_CHECKING, Any

from cartlake import contracts
from cartlake.contracts import Contract, Table
from cartlake.ledger import Lock
from cartlake.maintenance.documents import owner_of
from cartlake.tables.catalog import load_catalog
from cartlake.tables.snapshots import Version, versions
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.migrations.placement import Placement

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable

AS_NAMED = Placement({}, {})


def named_table(name: str, where: Placement = AS_NAMED) -> tuple[Contract, Table]:
    """Return the contract and table of this name in contracts or catalog. Raises NotFoundError that lists all."""
    tables = {table.physical_name: (contract, table) for contract in contracts.load_all() for table in contract.tables}
    found = [
        pair
        for full, pair in tables.items()
        if name in (full, full.partition(".")[2], ".".join(where.identifier(pair[1])))
    ]
    if len(found) != 1:
        raise NotFoundError(f"There is no table {name!r}. There are: {', '.join(sorted(tables))}.")
    return found[0]


def lock_on(lake: Lake, contract: Contract, table: Table) -> Lock | None:
    """Return the lock of the run that may be writing the table now; None without one."""
    owner = owner_of(contract, table)
    return lake.ledger.locks.get(owner) if owner else None


def placement(lake: Lake) -> Placement:
    """Return the Glue database of this environment for each database that contracts name."""
    return Placement(lake.outputs.databases, {})


def table_named(lake: Lake, name: str) -> tuple[Contract, Table, "IcebergTable"]:
    """Return the contract, the table in it and the Iceberg table. Raises NotFoundError when there is none."""
    from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415 - a second of import

    contract, table = named_table(name)
    lake.connect()
    try:
        return contract, table, load_catalog().load_table(placement(lake).identifier(table))
    except NoSuchTableError as error:
        raise NotFoundError(f"{table.physical_name} does not exist yet. `lake tables apply` creates it.") from error


def current(stored: "IcebergTable", name: str) -> Version:
    """Return the version that readers see. Raises CommandError for a table that was never written."""
    known = [version for version in versions(stored) if version.is_current]
    if not known:
        raise CommandError(f"{name} was never written, so it has no version.")
    return known[0]


def columns_at(stored: "IcebergTable", version: Version) -> set[str]:
    """Return the names of the columns that the table had in this version."""
    schemas: dict[Any, Any] = {schema.schema_id: schema for schema in stored.metadata.schemas}
    snapshot = stored.metadata.snapshot_by_id(version.snapshot_id)
    schema = schemas.get(snapshot.schema_id if snapshot else None, stored.schema())
    return {field.name for field in schema.fields}
