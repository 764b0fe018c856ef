"""The errors of queries. A query's StateChangeReason starts with Trino's error code, as on Athena."""

from __future__ import annotations

from localaws.errors import TerminalError

USER_ERROR_CATEGORY = 2  # https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
SYSTEM_ERROR_CATEGORY = 1


class AthenaError(TerminalError):
    """A query fails, as it would on Athena. `str(error)` is the StateChangeReason: `CODE: message`."""

    category = USER_ERROR_CATEGORY

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class UnsupportedSqlError(AthenaError):
    """The SQL is valid on Athena, but this engine cannot give the same answer, and refuses it."""

    def __init__(self, construct: str) -> None:
        super().__init__("NOT_SUPPORTED", f"{construct} is not supported by the local Athena engine")


class MalformedQueryError(AthenaError):
    """The text is not Athena SQL: StartQueryExecution refuses it."""

    def __init__(self, message: str) -> None:
        super().__init__("SYNTAX_ERROR", message)
        self.message = message


class QueryCancelledError(AthenaError):
    """StopQueryExecution cancelled the query while it ran."""

    def __init__(self) -> None:
        super().__init__("QUERY_CANCELLED", "Query was cancelled by user")
