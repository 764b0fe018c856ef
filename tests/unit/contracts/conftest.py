"""A small sound contract, and a way to break it in one place."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cartlake.contracts import Contract, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLUMN: dict[str, Any] = {
    "name": "item_id",
    "logicalType": "string",
    "physicalType": "string",
    "required": True,
    "primaryKey": True,
    "primaryKeyPosition": 1,
}
AMOUNT: dict[str, Any] = {"name": "amount", "logicalType": "number", "physicalType": "decimal(12,2)"}
CHANGED_AT: dict[str, Any] = {"name": "changed_at", "logicalType": "timestamp", "physicalType": "timestamp"}
CONTRACT: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "test.items",
    "name": "items",
    "version": "2.3.4",
    "status": "active",
    "team": {"name": "tests"},
    "schema": [
        {
            "name": "items",
            "physicalName": "processed.items",
            "properties": [COLUMN, AMOUNT, CHANGED_AT],
            "quality": [],
            "customProperties": [
                {"property": "cartlake.versionColumn", "value": "changed_at"},
                {"property": "cartlake.eventTime", "value": "changed_at"},
            ],
        }
    ],
    "customProperties": [{"property": "cartlake.file", "value": {"formats": ["csv"]}}],
}


@pytest.fixture
def document() -> dict[str, Any]:
    return deepcopy(CONTRACT)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[dict[str, Any]], Contract]:
    """Write a document as a contract file and parse it."""

    def write_and_parse(content: dict[str, Any]) -> Contract:
        path = tmp_path / "items.odcs.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return parse(path)

    return write_and_parse
