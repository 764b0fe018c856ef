"""Table versions: each update of a table keeps the previous version. MiniStack keeps none; dbt reads them.

They are in memory only: after a restart of the server a table has its current version only.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import glue

from localaws.glue_catalog.answers import folded, shown
from localaws.hooks import succeeded, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_RESULTS = 100
_earlier: dict[tuple[str, str, str], list[dict[str, Any]]] = {}


def install() -> None:
    """Keep a version at each update, delete versions with their table, and answer the four actions about them.

    Raises AttributeError when this version of MiniStack does not have a function to change.
    """

    @wrap(glue, "_update_table")
    def _(original: Any, request: dict[str, Any]) -> Any:
        data = folded(request)
        name = f"{data.get('DatabaseName')}/{(data.get('TableInput') or {}).get('Name')}"
        before = copy.deepcopy(glue._tables.get(name))
        response = original(data)
        if succeeded(response) and before is not None and not data.get("SkipArchive"):
            _earlier.setdefault(_key(name), []).append(before)
        return response

    @wrap(glue, "_create_table")
    def _(original: Any, request: dict[str, Any]) -> Any:
        data = folded(request)
        response = original(data)
        if succeeded(response):  # a table of this name may have been deleted with its database, or in a batch
            _earlier.pop(_key(f"{data.get('DatabaseName')}/{(data.get('TableInput') or {}).get('Name')}"), None)
        return response

    @wrap(glue, "_delete_table")
    def _(original: Any, request: dict[str, Any]) -> Any:
        data = folded(request)
        response = original(data)
        if succeeded(response):
            _earlier.pop(_key(f"{data.get('DatabaseName')}/{data.get('Name')}"), None)
        return response

    @wrap(glue, "handle_request")
    async def _(original: Any, *request: Any) -> Any:
        _method, _path, headers, body, _query = request
        action = _ACTIONS.get(headers.get("x-amz-target", "").rpartition(".")[2])
        return await original(*request) if action is None else action(folded(json.loads(body)))


def _key(name: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), name


def _versions(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all versions of a table, newest first; none for a table that does not exist."""
    name = f"{data.get('DatabaseName')}/{data.get('TableName')}"
    current = glue._tables.get(name)
    tables = [*_earlier.get(_key(name), []), current] if current is not None else []
    return [{"Table": shown(table), "VersionId": table["VersionId"]} for table in reversed(tables)]


def _get_table_versions(data: dict[str, Any]) -> Any:
    found = _versions(data)
    if not found:
        return _missing(data)
    start, size = int(data.get("NextToken") or 0), int(data.get("MaxResults") or _MAX_RESULTS)
    page: dict[str, Any] = {"TableVersions": found[start : start + size]}
    return json_response(page | ({"NextToken": str(start + size)} if start + size < len(found) else {}))


def _get_table_version(data: dict[str, Any]) -> Any:
    wanted = data.get("VersionId")
    found = [version for version in _versions(data) if wanted in {None, version["VersionId"]}]
    return json_response({"TableVersion": found[0]}) if found else _missing(data)


def _delete_table_version(data: dict[str, Any]) -> Any:
    return _missing(data) if not _delete(data, str(data.get("VersionId"))) else json_response({})


def _batch_delete_table_version(data: dict[str, Any]) -> Any:
    unknown = [version for version in data.get("VersionIds") or [] if not _delete(data, version)]
    detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Version not found."}
    errors = [{"TableName": data.get("TableName"), "VersionId": version, "ErrorDetail": detail} for version in unknown]
    return json_response({"Errors": errors})


def _delete(data: dict[str, Any], version: str) -> bool:
    kept = _earlier.get(_key(f"{data.get('DatabaseName')}/{data.get('TableName')}"), [])
    found = [table for table in kept if table["VersionId"] == version]
    for table in found:
        kept.remove(table)
    return bool(found)


def _missing(data: dict[str, Any]) -> Any:
    message = f"Table {data.get('TableName')} or its version was not found."
    return error_response_json("EntityNotFoundException", message, 400)


_ACTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "GetTableVersions": _get_table_versions,
    "GetTableVersion": _get_table_version,
    "DeleteTableVersion": _delete_table_version,
    "BatchDeleteTableVersion": _batch_delete_table_version,
}
