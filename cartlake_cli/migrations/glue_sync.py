"""Glue's copy of a table's columns, comments and description, which the Athena console shows.

Every commit writes it. A crawler or a user may change it in between. Then the copy is wrong; the table is not affected.
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
"""Parameters that a crawler writes. They describe plain files, not an Iceberg table."""


def glue_entry(catalog: GlueCatalog, database: str, name: str) -> dict[str, Any]:
    """Return the entry of a table in Glue. Raises EntityNotFoundException if there is none."""
    return dict(catalog.glue.get_table(DatabaseName=database, Name=name)["Table"])


def differences(entry: Mapping[str, Any], table: IcebergTable) -> list[str]:
    """Return how Glue's copy differs from the metadata, in words; empty when it does not."""
    return list(_differences(entry, table_input(entry, table), table))


def table_input(entry: Mapping[str, Any], table: IcebergTable) -> Any:
    """Return the `TableInput` that a commit of pyiceberg would write to Glue; parameters of other tools are kept.

    Comments are cut to Glue's limit: those of a table that another tool wrote may be longer.
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
    """Write the copy again. Raises TransientError, and changes nothing, when the entry changed since it was read."""
    try:
        catalog.glue.update_table(
            DatabaseName=database, TableInput=table_input(entry, table), VersionId=str(entry.get("VersionId", ""))
        )
    except catalog.glue.exceptions.ConcurrentModificationException as error:
        raise TransientError(f"{database}.{entry['Name']} was changed by another writer just now; try again") from error


def _differences(entry: Mapping[str, Any], wanted: Any, table: IcebergTable) -> Iterator[str]:
    yield from _of_columns(_columns(entry), _columns(wanted))
    if "Description" in wanted and entry.get("Description", "") != wanted["Description"]:
        yield f"description is {entry.get('Description', '')!r}"
    location = (entry.get("StorageDescriptor") or {}).get("Location", "")
    # Some tools write the location with a slash at its end; it is the same place.
    if location.rstrip("/") != table.location().rstrip("/"):
        yield f"location is {location}"
    if entry.get("PartitionKeys"):
        yield f"partition keys {', '.join(key['Name'] for key in entry['PartitionKeys'])} are not in the table"
    parameters = entry.get("Parameters") or {}
    for name in sorted(parameters.keys() & set(_OF_CRAWLERS)):
        yield f"parameter {name} was written by a crawler"
    for name, value in table.properties.items():
        if name in parameters and parameters[name] != value:
            yield f"parameter {name} is {parameters[name]!r}"


def _columns(entry: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return type and comment of each current column. Glue also lists columns of older schemas, with a mark."""
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
        yield f"columns that are not in the table: {', '.join(unknown)}"
    both = [name for name in wanted if name in found]
    for name in both:
        if found[name][0] != wanted[name][0]:
            yield f"type of {name} is {found[name][0]}, not {wanted[name][0]}"
        if found[name][1] != wanted[name][1]:
            yield f"comment of {name} is {found[name][1]!r}"
    if both != [name for name in found if name in wanted]:
        yield "columns are in another order"
