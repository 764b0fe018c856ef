"""Runs queries through the Athena API. Values are as Athena writes them: text, or None for null."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from types_boto3_athena import AthenaClient

    from cartlake_cli.context import Lake

POLL_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between two polls of a running query; the last is repeated."""

NUMERIC = {"tinyint", "smallint", "integer", "bigint", "double", "float", "real", "decimal"}


class QueryError(TerminalError):
    """Athena refused or failed a query; the message is Athena's own."""


@dataclass(frozen=True)
class QueryResult:
    """The columns as (name, Athena type), and the rows with their values in the order of the columns."""

    query_execution_id: str
    columns: list[tuple[str, str]]
    rows: list[list[str | None]]
    scanned_bytes: int
    milliseconds: int

    def records(self) -> list[dict[str, str | None]]:
        """Return each row as values by the name of their column."""
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def scalar(self) -> str | None:
        """Return the only value of a result with one row and one column."""
        return self.rows[0][0]


@dataclass(frozen=True)
class Athena:
    """Runs queries in one workgroup, which sets the location of results and the limit of bytes scanned."""

    client: "AthenaClient"
    workgroup: str

    def run(self, sql: str, parameters: Sequence[str] = (), database: str = "processed") -> QueryResult:
        """Run one statement and wait for it; returns its rows. `parameters` are SQL literals that Athena binds to `?`.

        Raises QueryError with Athena's message when the statement fails or is cancelled.
        """
        # Athena refuses an empty list.
        request: dict[str, Any] = {"ExecutionParameters": list(parameters)} if parameters else {}
        started = self.client.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": database}, WorkGroup=self.workgroup, **request
        )
        query_id = started["QueryExecutionId"]
        statistics = self._wait(query_id)
        pages = list(self.client.get_paginator("get_query_results").paginate(QueryExecutionId=query_id))
        metadata = pages[0]["ResultSet"]["ResultSetMetadata"].get("ColumnInfo", [])
        columns = [(column["Name"], column["Type"]) for column in metadata]
        rows = [row for page in pages for row in _rows(page)]
        if rows and rows[0] == [name for name, _ in columns]:  # Athena repeats the header as the first row of a SELECT
            rows = rows[1:]
        return QueryResult(
            query_execution_id=query_id,
            columns=columns,
            rows=rows,
            scanned_bytes=int(statistics.get("DataScannedInBytes", 0)),
            milliseconds=int(statistics.get("TotalExecutionTimeInMillis", 0)),
        )

    def named_queries(self) -> dict[str, str]:
        """Return the SQL of every named query of the workgroup, by its name."""
        pages = self.client.get_paginator("list_named_queries").paginate(WorkGroup=self.workgroup)
        ids = [query_id for page in pages for query_id in page["NamedQueryIds"]]
        queries = [
            query
            for start in range(0, len(ids), 50)
            for query in self.client.batch_get_named_query(NamedQueryIds=ids[start : start + 50])["NamedQueries"]
        ]
        return {query["Name"]: query["QueryString"] for query in queries}

    def _wait(self, query_id: str) -> dict[str, Any]:
        for pause in _pauses():
            execution = self.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            status = execution["Status"]
            if status["State"] == "SUCCEEDED":
                return dict(execution.get("Statistics", {}))
            if status["State"] in {"FAILED", "CANCELLED"}:
                raise QueryError(status.get("StateChangeReason") or f"Query {query_id} was {status['State'].lower()}.")
            time.sleep(pause)
        raise AssertionError("the pauses never end")


def _pauses() -> Iterator[float]:
    yield from POLL_SECONDS
    while True:
        yield POLL_SECONDS[-1]


def _rows(page: Any) -> Iterator[list[str | None]]:
    for row in page["ResultSet"]["Rows"]:
        yield [cell.get("VarCharValue") for cell in row["Data"]]


def athena_of(lake: "Lake") -> Athena:
    """Return the Athena of an environment: queries run in its workgroup."""
    return Athena(lake.client("athena"), lake.outputs.workgroup)
