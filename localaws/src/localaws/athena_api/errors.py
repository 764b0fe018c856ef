"""The errors that Athena's API answers."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json


def invalid_request(message: str, code: str = "INVALID_INPUT") -> Any:
    """Return an InvalidRequestException; `code` is its AthenaErrorCode."""
    return error_response_json("InvalidRequestException", message, 400, extra={"AthenaErrorCode": code})


def execution_not_found(query_id: Any) -> Any:
    """Return the InvalidRequestException for a query execution that does not exist."""
    return invalid_request(f"QueryExecution {query_id} was not found")
