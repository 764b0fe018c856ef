"""What INSERT casts to the types of the table: wider and related types too, as Trino since release 330.

A value that does not fit fails while the statement runs; a text loses only spaces.
https://trino.io/docs/current/release/release-330.html
"""

from __future__ import annotations

from localaws.athena.sql.coercion import can_coerce
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.expressions.failures import failure
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import INTEGER_DIGITS, VARCHAR, TrinoType

_NUMBERS = frozenset({*INTEGER_DIGITS, "decimal", "double", "real"})
_TEXTS = frozenset({"varchar", "char"})
_TIMES = frozenset({"date", "timestamp", "timestamp with time zone"})


def can_insert(source: TrinoType, target: TrinoType) -> bool:
    """Return whether INSERT takes a value of one type for a column of another."""
    if can_coerce(source, target) or source.name == "unknown":
        return True
    if source.name == target.name and source.args:
        return len(source.args) == len(target.args) and all(map(can_insert, source.args, target.args))
    return any({source.name, target.name} <= family for family in (_NUMBERS, _TEXTS, _TIMES))


def inserted(value: Typed, target: TrinoType) -> Typed:
    """Return the value in the type of the column. A text that is too long fails, but for spaces at its end."""
    if target.name == "varchar" and target.precision is not None and value.type.name in _TEXTS:
        shortest = value.type.precision
        if shortest is None or shortest > target.precision:
            return Typed(_checked(value, target.precision), target)
    if can_coerce(value.type, target):
        return casts.coerce(value, target)
    return casts.cast(value, target)


def _checked(value: Typed, size: int) -> str:
    text = casts.cast(value, VARCHAR).sql
    thrown = failure(
        f"'INVALID_CAST_ARGUMENT: Cannot truncate non-space characters when casting to varchar({size}) on INSERT'",
        VARCHAR,
    )
    return f"(CASE WHEN length(rtrim({text})) > {size} THEN {thrown} ELSE left({text}, {size}) END)"
