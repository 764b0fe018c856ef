"""Athena's API on the engine of `localaws.athena`: replaces MiniStack's functions that run and answer queries."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import athena

from localaws.athena_api import catalogs, lists, queries, result_pages, saved_queries, workgroups
from localaws.athena_api.answers import answering
from localaws.glue_catalog.databases import ensure_default
from localaws.hooks import wrap

REPLACED = {
    "_start_query_execution": queries.start_query_execution,
    "_get_query_execution": queries.get_query_execution,
    "_stop_query_execution": queries.stop_query_execution,
    "_get_query_results": result_pages.get_query_results,
    "_list_query_executions": lists.list_query_executions,
    "_get_workgroup": workgroups.get_workgroup,
    "_list_workgroups": lists.list_workgroups,
    "_get_named_query": saved_queries.get_named_query,
    "_batch_get_named_query": saved_queries.batch_get_named_query,
    "_list_named_queries": lists.list_named_queries,
    "_get_prepared_statement": saved_queries.get_prepared_statement,
    "_list_prepared_statements": lists.list_prepared_statements,
    "_get_data_catalog": catalogs.get_data_catalog,
    "_list_data_catalogs": catalogs.list_data_catalogs,
    "_get_database": catalogs.get_database,
    "_list_databases": catalogs.list_databases,
    "_get_table_metadata": catalogs.get_table_metadata,
    "_list_table_metadata": catalogs.list_table_metadata,
}
ADDED = {
    "GetQueryRuntimeStatistics": queries.get_query_runtime_statistics,
    "UpdateNamedQuery": saved_queries.update_named_query,
    "UpdatePreparedStatement": saved_queries.update_prepared_statement,
    "BatchGetPreparedStatement": saved_queries.batch_get_prepared_statement,
    "ListEngineVersions": lists.list_engine_versions,
}


def install() -> None:
    """Replace the functions, and answer the actions that MiniStack does not have. The rest stays MiniStack's.

    Raises AttributeError when this version of MiniStack does not have one of them.
    """
    for name, function in REPLACED.items():
        if not hasattr(athena, name):
            raise AttributeError(f"MiniStack's Athena no longer has {name}")
        setattr(athena, name, answering(function))
    wrap(athena, "_create_named_query")(saved_queries.create_named_query)

    @wrap(athena, "handle_request")
    async def _(original: Any, *request: Any) -> Any:
        ensure_default()
        _method, _path, headers, body, _query = request
        added = ADDED.get(headers.get("x-amz-target", "").rpartition(".")[2])
        return await original(*request) if added is None else answering(added)(json.loads(body))
