"""Glue's partitions: of tables that exist, filtered by expressions, in pages, changed alone or in batches."""

from __future__ import annotations

import time
import zlib
from typing import Any

from ministack.core.responses import get_account_id, json_response
from ministack.services import glue

from localaws.glue_catalog import tables
from localaws.glue_catalog.answers import GlueError, detail, invalid, not_found, shown
from localaws.glue_catalog.partition_expression import PartitionExpressionError, parse
from localaws.paging import page

# ruff: noqa: SLF001 -- MiniStack has no other interface

PAGE = 1000


class _Partitions:
    """The partitions of one table. Raises GlueError when there is no such table."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.database, self.table = data.get("DatabaseName", ""), data.get("TableName", "")
        self.entry = tables.existing(self.database, self.table)
        self.types = {
            key["Name"].lower(): str(key.get("Type") or "string") for key in self.entry.get("PartitionKeys") or []
        }

    @property
    def _key(self) -> str:
        return f"{self.database}/{self.table}"

    @property
    def _stored(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = glue._partitions.get(self._key) or []
        return found

    def sorted(self) -> list[dict[str, Any]]:
        """Return all partitions, in the order of their values."""
        return sorted(self._stored, key=lambda partition: list(partition["Values"]))

    def get(self, values: list[str]) -> dict[str, Any]:
        """Return a partition as MiniStack keeps it. Raises GlueError when there is none of these values."""
        for partition in self._stored:
            if partition["Values"] == values:
                return partition
        raise not_found(f"Partition {'/'.join(values)} of {self.database}.{self.table} not found.")

    def add(self, wanted: dict[str, Any]) -> None:
        """Create a partition. Raises GlueError when it exists, or has another number of values than there are keys."""
        values = wanted.get("Values") or []
        self._check_number(values)
        if any(partition["Values"] == values for partition in self._stored):
            raise GlueError("AlreadyExistsException", f"Partition {'/'.join(values)} already exists.")
        created = {**wanted, "CreationTime": int(time.time())}
        glue._partitions.setdefault(self._key, []).append(self._placed(created))

    def change(self, values: list[str], wanted: dict[str, Any]) -> None:
        """Replace a partition, which may get other values. Raises GlueError."""
        old = self.get(values)
        new = wanted.get("Values") or values
        self._check_number(new)
        if new != values and any(partition["Values"] == new for partition in self._stored):
            raise GlueError("AlreadyExistsException", f"Partition {'/'.join(new)} already exists.")
        created = old.get("CreationTime")
        old.clear()
        old.update(self._placed({**wanted, "Values": new, "CreationTime": created}))

    def delete(self, values: list[str]) -> None:
        """Delete a partition and its statistics. Raises GlueError when there is none of these values."""
        self.get(values)
        for store in (glue._partitions, glue._partition_column_statistics):
            if self._key in store:
                store[self._key] = [entry for entry in store[self._key] if entry.get("Values") != values]

    def _check_number(self, values: list[str]) -> None:
        if len(values) != len(self.types):
            raise invalid(
                "The number of partition keys do not match the number of partition values: "
                f"{self.database}.{self.table} has {len(self.types)} ({', '.join(self.types)}), given {len(values)}"
            )

    def _placed(self, partition: dict[str, Any]) -> dict[str, Any]:
        place = {"DatabaseName": self.database, "TableName": self.table, "CatalogId": get_account_id()}
        return {"LastAccessTime": int(time.time()), **partition, **place}


def get_partition(data: dict[str, Any]) -> Any:
    """Answer GetPartition."""
    return json_response({"Partition": shown(_Partitions(data).get(data.get("PartitionValues") or []))})


def get_partitions(data: dict[str, Any]) -> Any:
    """Answer GetPartitions: those that meet the expression and are of the segment."""
    table = _Partitions(data)
    found = [partition for partition in table.sorted() if _in_segment(partition, data.get("Segment"))]
    if data.get("Expression"):
        try:
            accepts = parse(data["Expression"], table.types)
        except PartitionExpressionError as error:
            raise invalid(str(error)) from error
        found = [p for p in found if accepts(dict(zip(table.types, p["Values"], strict=True)))]
    listed, token = page([_without_columns(partition, data) for partition in found], data, PAGE)
    return json_response({"Partitions": listed, **token})


def _in_segment(partition: dict[str, Any], segment: dict[str, Any] | None) -> bool:
    if not segment:
        return True
    return zlib.crc32("/".join(partition["Values"]).encode()) % int(segment["TotalSegments"]) == int(
        segment["SegmentNumber"]
    )


def _without_columns(partition: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    found = shown(partition)
    if data.get("ExcludeColumnSchema") and found.get("StorageDescriptor"):
        found["StorageDescriptor"] = {k: v for k, v in found["StorageDescriptor"].items() if k != "Columns"}
    return found


def create_partition(data: dict[str, Any]) -> Any:
    """Answer CreatePartition."""
    _Partitions(data).add(data.get("PartitionInput") or {})
    return json_response({})


def batch_create_partition(data: dict[str, Any]) -> Any:
    """Answer BatchCreatePartition: each partition by itself is created or refused."""
    table, errors = _Partitions(data), []
    for wanted in data.get("PartitionInputList") or []:
        try:
            table.add(wanted)
        except GlueError as error:
            errors.append({"PartitionValues": wanted.get("Values") or [], "ErrorDetail": detail(error)})
    return json_response({"Errors": errors})


def update_partition(data: dict[str, Any]) -> Any:
    """Answer UpdatePartition."""
    _Partitions(data).change(data.get("PartitionValueList") or [], data.get("PartitionInput") or {})
    return json_response({})


def batch_update_partition(data: dict[str, Any]) -> Any:
    """Answer BatchUpdatePartition: each partition by itself is changed or refused."""
    table, errors = _Partitions(data), []
    for entry in data.get("Entries") or []:
        values = entry.get("PartitionValueList") or []
        try:
            table.change(values, entry.get("PartitionInput") or {})
        except GlueError as error:
            errors.append({"PartitionValueList": values, "ErrorDetail": detail(error)})
    return json_response({"Errors": errors})


def delete_partition(data: dict[str, Any]) -> Any:
    """Answer DeletePartition."""
    _Partitions(data).delete(data.get("PartitionValues") or [])
    return json_response({})


def batch_delete_partition(data: dict[str, Any]) -> Any:
    """Answer BatchDeletePartition: each partition by itself is deleted or refused."""
    table, errors = _Partitions(data), []
    for entry in data.get("PartitionsToDelete") or []:
        values = entry.get("Values") or []
        try:
            table.delete(values)
        except GlueError as error:
            errors.append({"PartitionValues": values, "ErrorDetail": detail(error)})
    return json_response({"Errors": errors})


def batch_get_partition(data: dict[str, Any]) -> Any:
    """Answer BatchGetPartition: partitions that do not exist are left out, as AWS does."""
    table, found = _Partitions(data), []
    for entry in data.get("PartitionsToGet") or []:
        try:
            found.append(shown(table.get(entry.get("Values") or [])))
        except GlueError:
            continue
    return json_response({"Partitions": found, "UnprocessedKeys": []})
