"""Pages of lists that an API returns with a NextToken, which is the number of items before the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Sequence


class InvalidTokenError(TerminalError):
    """The NextToken of a request is not one that this API gave out."""

    def __init__(self, token: Any) -> None:
        super().__init__(f"Invalid NextToken: {token}")


def page(items: Sequence[Any], request: dict[str, Any], largest: int) -> tuple[list[Any], dict[str, str]]:
    """Return the page of `items` that a request asks for, and the NextToken of the response if there are more items.

    A page has MaxResults items, and never more than `largest`. Raises InvalidTokenError.
    """
    token = str(request.get("NextToken") or "0")
    if not token.isdecimal():
        raise InvalidTokenError(token)
    start = int(token)
    end = start + min(int(request.get("MaxResults") or largest), largest)
    return list(items[start:end]), ({"NextToken": str(end)} if end < len(items) else {})
