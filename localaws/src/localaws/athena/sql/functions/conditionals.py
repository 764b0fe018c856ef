"""COALESCE, NULLIF, TRY, TYPEOF, ROW and VERSION."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.sql.expressions import casts, operators
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import VARCHAR, TrinoType, literal

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler, Invocation


def _coalesce(call: Invocation) -> Typed:
    values, kind = casts.unify(call.values(), "COALESCE arguments")
    return Typed(f"coalesce({', '.join(value.sql for value in values)})", kind)


def _nullif(call: Invocation) -> Typed:
    call.arity(2)
    value, other = call.values()
    equal = operators.compare("=", value, other)
    return Typed(f"CASE WHEN {equal.sql} THEN NULL ELSE {value.sql} END", value.type)


def _try(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value(0)
    return Typed(f"TRY({value.sql})", value.type)


def _typeof(call: Invocation) -> Typed:
    call.arity(1)
    name = str(call.value(0).type)
    return Typed(literal(name), TrinoType("varchar", len(name)), name)


def _row(call: Invocation) -> Typed:
    return operators.make_row(call.values())


def _version(call: Invocation) -> Typed:
    call.arity(0)
    return Typed("'Athena engine version 3'", VARCHAR)


HANDLERS: dict[str, Handler] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "try": _try,
    "typeof": _typeof,
    "row": _row,
    "version": _version,
}
