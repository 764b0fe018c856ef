"""Replaces one function of MiniStack by a wrapper around it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def wrap(target: ModuleType | type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that replaces `target.name`: `@wrap(module, "function") def _(original, *arguments)`.

    Raises AttributeError when this version of MiniStack has no such function, so that a new version fails at the start
    of the server instead of silently losing the extension.
    """
    original = getattr(target, name)

    def replace_with(replacement: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return replacement(original, *args, **kwargs)

        setattr(target, name, wrapper)
        return replacement

    return replace_with


def succeeded(response: tuple[int, dict[str, str], bytes]) -> bool:
    """Return whether a MiniStack response (status, headers, body) is a success."""
    return response[0] < 300  # noqa: PLR2004 -- HTTP
