"""Why a query fails, as Athena reports it: StateChangeReason starts with Trino's error code."""

from __future__ import annotations

from localaws.errors import TerminalError

USER_ERROR_CATEGORY = 2  # https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
SYSTEM_ERROR_CATEGORY = 1


class AthenaError(TerminalError):
    """A query that Athena would fail. `str(error)` is the StateChangeReason: `CODE: message`."""

    category = USER_ERROR_CATEGORY

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class UnsupportedSqlError(AthenaError):
    """Valid Athena SQL that this engine refuses, because it could not answer it faithfully."""

    def __init__(self, construct: str) -> None:
        super().__init__("NOT_SUPPORTED", f"{construct} is not supported by the local Athena engine")


class MalformedQueryError(AthenaError):
    """Text that is not Athena SQL: refused by StartQueryExecution itself."""

    def __init__(self, message: str) -> None:
        super().__init__("SYNTAX_ERROR", message)
        self.message = message


class QueryCancelledError(AthenaError):
    """StopQueryExecution reached the query while it ran."""

    def __init__(self) -> None:
        super().__init__("QUERY_CANCELLED", "Query was cancelled by user")
