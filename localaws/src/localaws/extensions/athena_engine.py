"""Athena's API on the engine of `localaws.athena`: replaces MiniStack's functions that run and answer queries."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena, glue

from localaws.athena_api import queries, result_pages, workgroups

REPLACED = {
    "_start_query_execution": queries.start_query_execution,
    "_get_query_execution": queries.get_query_execution,
    "_stop_query_execution": queries.stop_query_execution,
    "_get_query_results": result_pages.get_query_results,
    "_get_workgroup": workgroups.get_workgroup,
}


def install() -> None:
    """Replace the functions. Everything else of Athena's API (workgroups, named queries, …) stays MiniStack's.

    Raises AttributeError when this version of MiniStack does not have one of them.
    """
    for name, function in {**REPLACED, "_get_table_metadata": get_table_metadata}.items():
        if not hasattr(athena, name):
            raise AttributeError(f"MiniStack's Athena no longer has {name}")
        setattr(athena, name, function)


def get_table_metadata(data: dict[str, Any]) -> Any:
    """Answer GetTableMetadata with an error for a table that does not exist; MiniStack answers as if it did."""
    table = glue._tables.get(f"{data.get('DatabaseName')}/{data.get('TableName')}")
    if table is None:
        return error_response_json("MetadataException", "EntityNotFoundException: Entity Not Found", 400)
    return json_response({"TableMetadata": athena._glue_table_to_metadata(table)})
