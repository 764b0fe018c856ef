"""Glue's databases: in the order of their names, in pages, and with the database `default` that Athena creates."""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, json_response
from ministack.services import glue

from localaws.glue_catalog.answers import not_found, shown
from localaws.paging import page

# ruff: noqa: SLF001 -- MiniStack has no other interface

PAGE = 100
DEFAULT = "default"
# Created once for each account and region: a client may delete it.
_given: set[tuple[str, str]] = set()


def ensure_default() -> None:
    """Create the database `default`, as Athena does in every account that uses it."""
    scope = get_account_id(), get_region()
    if scope in _given:
        return
    _given.add(scope)
    if DEFAULT not in glue._databases:
        described = {"Name": DEFAULT, "Description": "Default Hive database", "CreateTime": int(time.time())}
        glue._databases[DEFAULT] = {**described, "Parameters": {}, "CatalogId": get_account_id()}


def existing(name: str) -> dict[str, Any]:
    """Return a database as MiniStack keeps it. Raises GlueError when there is none of this name."""
    found: dict[str, Any] | None = glue._databases.get(name)
    if found is None:
        raise not_found(f"Database {name} not found.")
    return found


def get_database(data: dict[str, Any]) -> Any:
    """Answer GetDatabase."""
    return json_response({"Database": shown(existing(data.get("Name", "")))})


def get_databases(data: dict[str, Any]) -> Any:
    """Answer GetDatabases."""
    found = sorted(glue._databases.values(), key=lambda database: str(database["Name"]))
    listed, token = page([shown(database) for database in found], data, PAGE)
    return json_response({"DatabaseList": listed, **token})
