"""One aggregate or window call, compiled: arguments, FILTER, DISTINCT, ORDER BY, OVER and IGNORE NULLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.athena.sql.expressions import casts
from localaws.athena.trino_types import DOUBLE, NUMERIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.athena.sql.functions.registry import Invocation
    from localaws.athena.sql.scope import Typed

    AggregateHandler = Callable[["Aggregation"], Typed]


@dataclass(frozen=True)
class Aggregation:
    """One aggregate call: its arguments, and its clauses as DuckDB SQL."""

    call: Invocation
    distinct: bool
    order: str  # "" or "ORDER BY …", inside the parentheses
    conditions: tuple[str, ...]  # of FILTER
    nulls: str  # "", "IGNORE NULLS"
    over: str  # "" or "OVER (…)"

    def apply(self, function: str, *arguments: str, condition: str = "", ordered: bool = False) -> str:
        """Return the SQL of one DuckDB aggregate with all clauses of the Trino call."""
        inner = ", ".join(arguments)
        if self.distinct:
            inner = f"DISTINCT {inner}"
        if ordered and self.order:
            inner = f"{inner} {self.order}"
        if self.nulls:
            inner = f"{inner} {self.nulls}"
        conditions = [*self.conditions, *([condition] if condition else [])]
        clause = f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
        over = f" {self.over}" if self.over else ""
        return f"{function}({inner}){clause}{over}"

    def number(self) -> Typed:
        """Return the only argument. Raises AthenaError FUNCTION_NOT_FOUND unless it is one number."""
        self.call.arity(1)
        value = self.call.value(0)
        if value.type.name not in NUMERIC:
            raise self.call.mismatch([value])
        return value

    def double(self, index: int) -> str:
        """Return the SQL of an argument as a double. Raises AthenaError TYPE_MISMATCH."""
        return casts.expect(self.call.value(index), DOUBLE, self.call.name).sql
