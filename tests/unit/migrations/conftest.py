"""A real pyiceberg Glue catalog: Glue answered by moto, tables in a local folder; and a small contract that grows."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import yaml
from moto import mock_aws

from cartlake import contracts
from cartlake.tables.glue_catalog import LakeCatalog
from cartlake_cli.migrations.migrate import Placement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cartlake.contracts import Contract

DATABASES = ("processed", "curated", "masked", "ops")

COLUMNS: list[dict[str, Any]] = [
    {
        "name": "order_id",
        "logicalType": "string",
        "physicalType": "string",
        "required": True,
        "primaryKey": True,
        "primaryKeyPosition": 1,
    },
    {
        "name": "ordered_at",
        "logicalType": "timestamp",
        "physicalType": "timestamp",
        "partitioned": True,
        "partitionKeyPosition": 1,
        "customProperties": [{"property": "cartlake.partitionTransform", "value": "month"}],
    },
    {"name": "pieces", "logicalType": "integer", "physicalType": "int", "description": "How many."},
    {"name": "price", "logicalType": "number", "physicalType": "decimal(10,2)"},
    {"name": "note", "logicalType": "string", "physicalType": "string"},
]
SALES: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "test.sales",
    "name": "sales",
    "version": "1.0.0",
    "status": "active",
    "team": {"name": "tests"},
    "schema": [
        {
            "name": "sales",
            "physicalName": "processed.sales",
            "description": "What was sold.",
            "properties": COLUMNS,
            "customProperties": [],
        }
    ],
}


class Sales:
    """The contract as a document that a test edits, step by step."""

    def __init__(self, path: Path) -> None:
        self.document = deepcopy(SALES)
        self.path = path

    @property
    def table(self) -> dict[str, Any]:
        return self.document["schema"][0]  # type: ignore[no-any-return]

    @property
    def columns(self) -> list[dict[str, Any]]:
        return self.table["properties"]  # type: ignore[no-any-return]

    def column(self, name: str) -> dict[str, Any]:
        return next(column for column in self.columns if column["name"] == name)

    def version(self, version: str) -> Sales:
        self.document["version"] = version
        return self

    def rename(self, old: str, new: str, *former: str) -> Sales:
        said = {"property": "cartlake.renamedFrom", "value": [old, *former] if former else old}
        kept = [
            entry for entry in self.column(old).get("customProperties", []) if entry["property"] != said["property"]
        ]
        self.column(old).update(name=new, customProperties=[*kept, said])
        return self

    def drop(self, name: str) -> Sales:
        self.columns.remove(self.column(name))
        return self

    def add(self, name: str, kind: str = "string", logical: str = "string") -> Sales:
        self.columns.append({"name": name, "logicalType": logical, "physicalType": kind})
        return self

    def partition(self, transform: str) -> Sales:
        self.column("ordered_at")["customProperties"][0]["value"] = transform
        return self

    def sort(self, *fields: str) -> Sales:
        self.table["customProperties"] = [{"property": "cartlake.sortOrder", "value": [*fields]}]
        return self

    @property
    def contract(self) -> Contract:
        self.path.write_text(yaml.safe_dump(self.document, sort_keys=False))
        return contracts.parse(self.path)


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[LakeCatalog]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        catalog = LakeCatalog("test", **{"glue.region": "us-east-1"})
        for database in DATABASES:
            catalog.create_namespace(database)
        yield catalog


@pytest.fixture
def placement(tmp_path: Path) -> Placement:
    return Placement(databases={}, warehouses={database: (tmp_path / database).as_uri() for database in DATABASES})


@pytest.fixture
def transactions() -> Contract:
    return contracts.load("transactions")


@pytest.fixture
def sales(tmp_path: Path) -> Sales:
    return Sales(tmp_path / "sales.odcs.yaml")


Rows = list[dict[str, Any]]


@pytest.fixture
def write(catalog: LakeCatalog) -> Callable[..., None]:
    """Append rows of `processed.sales`: what is left out is null."""

    def append(*rows: dict[str, Any], branch: str = "main") -> None:
        table = catalog.load_table("processed.sales")
        schema = table.schema().as_arrow()
        made = {"order_id": "A", "ordered_at": datetime(2026, 3, 5, tzinfo=UTC), "price": Decimal("9.50")}
        whole = [{name: (made | row).get(name) for name in schema.names} for row in rows]
        table.append(pa.Table.from_pylist(whole, schema), branch=branch)

    return append


@pytest.fixture
def rows(catalog: LakeCatalog) -> Callable[[], Rows]:
    def read() -> Rows:
        found: Rows = catalog.load_table("processed.sales").scan().to_arrow().to_pylist()
        return sorted(found, key=lambda row: str(row["order_id"]))

    return read
