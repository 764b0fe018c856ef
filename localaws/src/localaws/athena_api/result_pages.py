"""GetQueryResults: pages of the result object in S3."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from ministack.core.responses import json_response
from ministack.services import athena, s3

from localaws.athena import results
from localaws.athena_api.errors import execution_not_found, invalid_request

# ruff: noqa: SLF001 -- MiniStack has no other interface

RESULTS_KEPT = 4
PAGE_ROWS = 1000

# Results of the queries that were paged last: parsing the object again for each page would take longer each time.
_results: OrderedDict[str, list[list[str | None]]] = OrderedDict()
# State machines ask from threads of their own.
_reading = threading.Lock()


def get_query_results(data: dict[str, Any]) -> Any:
    """Answer GetQueryResults from the result object, as AWS does: it works as long as the object is there."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return execution_not_found(data.get("QueryExecutionId"))
    state = execution["Status"]["State"]
    if state != "SUCCEEDED":
        reason = execution["Status"].get("StateChangeReason") or ""
        return invalid_request(f"Query did not finish successfully. Final query state: {state} {reason}".strip())
    size = int(data.get("MaxResults") or PAGE_ROWS)
    if not 1 <= size <= PAGE_ROWS:
        return invalid_request("MaxResults is more than maximum allowed length 1000.")
    token = data.get("NextToken") or "0"
    if not token.isdigit():
        return invalid_request("Invalid NextToken")
    lines, start = _lines(execution), int(token)
    if lines is None:
        return invalid_request("Could not find results")
    response: dict[str, Any] = {
        "ResultSet": {
            "Rows": [{"Data": [_datum(cell) for cell in line]} for line in lines[start : start + size]],
            "ResultSetMetadata": {"ColumnInfo": execution["_columns"]},
        },
        "UpdateCount": execution.get("_row_count") or 0,
    }
    if start + size < len(lines):
        response["NextToken"] = str(start + size)
    return json_response(response)


def result_bytes(execution: dict[str, Any]) -> bytes | None:
    """Return the result object of an execution, None when it was deleted."""
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    # In process: a request from the event loop to this server would wait for itself.
    found: bytes | None = s3._get_object_data(bucket, key)
    return found


def _lines(execution: dict[str, Any]) -> list[list[str | None]] | None:
    """Return all rows of a result, None when its object was deleted. The first row of a query's is its header."""
    if not execution["_columns"] or execution.get("_row_count") is not None:
        return []
    query_id = execution["QueryExecutionId"]
    with _reading:
        if query_id in _results:
            _results.move_to_end(query_id)
            return _results[query_id]
        body = result_bytes(execution)
        if body is None:
            return None
        _results[query_id] = _parsed(execution["StatementType"], body.decode())
        while len(_results) > RESULTS_KEPT:
            _results.popitem(last=False)
        return _results[query_id]


def _parsed(statement_type: str, text: str) -> list[list[str | None]]:
    if statement_type == "DML":
        return list(results.read_csv(text))
    return [list(line.split("\t")) for line in text.split("\n")] if text else []


def _datum(cell: str | None) -> dict[str, str]:
    return {} if cell is None else {"VarCharValue": cell}
