"""Function calls: scalar functions, and aggregates with FILTER, OVER and IGNORE NULLS."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.expressions import null_arguments, session
from localaws.athena.sql.expressions.windows import over_clause
from localaws.athena.sql.functions import (
    aggregates,
    arrays,
    conditionals,
    dates,
    json_functions,
    maps,
    maths,
    reference,
    regular_expressions,
    strings,
    window_functions,
)
from localaws.athena.sql.functions.aggregation import Aggregation
from localaws.athena.sql.functions.registry import Invocation
from localaws.athena.sql.parser import syntax
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import BIGINT

if TYPE_CHECKING:
    from localaws.athena.sql.interface import ExpressionCompiler

SCALARS = {
    **strings.HANDLERS,
    **regular_expressions.HANDLERS,
    **maths.HANDLERS,
    **dates.HANDLERS,
    **arrays.HANDLERS,
    **maps.HANDLERS,
    **json_functions.HANDLERS,
    **conditionals.HANDLERS,
}
AGGREGATES = {**aggregates.HANDLERS, **window_functions.HANDLERS}


@dataclass(frozen=True)
class _Modifiers:
    filter: exp.Expr | None = None
    window: exp.Window | None = None
    nulls: str = ""


def compile_call(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope) -> Typed:
    """Compile a call. Raises UnsupportedSqlError for a function that this engine does not have."""
    modifiers = _Modifiers()
    # The parser nests the clauses around the call.
    while True:
        match node:
            case exp.Window():
                modifiers = replace(modifiers, window=node)
            case exp.Filter():
                modifiers = replace(modifiers, filter=node.expression.this)
            case exp.IgnoreNulls():
                modifiers = replace(modifiers, nulls="IGNORE NULLS")
            case exp.RespectNulls():  # the default
                pass
            case _:
                return _dispatch(compiler, node, scope, modifiers)
        node = node.this


def _dispatch(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope, modifiers: _Modifiers) -> Typed:
    if isinstance(node, exp.GroupConcat):  # LISTAGG has a syntax of its own
        separator = [node.args["separator"]] if node.args.get("separator") is not None else []
        node = exp.Anonymous(this="listagg", expressions=[node.this, *separator])
    if not isinstance(node, exp.Anonymous):
        raise UnsupportedSqlError(f"{type(node).__name__}: {node.sql('trino')[:200]}")
    name = str(node.this).lower()
    moment = session.moment(name, node.expressions)
    if moment is not None:
        return moment
    if name == "grouping":
        columns = ", ".join(compiler.expression(e, scope).sql for e in node.expressions)
        return Typed(f"CAST(grouping({columns}) AS BIGINT)", BIGINT)
    if name in AGGREGATES:
        return AGGREGATES[name](_aggregation(compiler, name, node, scope, modifiers))
    if name not in SCALARS and name in reference.NAMES:
        raise UnsupportedSqlError(f"Function {name}")
    if name not in SCALARS:
        where = syntax.place(compiler.text, _place_of_call(compiler.text, name))
        raise AthenaError("FUNCTION_NOT_FOUND", f"{where}: Function '{name}' not registered")
    if modifiers != _Modifiers():
        raise AthenaError("FUNCTION_NOT_AGGREGATE", f"Function {name} is not an aggregate or window function")
    return _scalar(compiler, scope, name, node.expressions)


def _scalar(compiler: ExpressionCompiler, scope: Scope, name: str, arguments: list[exp.Expr]) -> Typed:
    def call(typed: list[exp.Expr]) -> Typed:
        return SCALARS[name](Invocation(compiler, scope, name, typed))

    try:
        return call(arguments)
    except AthenaError:
        found = null_arguments.with_types(arguments, lambda node: str(compiler.expression(node, scope).type), call)
        if found is None:
            raise
        return found


def _place_of_call(text: str, name: str) -> int:
    found = re.search(rf"\b{re.escape(name)}\s*\(", text, re.IGNORECASE)
    return found.start() if found else 0


def _aggregation(
    compiler: ExpressionCompiler, name: str, node: exp.Anonymous, scope: Scope, modifiers: _Modifiers
) -> Aggregation:
    arguments, distinct, ordering = list(node.expressions), False, None
    if arguments and isinstance(arguments[0], exp.Distinct):
        distinct, arguments = True, list(arguments[0].expressions)
    # ORDER BY inside the parentheses is a node around the last argument, DISTINCT one around all.
    for index, argument in enumerate(arguments):
        if isinstance(argument, exp.Order):
            ordering, arguments[index] = argument, argument.this
            if isinstance(argument.this, exp.Distinct):
                distinct, arguments[index : index + 1] = True, argument.this.expressions
    conditions: tuple[str, ...] = ()
    if modifiers.filter is not None:
        conditions = (compiler.condition(modifiers.filter, scope, "FILTER").sql,)
    return Aggregation(
        call=Invocation(compiler, scope, name, arguments),
        distinct=distinct,
        order=compiler.ordering(ordering, scope) if ordering is not None else "",
        conditions=conditions,
        nulls=modifiers.nulls,
        over=over_clause(compiler, modifiers.window, scope) if modifiers.window is not None else "",
    )
