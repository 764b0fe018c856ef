"""ClientRequestToken: a request that is repeated with its token has one effect and gets the first response.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from localaws.athena_api.errors import invalid_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN, REQUEST = "_token", "_request"  # members with an underscore are not part of the API's response
# Two requests at once may have the same token: state machines ask from threads of their own.
_starting = threading.RLock()


def once(
    stored: Mapping[str, dict[str, Any]],
    request: dict[str, Any],
    first: Callable[[], Any],
    repeated: Callable[[dict[str, Any]], Any],
) -> Any:
    """Return the response to a request: that of `first`, or that of `repeated` for the entry made with its token.

    `stored` are the entries that such requests make; they are kept with the token, so that a restart changes nothing.
    Returns an InvalidRequestException for a token that another request has used.
    """
    token = request.get("ClientRequestToken")
    if not token:
        return first()
    with _starting:
        for entry in list(stored.values()):
            if entry.get(TOKEN) == token:
                same = entry[REQUEST] == _without_token(request)
                return repeated(entry) if same else invalid_request("Idempotent parameters do not match")
        return first()


def marks(request: dict[str, Any]) -> dict[str, Any]:
    """Return the members that an entry keeps about the request that made it."""
    token = request.get("ClientRequestToken")
    return {TOKEN: token, REQUEST: _without_token(request)} if token else {}


def _without_token(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "ClientRequestToken"}
