"""Glue's databases, tables and partitions answer as AWS: no empty members, pages, expressions, errors for what is not
there, names in lower case.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import glue

from localaws.glue_catalog import databases, partitions, tables
from localaws.glue_catalog.answers import answering, folded
from localaws.hooks import wrap

REPLACED = {
    "_get_database": databases.get_database,
    "_get_databases": databases.get_databases,
    "_get_table": tables.get_table,
    "_get_tables": tables.get_tables,
    "_get_partition": partitions.get_partition,
    "_get_partitions": partitions.get_partitions,
    "_create_partition": partitions.create_partition,
    "_batch_create_partition": partitions.batch_create_partition,
    "_batch_update_partition": partitions.batch_update_partition,
    "_batch_get_partition": partitions.batch_get_partition,
    "_delete_partition": partitions.delete_partition,
}
ADDED = {
    "UpdatePartition": partitions.update_partition,
    "BatchDeletePartition": partitions.batch_delete_partition,
    "SearchTables": tables.search_tables,
}
_FOLDED = (
    "_create_database", "_delete_database", "_update_database", "_delete_table", "_batch_delete_table",
)  # fmt: skip


def install() -> None:
    """Replace the functions, and answer the actions that MiniStack does not have.

    Raises AttributeError when this version of MiniStack does not have a function to replace.
    """
    for name, function in REPLACED.items():
        getattr(glue, name)
        setattr(glue, name, answering(function))
    for name in ("_create_table", "_update_table"):
        wrap(glue, name)(lambda original, data: tables.keep_input(original, folded(data)))
    for name in _FOLDED:
        wrap(glue, name)(lambda original, data: original(folded(data)))

    @wrap(glue, "handle_request")
    async def _(original: Any, *request: Any) -> Any:
        databases.ensure_default()
        _method, _path, headers, body, _query = request
        added = ADDED.get(headers.get("x-amz-target", "").rpartition(".")[2])
        return await original(*request) if added is None else answering(added)(json.loads(body))
