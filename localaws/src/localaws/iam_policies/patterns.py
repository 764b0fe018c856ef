"""Wildcards and policy variables, as in actions, resources and condition values."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.iam_policies.context import Context

_VARIABLE: Final = re.compile(r"\$\{(?P<name>[^},]*?)\s*(?:,\s*'(?P<default>[^']*)')?\s*\}")
_LITERALS: Final = {"*": r"\*", "?": r"\?", "$": r"\$"}
ARN_FIELDS: Final = 6


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Return whether a value matches a pattern, in which `*` is any text and `?` any one character."""
    return _compiled(_expression(pattern), ignore_case).fullmatch(value) is not None


def matches_arn(pattern: str, arn: str, context: Context | None = None) -> bool:
    """Return whether an ARN matches a pattern: each of the six fields on its own, so that `*` does not span fields.

    The last field may contain colons. A pattern with fewer fields is completed by `*`, as AWS does. Variables have the
    values of the context; a pattern with a variable that the context does not have matches nothing.
    """
    if pattern == "*":
        return True
    fields = _fields(pattern)
    values = arn.split(":", ARN_FIELDS - 1)
    if len(values) != ARN_FIELDS:
        return False  # "*": the call has no resource, and only "*" allows it
    return all(matches_value(field, value, context) for field, value in zip(fields, values, strict=True))


def matches_value(pattern: str, value: str, context: Context | None = None, *, ignore_case: bool = False) -> bool:
    """Return whether a value matches a pattern with wildcards and variables; variables' values have no wildcards."""
    expression = _expression(pattern, context)
    return expression is not None and _compiled(expression, ignore_case).fullmatch(value) is not None


def resolved(text: str, context: Context) -> str | None:
    """Return a text with its variables replaced, None when the context does not have one of them."""
    values: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        value = found["name"] if found["name"] in _LITERALS else _value(found, context)
        if value is None:
            return None
        values += (text[end : found.start()], value)
        end = found.end()
    return "".join((*values, text[end:]))


def _fields(pattern: str) -> list[str]:
    # A colon inside a variable, as in ${aws:username}, separates no fields.
    hidden = _VARIABLE.sub(lambda found: found[0].replace(":", "\0"), pattern)
    fields = [field.replace("\0", ":") for field in hidden.split(":", ARN_FIELDS - 1)]
    return fields + ["*"] * (ARN_FIELDS - len(fields))


def _expression(pattern: str, context: Mapping[str, object] | None = None) -> str | None:
    parts: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(pattern) if context is not None else ():
        literal = _LITERALS.get(found["name"])
        value = _value(found, context or {}) if literal is None else None
        if literal is None and value is None:
            return None
        parts += (_wildcards(pattern[end : found.start()]), literal or re.escape(value or ""))
        end = found.end()
    return "".join((*parts, _wildcards(pattern[end:])))


def _value(found: re.Match[str], context: Mapping[str, object]) -> str | None:
    value = context.get(found["name"].strip().lower(), found["default"])
    return value if isinstance(value, str) else None  # a key with several values is not a variable


def _wildcards(text: str) -> str:
    return re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")


@functools.lru_cache(maxsize=4096)
def _compiled(expression: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 -- a key of the cache
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
