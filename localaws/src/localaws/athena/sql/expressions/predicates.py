"""Conditions: comparisons, IN, BETWEEN, LIKE, IS, EXISTS, and AND, OR, NOT; and scalar subqueries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts, floating, operators, sql_json
from localaws.athena.sql.parser.parsing import refuse_other_arguments
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import BOOLEAN, VARCHAR, TrinoType

if TYPE_CHECKING:
    from localaws.athena.sql.interface import ExpressionCompiler, ExpressionHandler


def boolean(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope, context: str) -> Typed:
    """Compile a condition. Raises AthenaError TYPE_MISMATCH when it is not boolean."""
    value = compiler.expression(node, scope)
    if value.type.name not in {"boolean", "unknown"}:
        raise AthenaError("TYPE_MISMATCH", f"{context} must evaluate to a boolean: actual type {value.type}")
    return casts.coerce(value, BOOLEAN)


def _logical(word: str) -> ExpressionHandler:
    def compile_logical(compiler: ExpressionCompiler, node: exp.Binary, scope: Scope) -> Typed:
        sides = (boolean(compiler, side, scope, f"Logical expression term of {word}") for side in node.flatten())
        return Typed(f"({f' {word} '.join(side.sql for side in sides)})", BOOLEAN)

    return compile_logical


def _not(compiler: ExpressionCompiler, node: exp.Not, scope: Scope) -> Typed:
    return Typed(f"(NOT {boolean(compiler, node.this, scope, 'Value of logical NOT expression').sql})", BOOLEAN)


def _comparison(symbol: str) -> ExpressionHandler:
    def compile_comparison(compiler: ExpressionCompiler, node: exp.Binary, scope: Scope) -> Typed:
        left = compiler.expression(node.this, scope)
        quantifier = _quantifier(node.expression)
        if quantifier is not None:
            return _quantified(compiler, left, symbol, *quantifier, scope)
        return operators.compare(symbol, left, compiler.expression(node.expression, scope))

    return compile_comparison


def _quantifier(node: exp.Expr) -> tuple[str, exp.Expr] | None:
    if isinstance(node, (exp.Any, exp.All)):
        return ("ANY" if isinstance(node, exp.Any) else "ALL"), node.this
    if isinstance(node, exp.Anonymous) and str(node.this).upper() == "ALL" and len(node.expressions) == 1:
        return "ALL", node.expressions[0]  # ALL (VALUES …) looks like a call to the parser
    return None


def _quantified(  # noqa: PLR0913, PLR0917 -- a comparison and its quantifier
    compiler: ExpressionCompiler, left: Typed, symbol: str, word: str, node: exp.Expr, scope: Scope
) -> Typed:
    query = compiler.query(node, scope)
    kind = _comparable(left.type, _single(query.columns))
    right = f"SELECT CAST(c0 AS {kind.duckdb}) FROM ({query.sql})"
    return Typed(f"({casts.coerce(left, kind).sql} {symbol} {word} ({right}))", BOOLEAN)


def _comparable(left: TrinoType, right: TrinoType) -> TrinoType:
    kind = common_type(left, right)
    if kind is not None and kind.name in {"array", "map", "row", "char"}:
        raise UnsupportedSqlError(f"Comparing {kind} with the rows of a subquery")
    if kind is None:
        raise AthenaError("TYPE_MISMATCH", f"Cannot compare {left} with {right}")
    return kind


def _single(columns: tuple[tuple[str, TrinoType], ...]) -> TrinoType:
    if len(columns) != 1:
        raise AthenaError("INVALID_COLUMN_REFERENCE", f"Subquery must return one column, found {len(columns)}")
    return columns[0][1]


def _in(compiler: ExpressionCompiler, node: exp.In, scope: Scope) -> Typed:
    refuse_other_arguments(node, "this", "expressions", "query")
    left = compiler.expression(node.this, scope)
    if node.args.get("query") is not None:
        query = compiler.query(node.args["query"], scope)
        kind = _comparable(left.type, _single(query.columns))
        inner = f"SELECT CAST(c0 AS {kind.duckdb}) FROM ({query.sql})"
        if kind.name in floating.FLOATS:
            inner = f"{inner} WHERE c0 IS NULL OR NOT isnan(c0)"  # nothing equals NaN
        return Typed(f"({casts.coerce(left, kind).sql} IN ({inner}))", BOOLEAN)
    choices = [compiler.expression(e, scope) for e in node.expressions]
    if left.type.name in {"array", "map", "row"}:
        return Typed(f"({' OR '.join(operators.compare('=', left, choice).sql for choice in choices)})", BOOLEAN)
    if _names(left, *choices) & floating.FLOATS and not all(choice.is_number for choice in choices):
        return Typed(f"({' OR '.join(operators.compare('=', left, choice).sql for choice in choices)})", BOOLEAN)
    sides = [operators.comparison_sides(left, choice) for choice in choices]
    # One IN is possible only if no choice needs a cast of the left side.
    if all(side[0].sql == left.sql for side in sides):
        return Typed(f"({left.sql} IN ({', '.join(side[1].sql for side in sides)}))", BOOLEAN)
    return Typed(f"({' OR '.join(f'{a.sql} = {b.sql}' for a, b in sides)})", BOOLEAN)


def _names(*values: Typed) -> set[str]:
    return {value.type.name for value in values}


def _between(compiler: ExpressionCompiler, node: exp.Between, scope: Scope) -> Typed:
    refuse_other_arguments(node, "this", "low", "high")
    value = compiler.expression(node.this, scope)
    low = operators.compare(">=", value, compiler.expression(node.args["low"], scope))
    high = operators.compare("<=", value, compiler.expression(node.args["high"], scope))
    return Typed(f"({low.sql} AND {high.sql})", BOOLEAN)


def _like(compiler: ExpressionCompiler, node: exp.Like, scope: Scope, escape: str = "") -> Typed:
    refuse_other_arguments(node, "this", "expression", "negate")
    left, right = (casts.expect(compiler.expression(side, scope), VARCHAR, "LIKE") for side in (node.left, node.right))
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"  # sqlglot has no Not around it
    return Typed(f"({left.sql} {word} {right.sql}{escape})", BOOLEAN)


def _escape(compiler: ExpressionCompiler, node: exp.Escape, scope: Scope) -> Typed:
    if not isinstance(node.this, exp.Like):
        raise UnsupportedSqlError("ESCAPE outside LIKE")
    character = casts.expect(compiler.expression(node.expression, scope), VARCHAR, "ESCAPE")
    return _like(compiler, node.this, scope, f" ESCAPE {character.sql}")


def _is(compiler: ExpressionCompiler, node: exp.Is, scope: Scope) -> Typed:
    if node.args.get("negate"):
        positive = node.copy()
        positive.set("negate", None)
        return Typed(f"(NOT {_is(compiler, positive, scope).sql})", BOOLEAN)
    if isinstance(node.expression, exp.Null):
        return Typed(f"({compiler.expression(node.this, scope).sql} IS NULL)", BOOLEAN)
    if isinstance(node.expression, exp.JSON):
        return sql_json.is_json(compiler, node, scope)
    raise UnsupportedSqlError(f"Predicate {node.sql('trino')[:200]}")


def _distinct_from(word: str) -> ExpressionHandler:
    def compile_distinct(compiler: ExpressionCompiler, node: exp.Binary, scope: Scope) -> Typed:
        left, right = operators.comparison_sides(
            compiler.expression(node.this, scope), compiler.expression(node.expression, scope)
        )
        if left.type.name == "map":
            raise UnsupportedSqlError("IS DISTINCT FROM of maps")
        return Typed(f"({left.sql} IS {word} FROM {right.sql})", BOOLEAN)

    return compile_distinct


def _scalar_subquery(compiler: ExpressionCompiler, node: exp.Subquery, scope: Scope) -> Typed:
    query = compiler.query(node, scope)
    return Typed(f"({query.sql})", _single(query.columns))


def _exists(compiler: ExpressionCompiler, node: exp.Exists, scope: Scope) -> Typed:
    return Typed(f"(EXISTS ({compiler.query(node.this, scope).sql}))", BOOLEAN)


HANDLERS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.And: _logical("AND"),
    exp.Or: _logical("OR"),
    exp.Not: _not,
    exp.EQ: _comparison("="),
    exp.NEQ: _comparison("<>"),
    exp.LT: _comparison("<"),
    exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"),
    exp.GTE: _comparison(">="),
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.Is: _is,
    exp.NullSafeEQ: _distinct_from("NOT DISTINCT"),
    exp.NullSafeNEQ: _distinct_from("DISTINCT"),
    exp.Subquery: _scalar_subquery,
    exp.Select: _scalar_subquery,
    exp.Exists: _exists,
}
