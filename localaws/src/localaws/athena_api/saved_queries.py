"""Named queries and prepared statements: changed in place, and read without empty members."""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena

from localaws.athena_api.answers import shown
from localaws.athena_api.errors import invalid_request
from localaws.athena_api.idempotency import marks, once

# ruff: noqa: SLF001 -- MiniStack has no other interface


def create_named_query(original: Any, data: dict[str, Any]) -> Any:
    """Answer CreateNamedQuery by MiniStack's `original`, once for each ClientRequestToken."""

    def first() -> Any:
        response = original(data)
        query_id = json.loads(response[2])["NamedQueryId"]
        athena._named_queries[query_id] |= marks(data)
        return response

    return once(
        athena._named_queries, data, first, lambda entry: json_response({"NamedQueryId": entry["NamedQueryId"]})
    )


def get_named_query(data: dict[str, Any]) -> Any:
    """Answer GetNamedQuery."""
    found = athena._named_queries.get(data.get("NamedQueryId"))
    if found is None:
        return invalid_request(f"NamedQuery {data.get('NamedQueryId')} was not found")
    return json_response({"NamedQuery": shown(found)})


def batch_get_named_query(data: dict[str, Any]) -> Any:
    """Answer BatchGetNamedQuery."""
    ids = data.get("NamedQueryIds") or []
    missing = [
        {"NamedQueryId": one, "ErrorCode": "INTERNAL_FAILURE", "ErrorMessage": f"NamedQuery {one} was not found"}
        for one in ids
        if one not in athena._named_queries
    ]
    found = [shown(athena._named_queries[one]) for one in ids if one in athena._named_queries]
    return json_response({"NamedQueries": found, "UnprocessedNamedQueryIds": missing})


def update_named_query(data: dict[str, Any]) -> Any:
    """Answer UpdateNamedQuery."""
    found = athena._named_queries.get(data.get("NamedQueryId"))
    if found is None:
        return invalid_request(f"NamedQuery {data.get('NamedQueryId')} was not found")
    found |= {member: data[member] for member in ("Name", "Description", "QueryString") if member in data}
    return json_response({})


def get_prepared_statement(data: dict[str, Any]) -> Any:
    """Answer GetPreparedStatement."""
    found = _prepared(data, str(data.get("StatementName")))
    return _not_prepared(data) if found is None else json_response({"PreparedStatement": shown(found)})


def update_prepared_statement(data: dict[str, Any]) -> Any:
    """Answer UpdatePreparedStatement."""
    found = _prepared(data, str(data.get("StatementName")))
    if found is None:
        return _not_prepared(data)
    found |= {member: data[member] for member in ("QueryStatement", "Description") if member in data}
    found["LastModifiedTime"] = int(time.time())
    return json_response({})


def batch_get_prepared_statement(data: dict[str, Any]) -> Any:
    """Answer BatchGetPreparedStatement."""
    names = data.get("PreparedStatementNames") or []
    missing = [
        {
            "StatementName": name,
            "ErrorCode": "STATEMENT_NOT_FOUND",
            "ErrorMessage": f"Prepared statement {name} was not found",
        }
        for name in names
        if _prepared(data, name) is None
    ]
    found = [shown(one) for name in names if (one := _prepared(data, name)) is not None]
    return json_response({"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing})


def _prepared(data: dict[str, Any], name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = athena._prepared_statements.get(f"{data.get('WorkGroup') or 'primary'}/{name}")
    return found


def _not_prepared(data: dict[str, Any]) -> Any:
    message = f"PreparedStatement {data.get('StatementName')} was not found in workGroup {data.get('WorkGroup')}"
    return error_response_json("ResourceNotFoundException", message, 400)
