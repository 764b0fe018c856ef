from functools import cache
from typing import TYPE_CHECKING, Any

from cartlake.aws.clients import aws_errors, client
from lambdas.shared.objects import Documents

if TYPE_CHECKING:
    from types_boto3_athena import AthenaClient


class Queries:
    def __init__(self, athena: "AthenaClient") -> None:
        self._athena = athena

    def execution(self, query_execution_id: str) -> dict[str, Any]:
        with aws_errors():
            return dict(self._athena.get_query_execution(QueryExecutionId=query_execution_id)["QueryExecution"])


@cache
def queries() -> Queries:
    return Queries(client("athena"))


@cache
def documents() -> Documents:
    return Documents(client("s3"))
