"""Glue's tables: in the order of their names, in pages, found by pattern or text, and replaced as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ministack.core.responses import json_response
from ministack.services import glue

from localaws.glue_catalog import databases
from localaws.glue_catalog.answers import invalid, not_found, shown
from localaws.hooks import succeeded
from localaws.paging import page

if TYPE_CHECKING:
    from collections.abc import Iterator

# ruff: noqa: SLF001 -- MiniStack has no other interface

PAGE = 100
SEARCH_PAGE = 1000
# The members of a TableInput: UpdateTable replaces all of them.
INPUT = (
    "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor", "PartitionKeys",
    "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable", "ViewDefinition",
)  # fmt: skip
_COMPARISONS = {"EQUALS", "GREATER_THAN", "LESS_THAN", "GREATER_THAN_EQUALS", "LESS_THAN_EQUALS"}


def existing(database: str, name: str) -> dict[str, Any]:
    """Return a table as MiniStack keeps it. Raises GlueError when there is none of this name."""
    found: dict[str, Any] | None = glue._tables.get(f"{database}/{name}")
    if found is None:
        raise not_found(f"Table {name} not found in {database}.")
    return found


def of_database(database: str) -> list[dict[str, Any]]:
    """Return the tables of a database in the order of their names. Raises GlueError when there is no such database."""
    databases.existing(database)
    found = [table for key, table in list(glue._tables.items()) if key.startswith(f"{database}/")]
    return sorted(found, key=lambda table: str(table["Name"]))


def matching(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern of names, in which a `*` after a letter or at the start is any text.

    Clients send both `orders*` and `orders.*`. Raises re.error for a pattern that is neither.
    """
    return re.compile(re.sub(r"(?<![.)\]])\*", ".*", pattern), re.IGNORECASE)


def get_table(data: dict[str, Any]) -> Any:
    """Answer GetTable."""
    return json_response({"Table": shown(existing(data.get("DatabaseName", ""), data.get("Name", "")))})


def get_tables(data: dict[str, Any]) -> Any:
    """Answer GetTables."""
    found = of_database(data.get("DatabaseName", ""))
    if data.get("Expression"):
        try:
            wanted = matching(data["Expression"])
        except re.error as error:
            raise invalid(f"Expression {data['Expression']} is not a regular expression: {error}") from error
        found = [table for table in found if wanted.fullmatch(table["Name"])]
    listed, token = page([shown(table) for table in found], data, PAGE)
    return json_response({"TableList": listed, **token})


def keep_input(original: Any, data: dict[str, Any]) -> Any:
    """Run MiniStack's CreateTable or UpdateTable, and keep exactly the members of its TableInput."""
    response = original(data)
    if succeeded(response):
        wanted = data.get("TableInput") or {}
        table = glue._tables[f"{data['DatabaseName']}/{wanted['Name']}"]
        for member in INPUT:
            if member in wanted:
                table[member] = wanted[member]
            else:
                table.pop(member, None)
        table.setdefault("PartitionKeys", [])
        table.setdefault("Retention", 0)
        table.setdefault("Parameters", {})
    return response


def search_tables(data: dict[str, Any]) -> Any:
    """Answer SearchTables: the tables of all databases that hold a text and meet every filter."""
    found = [table for table in list(glue._tables.values()) if _searched(table, data)]
    for criterion in reversed(data.get("SortCriteria") or [{"FieldName": "Name", "Sort": "ASC"}]):
        found = _in_order(found, str(criterion.get("FieldName")), descending=criterion.get("Sort") == "DESC")
    listed, token = page([shown(table) for table in found], data, SEARCH_PAGE)
    return json_response({"TableList": listed, **token})


def _in_order(found: list[dict[str, Any]], member: str, *, descending: bool) -> list[dict[str, Any]]:
    return sorted(found, key=lambda table: str(table.get(member, "")), reverse=descending)


def _searched(table: dict[str, Any], data: dict[str, Any]) -> bool:
    text = str(data.get("SearchText") or "")
    exact = len(text) > 1 and text[0] == text[-1] == '"'
    wanted = text.strip('"').lower() if exact else text.lower()
    texts = [str(one).lower() for one in _texts({key: value for key, value in table.items() if key != "CatalogId"})]
    found = wanted in texts if exact else any(wanted in one for one in texts)
    return found and all(_meets(table, one) for one in data.get("Filters") or [])


def _texts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, held in value.items():
            yield key
            yield from _texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)
    else:
        yield value


def _meets(table: dict[str, Any], condition: dict[str, Any]) -> bool:
    name, wanted = str(condition.get("Key")), str(condition.get("Value"))
    comparison = condition.get("Comparator") or "EQUALS"
    if comparison not in _COMPARISONS:
        raise invalid(f"Comparator {comparison} is not one of {', '.join(sorted(_COMPARISONS))}")
    held = table.get(name, (table.get("Parameters") or {}).get(name))
    if held is None:
        return False
    if _both_numbers(held, wanted):
        equal, less = float(held) == float(wanted), float(held) < float(wanted)
    else:
        equal, less = str(held).lower() == wanted.lower(), str(held).lower() < wanted.lower()
    match comparison:
        case "EQUALS":
            return equal
        case "LESS_THAN":
            return less
        case "LESS_THAN_EQUALS":
            return less or equal
        case "GREATER_THAN":
            return not less and not equal
    return not less


def _both_numbers(*values: Any) -> bool:
    try:
        for value in values:
            float(value)
    except ValueError:
        return False
    return True
