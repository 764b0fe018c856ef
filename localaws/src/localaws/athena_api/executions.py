"""The record of a query execution in MiniStack: how it begins, ends, and which earlier result it may reuse."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from ministack.services import athena, eventbridge

from localaws.athena import results
from localaws.athena.errors import SYSTEM_ERROR_CATEGORY
from localaws.athena.sql.parser import parsing
from localaws.athena_api.idempotency import marks
from localaws.athena_api.result_objects import output_location, substatement_type
from localaws.athena_api.result_pages import result_bytes
from localaws.glue_catalog.databases import DEFAULT

# ruff: noqa: SLF001 -- MiniStack has no other interface

REUSE_MINUTES = 60  # Athena's default age of a result that may be used again
_ECHOED = ("ExecutionParameters", "ResultReuseConfiguration")
RUNNING_STATES = frozenset({"QUEUED", "RUNNING"})
# A query ends on its own thread, and StopQueryExecution ends it on another: the first of the two decides.
_changing_state = threading.Lock()


def new_execution(query_id: str, data: dict[str, Any], workgroup: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return the QueryExecution of a StartQueryExecution request, in the state QUEUED."""
    sql = data.get("QueryString") or ""
    base = result["OutputLocation"].rstrip("/")
    echoed = {member: data[member] for member in _ECHOED if data.get(member)}
    return {
        "QueryExecutionId": query_id,
        "Query": sql,
        "StatementType": parsing.statement_type(sql),
        "SubstatementType": substatement_type(sql),
        "ResultConfiguration": {**result, "OutputLocation": output_location(base, query_id, sql)},
        "QueryExecutionContext": _context(data.get("QueryExecutionContext") or {}),
        **echoed,
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {},
        "WorkGroup": workgroup,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
        # Members with an underscore are not part of the API's response.
        "_columns": [],
        "_base": base,
        **marks(data),
    }


def database_of(execution: dict[str, Any]) -> str:
    """Return the database of a query's unqualified names: `default`, which Athena has in every account, without one."""
    return str(execution["QueryExecutionContext"].get("Database") or DEFAULT)


def _context(given: dict[str, Any]) -> dict[str, str]:
    """Return the QueryExecutionContext of a request: names have no case, and may be quoted. None is added."""
    return {member: given[member].strip('`"').lower() for member in ("Database", "Catalog") if given.get(member)}


def begin(execution: dict[str, Any]) -> bool:
    """Set a queued execution RUNNING. Returns False when it was cancelled while it waited."""
    with _changing_state:
        if execution["Status"]["State"] != "QUEUED":
            return False
        execution["Status"]["State"] = "RUNNING"
        queued = time.time() - execution["Status"]["SubmissionDateTime"]
        execution["Statistics"]["QueryQueueTimeInMillis"] = _millis(queued)
        return True


def end(execution: dict[str, Any], state: str, reason: str = "", **status_members: Any) -> None:
    """Set an execution's final state and emit the event about it. An execution that has ended keeps its state."""
    with _changing_state:
        status = execution["Status"]
        if status["State"] not in RUNNING_STATES:
            return
        status |= {"CompletionDateTime": time.time(), **status_members}
        if reason:
            status["StateChangeReason"] = reason
        previous, status["State"] = status["State"], state
    _emit_event(execution, previous)


def fail(execution: dict[str, Any], started: float, reason: str, category: int) -> None:
    """End an execution as FAILED; `category` is Athena's ErrorCategory, `started` a time of the monotonic clock."""
    set_statistics(execution, started, 0)
    error = {
        "ErrorCategory": category,
        "ErrorType": 1000 if category == SYSTEM_ERROR_CATEGORY else 1001,
        "Retryable": False,
        "ErrorMessage": reason,
    }
    end(execution, "FAILED", reason, AthenaError=error)


def set_statistics(
    execution: dict[str, Any], started: float, scanned_bytes: int, planning_seconds: float = 0.0
) -> None:
    """Set the statistics of an execution that began at `started` on the monotonic clock."""
    elapsed = _millis(time.monotonic() - started)
    queued = execution["Statistics"].setdefault("QueryQueueTimeInMillis", 1)
    execution["Statistics"].update(
        ResultReuseInformation={"ReusedPreviousResult": False},
        EngineExecutionTimeInMillis=elapsed,
        TotalExecutionTimeInMillis=elapsed + queued,
        DataScannedInBytes=scanned_bytes,
        QueryPlanningTimeInMillis=min(_millis(planning_seconds), elapsed),
        ServiceProcessingTimeInMillis=0,
    )


def _millis(seconds: float) -> int:
    """Return whole milliseconds, at least one: no phase of a query takes none, and clients check that."""
    return max(1, round(seconds * 1000))


def set_columns(execution: dict[str, Any], outcome: Any) -> None:
    """Keep what GetQueryResults says about an outcome: its columns, or the number of rows that it wrote."""
    execution["_columns"] = results.column_info(outcome.columns)
    execution["_row_count"] = outcome.row_count


def reusable(data: dict[str, Any], execution: dict[str, Any]) -> dict[str, Any] | None:
    """Return the newest execution whose result a query may reuse, None when there is none or it did not ask for one.

    It must have the same text, parameters, database, workgroup and result location, and be young enough:
    https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
    """
    by_age = (data.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    if not by_age.get("Enabled") or execution["StatementType"] != "DML":
        return None
    oldest = time.time() - 60 * int(by_age.get("MaxAgeInMinutes") or REUSE_MINUTES)
    same = ("Query", "QueryExecutionContext", "WorkGroup", "_base", "ExecutionParameters")
    found = [
        other
        for other in list(athena._executions.values())
        if other["Status"]["State"] == "SUCCEEDED"
        and other["Status"].get("CompletionDateTime", 0) >= oldest
        and all(other.get(key) == execution.get(key) for key in same)
        and other.get("_columns")
        and other.get("_row_count") is None
        and result_bytes(other) is not None
    ]
    return max(found, key=lambda other: other["Status"]["CompletionDateTime"], default=None)


def reuse(execution: dict[str, Any], earlier: dict[str, Any]) -> None:
    """End an execution as SUCCEEDED with the result of an earlier one."""
    execution["ResultConfiguration"] = dict(earlier["ResultConfiguration"])
    execution["_columns"] = earlier["_columns"]
    execution["_row_count"] = earlier.get("_row_count")
    set_statistics(execution, time.monotonic(), 0)
    execution["Statistics"]["ResultReuseInformation"] = {"ReusedPreviousResult": True}
    end(execution, "SUCCEEDED")


def _emit_event(execution: dict[str, Any], previous: str) -> None:
    """Emit the event "Athena Query State Change", as Athena does when a query ends."""
    detail = {
        "versionId": "0",
        "currentState": execution["Status"]["State"],
        "previousState": previous,
        "queryExecutionId": execution["QueryExecutionId"],
        "statementType": execution["StatementType"],
        "workgroupName": execution["WorkGroup"],
        "sequenceNumber": "3",
    }
    entry = {"Source": "aws.athena", "DetailType": "Athena Query State Change", "Detail": json.dumps(detail)}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
