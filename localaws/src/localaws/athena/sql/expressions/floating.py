"""Comparisons of real and double. NaN equals nothing and has no order; in DuckDB it equals itself and is greatest.

ORDER BY, GROUP BY and DISTINCT treat it the same way in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.athena.sql.scope import Typed

FLOATS = frozenset({"real", "double"})
_FLIPPED = {"<": ">", "<=": ">="}


def compare(symbol: str, left: Typed, right: Typed) -> str:
    """Return SQL of a comparison of two values of one type, real or double; NULL when one of them is NULL."""
    if symbol in _FLIPPED:
        return compare(_FLIPPED[symbol], right, left)
    plain = f"{left.sql} {symbol} {right.sql}"
    if symbol in {"=", "<>"}:
        # A number differs from NaN in DuckDB as well.
        return f"({plain})" if left.is_number or right.is_number else _equality(symbol, left.sql, right.sql)
    if left.is_number:
        return f"({plain})"
    # The plain comparison stands by itself, so that it limits the files that are read.
    if right.is_number:
        return f"({plain} AND NOT isnan({left.sql}))"
    if symbol == ">":
        return f"({plain} AND NOT isnan({left.sql} - {right.sql}))"
    return _at_least(left.sql, right.sql)


def _equality(symbol: str, left: str, right: str) -> str:
    # The sum of two equal values is NaN only if they are; it is NULL when one of them is.
    equal = f"({left} = {right} AND NOT isnan({left} + {right}))"
    return equal if symbol == "=" else f"(NOT {equal})"


def _at_least(left: str, right: str) -> str:
    known = f"{left} IS NOT NULL AND {right} IS NOT NULL"
    return f"(CASE WHEN {known} AND (isnan({left}) OR isnan({right})) THEN false ELSE {left} >= {right} END)"
