from typing import Any

from cartlake.aws.clients import aws_errors, client


def query_execution(query_execution_id: str) -> dict[str, Any]:
    """Ask Athena for a query execution; returns the `QueryExecution` of GetQueryExecution."""
    with aws_errors():
        return dict(client("athena").get_query_execution(QueryExecutionId=query_execution_id)["QueryExecution"])
