"""Query executions of Athena."""

from typing import Any

from cartlake.aws.clients import aws_errors, client


def query_execution(query_execution_id: str) -> dict[str, Any]:
    """Return a query execution, the `QueryExecution` of Athena's GetQueryExecution."""
    with aws_errors():
        return dict(client("athena").get_query_execution(QueryExecutionId=query_execution_id)["QueryExecution"])
