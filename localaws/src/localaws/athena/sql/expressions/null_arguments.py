"""Calls with the word NULL as an argument: Trino takes it for a value of whatever type the function has."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError
from localaws.athena.sql.parser.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localaws.athena.sql.scope import Typed

MOST_NULLS = 2
# In the order of their coercions: of two types that fit, Trino takes the one that is coerced to the other.
_TYPES = (
    "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "varbinary", "boolean", "date",
    "timestamp", "array(integer)", "array(array(integer))", "map(varchar, integer)", "json", "interval day to second",
)  # fmt: skip


def is_null(argument: exp.Expr) -> bool:
    """Return whether an argument is the word NULL, perhaps in brackets."""
    return isinstance(argument.unnest(), exp.Null)


def with_types(
    arguments: list[exp.Expr], type_of: Callable[[exp.Expr], str], call: Callable[[list[exp.Expr]], Typed]
) -> Typed | None:
    """Return the first call that compiles with a type for each NULL, None when none does.

    Types of the other arguments are tried first: of two arrays in a call both have one type.
    """
    places = [index for index, argument in enumerate(arguments) if is_null(argument)]
    if not 0 < len(places) <= MOST_NULLS:
        return None
    own = [
        type_of(argument) for argument in arguments if not is_null(argument) and not isinstance(argument, exp.Lambda)
    ]
    for kinds in itertools.product([*_around(own), *_TYPES], repeat=len(places)):
        typed = list(arguments)
        for place, kind in zip(places, kinds, strict=True):
            typed[place] = _null_of(kind)
        try:
            return call(typed)
        except AthenaError:
            continue
    return None


def _around(own: list[str]) -> Iterator[str]:
    """Yield the types of the other arguments, and arrays of them."""
    yield from (kind for kind in own if kind != "unknown")
    yield from (f"array({kind})" for kind in own if kind != "unknown")


def _null_of(kind: str) -> exp.Expr:
    cast = parse(f"SELECT CAST(NULL AS {kind})").find(exp.Cast)
    assert cast is not None  # noqa: S101 -- written above
    return cast
