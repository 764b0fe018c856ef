"""Athena's lists: in pages, in the order of AWS."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import json_response
from ministack.services import athena

from localaws.athena_api.answers import shown
from localaws.athena_api.errors import invalid_request
from localaws.paging import page

# ruff: noqa: SLF001 -- MiniStack has no other interface

PAGE = 50
_ENGINE = "Athena engine version 3"


def list_query_executions(data: dict[str, Any]) -> Any:
    """Answer ListQueryExecutions, newest first. The token is the last id given, so that new queries shift no page."""
    group = data.get("WorkGroup") or "primary"
    ids = [key for key, one in reversed(list(athena._executions.items())) if one.get("WorkGroup") == group]
    token = data.get("NextToken")
    if token and token not in ids:
        return invalid_request(f"Invalid NextToken: {token}")
    start = ids.index(token) + 1 if token else 0
    size = min(int(data.get("MaxResults") or PAGE), PAGE)
    listed = ids[start : start + size]
    more = {"NextToken": listed[-1]} if start + size < len(ids) else {}
    return json_response({"QueryExecutionIds": listed, **more})


def list_workgroups(data: dict[str, Any]) -> Any:
    """Answer ListWorkGroups, in the order of their names."""
    engine = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": _ENGINE}
    members = ("Name", "State", "Description", "CreationTime")
    found = [
        {**shown({member: group.get(member) for member in members}), "EngineVersion": engine}
        for group in sorted(athena._workgroups.values(), key=lambda group: str(group["Name"]))
    ]
    listed, token = page(found, data, PAGE)
    return json_response({"WorkGroups": listed, **token})


def list_named_queries(data: dict[str, Any]) -> Any:
    """Answer ListNamedQueries."""
    group = data.get("WorkGroup") or "primary"
    ids = [key for key, one in list(athena._named_queries.items()) if one.get("WorkGroup") == group]
    listed, token = page(ids, data, PAGE)
    return json_response({"NamedQueryIds": listed, **token})


def list_prepared_statements(data: dict[str, Any]) -> Any:
    """Answer ListPreparedStatements, in the order of their names."""
    group = data.get("WorkGroup") or "primary"
    found = [
        {"StatementName": one["StatementName"], "LastModifiedTime": one["LastModifiedTime"]}
        for one in sorted(athena._prepared_statements.values(), key=lambda one: str(one["StatementName"]))
        if one.get("WorkGroupName") == group
    ]
    listed, token = page(found, data, PAGE)
    return json_response({"PreparedStatements": listed, **token})


def list_engine_versions(_: dict[str, Any]) -> Any:
    """Answer ListEngineVersions."""
    return json_response(
        {
            "EngineVersions": [
                {"SelectedEngineVersion": selected, "EffectiveEngineVersion": _ENGINE} for selected in ("AUTO", _ENGINE)
            ]
        }
    )
