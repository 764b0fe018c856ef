"""Ranking and offset functions, which need an OVER clause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, DOUBLE, TrinoType

if TYPE_CHECKING:
    from localaws.athena.sql.functions.aggregation import AggregateHandler, Aggregation


def _ranking(function: str, kind: TrinoType) -> AggregateHandler:
    def handle(a: Aggregation) -> Typed:
        if not a.over:
            raise a.call.mismatch()
        arguments = [casts.expect(v, BIGINT, a.call.name).sql for v in a.call.values()]
        return Typed(a.apply(function, *arguments), kind)

    return handle


def _offset(function: str) -> AggregateHandler:
    def handle(a: Aggregation) -> Typed:
        if not a.over:
            raise a.call.mismatch()
        a.call.arity(1, 2, 3)
        values = a.call.values()
        arguments = [values[0].sql, *(casts.expect(v, BIGINT, a.call.name).sql for v in values[1:2])]
        arguments += [casts.expect(v, values[0].type, a.call.name).sql for v in values[2:]]
        return Typed(a.apply(function, *arguments), values[0].type)

    return handle


HANDLERS: dict[str, AggregateHandler] = {
    "row_number": _ranking("row_number", BIGINT),
    "rank": _ranking("rank", BIGINT),
    "dense_rank": _ranking("dense_rank", BIGINT),
    "ntile": _ranking("ntile", BIGINT),
    "percent_rank": _ranking("percent_rank", DOUBLE),
    "cume_dist": _ranking("cume_dist", DOUBLE),
    "lag": _offset("lag"),
    "lead": _offset("lead"),
    "first_value": _offset("first_value"),
    "last_value": _offset("last_value"),
    "nth_value": _offset("nth_value"),
}
