"""Errors of Glue's API, names folded to lower case, and entries as the API returns them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json

from localaws.paging import InvalidTokenError

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[[dict[str, Any]], Any]

_NAMES = ("DatabaseName", "TableName", "Name")


class GlueError(Exception):
    """A request fails with an exception of Glue's API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def not_found(message: str) -> GlueError:
    """Return an EntityNotFoundException."""
    return GlueError("EntityNotFoundException", message)


def invalid(message: str) -> GlueError:
    """Return an InvalidInputException."""
    return GlueError("InvalidInputException", message)


def detail(error: GlueError) -> dict[str, str]:
    """Return the ErrorDetail of one item of a batch."""
    return {"ErrorCode": error.code, "ErrorMessage": str(error)}


def answering(function: Answer) -> Answer:
    """Return the function with lower-case names in its request, and a GlueError it raises as the response."""

    @functools.wraps(function)
    def answer(data: dict[str, Any]) -> Any:
        try:
            return function(folded(data))
        except GlueError as error:
            return error_response_json(error.code, str(error), 400)
        except InvalidTokenError as error:
            return error_response_json("InvalidInputException", str(error), 400)

    return answer


def folded(data: dict[str, Any]) -> dict[str, Any]:
    """Return a request with the names of databases and tables in lower case, as Glue keeps them."""
    request = {key: value.lower() if key in _NAMES and isinstance(value, str) else value for key, value in data.items()}
    for member in ("DatabaseInput", "TableInput"):
        inner: Any = request.get(member)
        if isinstance(inner, dict):
            request[member] = folded(inner)
    if isinstance(request.get("TablesToDelete"), list):
        request["TablesToDelete"] = [str(name).lower() for name in request["TablesToDelete"]]
    return request


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a database, table or partition without the members that were never set.

    A client that sends an entry back with an empty Owner is refused by its own SDK: the minimum length is 1.
    """
    return {key: value for key, value in entry.items() if value is not None and value != ""}
