"""Glue's own copy of what Iceberg says of a table: columns, comments, description. Athena's console shows the copy.

Every commit writes it. In between, a crawler or a person may change it, and then the copy is wrong, never the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyiceberg.catalog import glue as pyiceberg_glue

from cartlake.contracts.glue_limits import comment
from cartlake.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyiceberg.catalog.glue import GlueCatalog
    from pyiceberg.table import Table as IcebergTable

_NOT_CURRENT: Final = "false"
_OF_CRAWLERS: Final = (
    "averageRecordSize",
    "classification",
    "columnsOrdered",
    "compressionType",
    "CrawlerSchemaDeserializerVersion",
    "CrawlerSchemaSerializerVersion",
    "delimiter",
    "objectCount",
    "recordCount",
    "sizeKey",
    "skip.header.line.count",
    "typeOfData",
    "UPDATED_BY_CRAWLER",
)
"""Parameters a crawler writes, which describe plain files and not an Iceberg table."""


def glue_entry(catalog: GlueCatalog, database: str, name: str) -> dict[str, Any]:
    """The table as Glue has it."""
    return dict(catalog.glue.get_table(DatabaseName=database, Name=name)["Table"])


def differences(entry: Mapping[str, Any], table: IcebergTable) -> list[str]:
    """How Glue's copy differs from the metadata, in words; empty when it does not."""
    return list(_differences(entry, table_input(entry, table), table))


def table_input(entry: Mapping[str, Any], table: IcebergTable) -> Any:
    """What Glue should be told of the table, as any commit of pyiceberg would tell it; other parameters stay.

    Comments are cut to what Glue takes: those of a table that another tool wrote may be longer.
    """
    parameters = {name: value for name, value in (entry.get("Parameters") or {}).items() if name not in _OF_CRAWLERS}
    written: Any = pyiceberg_glue._construct_table_input(  # noqa: SLF001 - the copy must be the one commits write
        str(entry["Name"]),
        table.metadata_location,
        table.properties,
        table.metadata,
        {"Name": "", "Parameters": parameters},
    )
    for column in written["StorageDescriptor"]["Columns"]:
        if "Comment" in column:
            column["Comment"] = comment(column["Comment"])
    kept = {key: entry[key] for key in ("Owner", "Retention") if entry.get(key)}
    return {**kept, **written, "PartitionKeys": []}


def sync(catalog: GlueCatalog, database: str, entry: Mapping[str, Any], table: IcebergTable) -> None:
    """Write the copy anew. Raises TransientError, and changes nothing, when the entry changed since it was read."""
    try:
        catalog.glue.update_table(
            DatabaseName=database, TableInput=table_input(entry, table), VersionId=str(entry.get("VersionId", ""))
        )
    except catalog.glue.exceptions.ConcurrentModificationException as error:
        raise TransientError(
            f"{database}.{entry['Name']} was changed by another writer just now; apply again"
        ) from error


def _differences(entry: Mapping[str, Any], wanted: Any, table: IcebergTable) -> Iterator[str]:
    yield from _of_columns(_columns(entry), _columns(wanted))
    if "Description" in wanted and entry.get("Description", "") != wanted["Description"]:
        yield f"description is {entry.get('Description', '')!r}"
    location = (entry.get("StorageDescriptor") or {}).get("Location", "")
    if location.rstrip("/") != table.location().rstrip("/"):
        yield f"location is {location}"
    if entry.get("PartitionKeys"):
        yield f"partition keys {', '.join(key['Name'] for key in entry['PartitionKeys'])} are no part of it"
    parameters = entry.get("Parameters") or {}
    for name in sorted(parameters.keys() & set(_OF_CRAWLERS)):
        yield f"parameter {name} is of a crawler"
    for name, value in table.properties.items():
        if name in parameters and parameters[name] != value:
            yield f"parameter {name} is {parameters[name]!r}"


def _columns(entry: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Type and comment of each current column. Glue lists columns of older schemas as well, and marks them."""
    columns = (entry.get("StorageDescriptor") or {}).get("Columns") or []
    return {
        column["Name"]: (column.get("Type", ""), comment(column.get("Comment", "")))
        for column in columns
        if (column.get("Parameters") or {}).get(pyiceberg_glue.ICEBERG_FIELD_CURRENT) != _NOT_CURRENT
    }


def _of_columns(found: dict[str, tuple[str, str]], wanted: dict[str, tuple[str, str]]) -> Iterator[str]:
    if missing := [name for name in wanted if name not in found]:
        yield f"columns missing: {', '.join(missing)}"
    if unknown := [name for name in found if name not in wanted]:
        yield f"columns that are not in it: {', '.join(unknown)}"
    both = [name for name in wanted if name in found]
    for name in both:
        if found[name][0] != wanted[name][0]:
            yield f"type of {name} is {found[name][0]}, not {wanted[name][0]}"
        if found[name][1] != wanted[name][1]:
            yield f"comment of {name} is {found[name][1]!r}"
    if both != [name for name in found if name in wanted]:
        yield "columns stand in another order"
