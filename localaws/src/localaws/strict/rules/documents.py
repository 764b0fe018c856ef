"""Reads policy documents."""

from __future__ import annotations

import json
from typing import Any


def statements(document: Any) -> list[dict[str, Any]]:
    """Return the statements of a policy in JSON; none when it is not one."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    found = parsed.get("Statement", []) if isinstance(parsed, dict) else []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def strings(statement: dict[str, Any], *names: str) -> list[str]:
    """Return the values of members that are a text or a list of texts."""
    found = [value for name in names for value in as_list(statement.get(name))]
    return [value for value in found if isinstance(value, str)]


def as_list(value: Any) -> list[Any]:
    """Return a value as a list: policies write one value without brackets."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
