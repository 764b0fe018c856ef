"""The record of a query that ended: state, bytes scanned and times, never its text, which may hold personal data."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel

TITLE: Final = re.compile(r"--\s*([^:\n]+):")
"""The first line of a named query: `-- Daily KPIs: what was sold …`."""


class QueryRecord(BaseModel):
    """One row of ops.query_history. Times are UTC, in the form Athena's JSON reader takes for a timestamp."""

    query_execution_id: str
    state: str
    statement_type: str
    query_name: str
    query_hash: str
    database_name: str
    submitted_at: str
    scanned_bytes: int
    queued_milliseconds: int
    total_milliseconds: int
    reused_result: bool
    error_code: str | None

    @property
    def key(self) -> str:
        """The object's key, by the day of the query: a repeated write replaces the same object."""
        return f"query_history/day={self.submitted_at[:10]}/{self.query_execution_id}.json"


def record_of(execution: Mapping[str, Any]) -> QueryRecord:
    """Return the record of a `QueryExecution` of Athena's GetQueryExecution."""
    status, statistics = execution["Status"], execution.get("Statistics") or {}
    submitted: datetime = status["SubmissionDateTime"]
    reason = status.get("StateChangeReason") or ""
    text = execution["Query"]
    return QueryRecord(
        query_execution_id=execution["QueryExecutionId"],
        state=status["State"],
        statement_type=execution.get("StatementType", ""),
        query_name=name_of(text),
        query_hash=hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16],
        database_name=(execution.get("QueryExecutionContext") or {}).get("Database", ""),
        submitted_at=submitted.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        scanned_bytes=statistics.get("DataScannedInBytes", 0),
        queued_milliseconds=statistics.get("QueryQueueTimeInMillis", 0),
        total_milliseconds=statistics.get("TotalExecutionTimeInMillis", 0),
        reused_result=(statistics.get("ResultReuseInformation") or {}).get("ReusedPreviousResult", False),
        error_code=reason.partition(":")[0] if status["State"] == "FAILED" else None,
    )


def name_of(text: str) -> str:
    """Return the title of a named query, the name of a prepared statement, else the first word of the statement."""
    titled = TITLE.match(text.lstrip())
    if titled:
        return titled[1].strip()
    words = text.split(None, 2)
    if len(words) > 1 and words[0].upper() == "EXECUTE":
        return words[1]
    return words[0].upper() if words else ""
