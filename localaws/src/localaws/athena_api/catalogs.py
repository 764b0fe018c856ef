"""Athena's data catalogs, and its metadata of Glue's databases and tables. Names have no case."""

from __future__ import annotations

import re
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena, glue

from localaws.athena_api.answers import shown
from localaws.athena_api.errors import invalid_request
from localaws.glue_catalog import tables
from localaws.glue_catalog.answers import GlueError
from localaws.paging import page

# ruff: noqa: SLF001 -- MiniStack has no other interface

PAGE = 50


def get_data_catalog(data: dict[str, Any]) -> Any:
    """Answer GetDataCatalog."""
    found = _catalog(data.get("Name"))
    if found is None:
        return invalid_request(f"Data catalog {data.get('Name')} is not found.")
    return json_response({"DataCatalog": {**shown(found), "Parameters": found.get("Parameters") or {}}})


def list_data_catalogs(data: dict[str, Any]) -> Any:
    """Answer ListDataCatalogs."""
    found = [{"CatalogName": one["Name"], "Type": one["Type"]} for one in list(athena._data_catalogs.values())]
    listed, token = page(found, data, PAGE)
    return json_response({"DataCatalogsSummary": listed, **token})


def get_database(data: dict[str, Any]) -> Any:
    """Answer GetDatabase."""
    if _catalog(data.get("CatalogName")) is None:
        return _missing(f"Catalog {data.get('CatalogName')} not found")
    found = glue._databases.get(str(data.get("DatabaseName")).lower())
    if found is None:
        return _missing(f"EntityNotFoundException: Database {data.get('DatabaseName')} not found")
    return json_response({"Database": athena._athena_database(found)})


def list_databases(data: dict[str, Any]) -> Any:
    """Answer ListDatabases, in the order of their names."""
    if _catalog(data.get("CatalogName")) is None:
        return _missing(f"Catalog {data.get('CatalogName')} not found")
    found = sorted(glue._databases.values(), key=lambda one: str(one["Name"]))
    listed, token = page([athena._athena_database(one) for one in found], data, PAGE)
    return json_response({"DatabaseList": listed, **token})


def get_table_metadata(data: dict[str, Any]) -> Any:
    """Answer GetTableMetadata."""
    if _catalog(data.get("CatalogName")) is None:
        return _missing(f"Catalog {data.get('CatalogName')} not found")
    database, name = str(data.get("DatabaseName")).lower(), str(data.get("TableName")).lower()
    try:
        return json_response({"TableMetadata": metadata_of(tables.existing(database, name))})
    except GlueError as error:
        return _missing(f"EntityNotFoundException: Entity Not Found ({error})")


def list_table_metadata(data: dict[str, Any]) -> Any:
    """Answer ListTableMetadata: the tables whose names match the expression, in the order of their names."""
    if _catalog(data.get("CatalogName")) is None:
        return _missing(f"Catalog {data.get('CatalogName')} not found")
    try:
        wanted = tables.matching(data.get("Expression") or "*")
        found = tables.of_database(str(data.get("DatabaseName")).lower())
    except re.error as error:
        return invalid_request(f"Expression {data.get('Expression')} is not a regular expression: {error}")
    except GlueError as error:
        return _missing(f"EntityNotFoundException: {error}")
    listed, token = page([metadata_of(one) for one in found if wanted.fullmatch(one["Name"])], data, PAGE)
    return json_response({"TableMetadataList": listed, **token})


def metadata_of(table: dict[str, Any]) -> dict[str, Any]:
    """Return the TableMetadata of a table of Glue; its Parameters say how the files are read, as on AWS."""
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    described = {
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
    }
    return shown(
        {
            "Name": table["Name"],
            "CreateTime": table.get("CreateTime"),
            "LastAccessTime": table.get("LastAccessTime") or 0,
            "TableType": table.get("TableType"),
            "Columns": [athena._glue_col(column) for column in storage.get("Columns") or []],
            "PartitionKeys": [athena._glue_col(column) for column in table.get("PartitionKeys") or []],
            "Parameters": {
                **(table.get("Parameters") or {}),
                **{name: value for name, value in described.items() if value},
            },
        }
    )


def _catalog(name: Any) -> dict[str, Any] | None:
    """Return a data catalog by its name in any case, AwsDataCatalog without a name; None when there is none."""
    wanted = str(name or "AwsDataCatalog").lower()
    found = (one for one in list(athena._data_catalogs.values()) if one["Name"].lower() == wanted)
    return next(found, None)


def _missing(message: str) -> Any:
    return error_response_json("MetadataException", message, 400)
