"""What every answer of Athena's API does: no members that were never set, and a bad token as an error of the API."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from localaws.athena_api.errors import invalid_request
from localaws.paging import InvalidTokenError

if TYPE_CHECKING:
    from collections.abc import Callable


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as the API returns it: without empty members, and without those of the embedded AWS only."""
    return {key: value for key, value in entry.items() if value is not None and value != "" and key[0] != "_"}


def answering(function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Return the function with an invalid NextToken as an InvalidRequestException."""

    @functools.wraps(function)
    def answer(data: dict[str, Any]) -> Any:
        try:
            return function(data)
        except InvalidTokenError as error:
            return invalid_request(str(error))

    return answer
