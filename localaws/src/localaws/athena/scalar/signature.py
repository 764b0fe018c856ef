"""How a Python function is declared to DuckDB. DuckDB calls it for rows without NULL, others are NULL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class ScalarError(ValueError):
    """A value for which Trino's function fails. The text is `CODE: message`, as in the errors of queries."""

    def __init__(self, message: str, code: str = "INVALID_FUNCTION_ARGUMENT") -> None:
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True)
class Function:
    """One function in DuckDB: parameter types and result type are those of DuckDB."""

    call: Callable[..., Any]
    parameters: tuple[str, ...]
    returns: str
    gives_null: bool = False


def function(call: Callable[..., Any], parameters: str, returns: str) -> Function:
    """Declare a function of the parameter types, which commas separate. It never returns None."""
    return Function(call, tuple(re.split(r",\s*(?![^(]*\))", parameters)), returns)


def nullable(call: Callable[..., Any], parameters: str, returns: str) -> Function:
    """Declare a function that may return None. DuckDB calls it for rows with NULL as well."""
    kinds = tuple(re.split(r",\s*(?![^(]*\))", parameters))

    def one(a: Any) -> Any:
        return None if a is None else call(a)

    def two(a: Any, b: Any) -> Any:
        return None if a is None or b is None else call(a, b)

    def three(a: Any, b: Any, c: Any) -> Any:
        return None if a is None or b is None or c is None else call(a, b, c)

    def six(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:  # noqa: PLR0913, PLR0917 -- as many as JSON_QUERY has
        return None if None in {a, b, c, d, e, f} else call(a, b, c, d, e, f)

    by_count: dict[int, Callable[..., Any]] = {1: one, 2: two, 3: three, 6: six}
    return Function(by_count[len(kinds)], kinds, returns, gives_null=True)
