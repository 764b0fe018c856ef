"""Athena in the workgroup of a role: start a named query, follow it, and read pages of its result."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import error_code
from cartlake.queries.named_queries import NamedQuery
from lambdas.api_handler import models
from lambdas.api_handler.adapters import RoleClients
from lambdas.api_handler.domain import bad_cursor
from lambdas.api_handler.settings import settings

DATABASE: Final = "processed"
NOT_THERE: Final = frozenset({"AccessDeniedException", "InvalidRequestException"})
"""Athena's codes for an execution that does not exist, or is of another workgroup."""

_CODE: Final = re.compile(r"([A-Z][A-Z_]{2,60}):")


def start(role: RoleClients, query: NamedQuery, literals: Sequence[str], reuse: int) -> str:
    """Start a named query; returns the id of its execution. A result of at most `reuse` minutes may be used again."""
    parameters: dict[str, Any] = {"ExecutionParameters": list(literals)} if literals else {}
    by_age: dict[str, Any] = {"Enabled": True, "MaxAgeInMinutes": reuse} if reuse else {"Enabled": False}
    started = role.client("athena").start_query_execution(
        QueryString=query.sql,
        QueryExecutionContext={"Database": f"{settings().database_prefix}{DATABASE}"},
        WorkGroup=role.role.workgroup,
        ResultReuseConfiguration={"ResultReuseByAgeConfiguration": by_age},
        **parameters,
    )
    return str(started["QueryExecutionId"])


def execution(role: RoleClients, execution_id: str) -> dict[str, Any] | None:
    """Return the `QueryExecution` of the role's workgroup, None where there is none of this id."""
    try:
        found = role.client("athena").get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
    except ClientError as error:
        if error_code(error) in NOT_THERE:
            return None
        raise
    return dict(found) if found.get("WorkGroup") == role.role.workgroup else None


def results(role: RoleClients, execution_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return a page of GetQueryResults with `limit` rows: the first page begins with the names of the columns.

    Raises Problem for a cursor that Athena does not know.
    """
    page: dict[str, Any] = {"NextToken": cursor, "MaxResults": limit} if cursor else {"MaxResults": limit + 1}
    try:
        return dict(role.client("athena").get_query_results(QueryExecutionId=execution_id, **page))
    except ClientError as error:
        if cursor and error_code(error) == "InvalidRequestException":
            raise bad_cursor() from error
        raise


def check_workgroup(role: RoleClients) -> None:
    """Ask Athena for the role's workgroup. Raises ClientError where it does not answer."""
    role.client("athena").get_work_group(WorkGroup=role.role.workgroup)


def as_execution(found: Mapping[str, Any], query: str) -> models.Execution:
    """Return a `QueryExecution` of a named query as the API answers it, without rows and without Athena's message."""
    status, statistics = found["Status"], found.get("Statistics") or {}
    state = status["State"].lower()
    return models.Execution(
        id=found["QueryExecutionId"],
        query=query,
        state=state,
        error=failure_of(status) if state == "failed" else None,
        reused=(statistics.get("ResultReuseInformation") or {}).get("ReusedPreviousResult"),
        scanned_bytes=statistics.get("DataScannedInBytes"),
    )


def failure_of(status: Mapping[str, Any]) -> str:
    """Return the code at the start of Athena's message, as in `PERMISSION_DENIED: …`: the message may have values."""
    code = _CODE.match(status.get("StateChangeReason") or "")
    return code[1] if code else "QUERY_FAILED"


def page(found: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    """Return columns, rows and next cursor of a page of GetQueryResults, whose first one begins with a header."""
    result = found["ResultSet"]
    columns = [
        models.ColumnInfo(name=one["Name"], type=one["Type"]) for one in result["ResultSetMetadata"]["ColumnInfo"]
    ]
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]]
    return {"columns": columns, "rows": rows[1:] if first else rows, "next_cursor": found.get("NextToken")}
