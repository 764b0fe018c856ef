"""Expressions: one handler per kind of syntax node. A node without a handler is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql import calls, casts, operators
from localaws.athena.sql.parsing import position
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import (
    BOOLEAN,
    DATE,
    DAY_SECOND,
    MICROS,
    MILLIS,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    YEAR_MONTH,
    TrinoType,
    array,
    common_type,
    from_sqlglot,
    literal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.athena.sql.interface import ExpressionCompiler

    Handler = Callable[[ExpressionCompiler, Any, Scope], Typed]


def compile_expression(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope) -> Typed:
    """Compile one expression. Raises AthenaError as Trino would, or UnsupportedSqlError for what is not known here."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise UnsupportedSqlError(f"{type(node).__name__}: {node.sql('trino')[:200]}")
    return handler(compiler, node, scope)


def _literal(_: ExpressionCompiler, node: exp.Literal, __: Scope) -> Typed:
    if node.is_string:
        return Typed(literal(node.this), TrinoType("varchar", len(node.this)), node.this)
    return casts.number_literal(node.this)


def _column(compiler: ExpressionCompiler, node: exp.Column, scope: Scope) -> Typed:
    parts = [part.name for part in node.parts]
    return _named(compiler, node, parts, scope)


def _identifier(compiler: ExpressionCompiler, node: exp.Identifier, scope: Scope) -> Typed:
    return _named(compiler, node, [node.name], scope)


def _dot(compiler: ExpressionCompiler, node: exp.Dot, scope: Scope) -> Typed:
    parts = node.flatten() if not isinstance(node.expression, exp.Func) else iter(())
    names = [part.name for part in parts if isinstance(part, (exp.Identifier, exp.Column))]
    if names and isinstance(next(iter(node.flatten())), (exp.Identifier, exp.Column)):
        head = next(iter(node.flatten()))
        parts_of_head = [p.name for p in head.parts] if isinstance(head, exp.Column) else [head.name]
        return _named(compiler, node, parts_of_head + names[1:], scope)
    base = compiler.expression(node.this, scope)
    found = Scope(variables={"base": base}).resolve(["base", node.expression.name])
    if found is None:
        raise AthenaError("TYPE_MISMATCH", f"Expression {node.this.sql('trino')} is not of type ROW with that field")
    return found


def _named(compiler: ExpressionCompiler, node: exp.Expr, parts: list[str], scope: Scope) -> Typed:
    found = scope.resolve(parts)
    if found is None:
        raise AthenaError(
            "COLUMN_NOT_FOUND",
            f"{position(node, compiler.text)}: Column '{'.'.join(parts)}' cannot be resolved or requester is not "
            "authorized to access requested resources",
        )
    return found


def _cast(compiler: ExpressionCompiler, node: exp.Cast, scope: Scope) -> Typed:
    _only(node, "this", "to", "safe")
    operand = node.this
    if isinstance(operand, exp.Literal) and operand.is_string and not isinstance(node, exp.TryCast):
        constant = _typed_literal(operand.this, node.to)
        if constant is not None:
            return constant
    value = compiler.expression(operand, scope)
    target = from_sqlglot(node.to)
    return casts.try_cast(value, target) if isinstance(node, exp.TryCast) else casts.cast(value, target)


def _typed_literal(text: str, to: exp.DataType) -> Typed | None:
    """DATE '…', TIMESTAMP '…', DECIMAL '…': the parser shows them as casts of a string."""
    kind = from_sqlglot(to)
    if kind.name == "decimal" and not to.expressions:
        own = casts.decimal_of(text)
        return Typed(f"CAST({literal(text)} AS {own.duckdb})", own)
    if kind.name in {"timestamp", "timestamp with time zone"}:
        digits = len(text.split(".")[1].split(" ", maxsplit=1)[0]) if "." in text else 0
        precision = digits if to.expressions and kind.precision == 0 else (kind.precision or 0)
        if digits > MICROS:
            raise UnsupportedSqlError(f"Timestamps finer than a microsecond: {text}")
        return casts.timestamp_literal(text, precision, with_zone=kind.name != "timestamp")
    return None


def _case(compiler: ExpressionCompiler, node: exp.Case, scope: Scope) -> Typed:
    whens = node.args["ifs"]
    results = [compiler.expression(when.args["true"], scope) for when in whens]
    default = node.args.get("default")
    results.append(compiler.expression(default, scope) if default is not None else Typed("NULL", UNKNOWN))
    unified, kind = casts.unify(results, "CASE results")
    if node.this is not None:
        conditions = [
            operators.compare("=", compiler.expression(node.this, scope), compiler.expression(when.this, scope))
            for when in whens
        ]
    else:
        conditions = [boolean(compiler, when.this, scope, "CASE WHEN clause") for when in whens]
    branches = " ".join(f"WHEN {c.sql} THEN {r.sql}" for c, r in zip(conditions, unified, strict=False))
    return Typed(f"(CASE {branches} ELSE {unified[-1].sql} END)", kind)


def _if(compiler: ExpressionCompiler, node: exp.If, scope: Scope) -> Typed:
    otherwise = node.args.get("false") or exp.Null()
    return _case(compiler, exp.Case(ifs=[exp.If(this=node.this, true=node.args["true"])], default=otherwise), scope)


def boolean(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope, context: str) -> Typed:
    """Compile a condition. Raises AthenaError TYPE_MISMATCH when it is not boolean."""
    value = compiler.expression(node, scope)
    if value.type.name not in {"boolean", "unknown"}:
        raise AthenaError("TYPE_MISMATCH", f"{context} must evaluate to a boolean: actual type {value.type}")
    return casts.coerce(value, BOOLEAN)


def _logical(word: str) -> Handler:
    def compile_logical(compiler: ExpressionCompiler, node: exp.Binary, scope: Scope) -> Typed:
        sides = (boolean(compiler, side, scope, f"Logical expression term of {word}") for side in node.flatten())
        return Typed(f"({f' {word} '.join(side.sql for side in sides)})", BOOLEAN)

    return compile_logical


def _not(compiler: ExpressionCompiler, node: exp.Not, scope: Scope) -> Typed:
    return Typed(f"(NOT {boolean(compiler, node.this, scope, 'Value of logical NOT expression').sql})", BOOLEAN)


def _comparison(symbol: str) -> Handler:
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
    _only(node, "this", "expressions", "query")
    left = compiler.expression(node.this, scope)
    if node.args.get("query") is not None:
        query = compiler.query(node.args["query"], scope)
        kind = _comparable(left.type, _single(query.columns))
        inner = f"SELECT CAST(c0 AS {kind.duckdb}) FROM ({query.sql})"
        return Typed(f"({casts.coerce(left, kind).sql} IN ({inner}))", BOOLEAN)
    choices = [compiler.expression(e, scope) for e in node.expressions]
    if left.type.name in {"array", "map", "row"}:
        return Typed(f"({' OR '.join(operators.compare('=', left, choice).sql for choice in choices)})", BOOLEAN)
    sides = [operators.comparison_sides(left, choice) for choice in choices]
    if all(side[0].sql == left.sql for side in sides):
        return Typed(f"({left.sql} IN ({', '.join(side[1].sql for side in sides)}))", BOOLEAN)
    return Typed(f"({' OR '.join(f'{a.sql} = {b.sql}' for a, b in sides)})", BOOLEAN)


def _between(compiler: ExpressionCompiler, node: exp.Between, scope: Scope) -> Typed:
    _only(node, "this", "low", "high")
    value = compiler.expression(node.this, scope)
    low = operators.compare(">=", value, compiler.expression(node.args["low"], scope))
    high = operators.compare("<=", value, compiler.expression(node.args["high"], scope))
    return Typed(f"({low.sql} AND {high.sql})", BOOLEAN)


def _like(compiler: ExpressionCompiler, node: exp.Like, scope: Scope, escape: str = "") -> Typed:
    left, right = (casts.expect(compiler.expression(side, scope), VARCHAR, "LIKE") for side in (node.left, node.right))
    return Typed(f"({left.sql} LIKE {right.sql}{escape})", BOOLEAN)


def _escape(compiler: ExpressionCompiler, node: exp.Escape, scope: Scope) -> Typed:
    if not isinstance(node.this, exp.Like):
        raise UnsupportedSqlError("ESCAPE outside LIKE")
    mark = casts.expect(compiler.expression(node.expression, scope), VARCHAR, "ESCAPE")
    return _like(compiler, node.this, scope, f" ESCAPE {mark.sql}")


def _is(compiler: ExpressionCompiler, node: exp.Is, scope: Scope) -> Typed:
    if isinstance(node.expression, exp.Null):
        return Typed(f"({compiler.expression(node.this, scope).sql} IS NULL)", BOOLEAN)
    raise UnsupportedSqlError(f"Predicate {node.sql('trino')[:200]}")


def _distinct_from(word: str) -> Handler:
    def compile_distinct(compiler: ExpressionCompiler, node: exp.Binary, scope: Scope) -> Typed:
        left, right = operators.comparison_sides(
            compiler.expression(node.this, scope), compiler.expression(node.expression, scope)
        )
        if left.type.name == "map":
            raise UnsupportedSqlError("IS DISTINCT FROM of maps")
        return Typed(f"({left.sql} IS {word} FROM {right.sql})", BOOLEAN)

    return compile_distinct


def _arithmetic(symbol: str) -> Handler:
    def compile_arithmetic(compiler: ExpressionCompiler, node: exp.Binary, scope: Scope) -> Typed:
        return operators.arithmetic(
            symbol, compiler.expression(node.this, scope), compiler.expression(node.expression, scope)
        )

    return compile_arithmetic


def _negative(compiler: ExpressionCompiler, node: exp.Neg, scope: Scope) -> Typed:
    value = compiler.expression(node.this, scope)
    operators.require_numeric(value, "-")
    constant = f"-{value.constant}" if value.constant is not None else None
    return Typed(f"(-{value.sql})", value.type, constant)


def _concat(compiler: ExpressionCompiler, node: exp.DPipe, scope: Scope) -> Typed:
    return operators.concat(compiler.expression(node.this, scope), compiler.expression(node.expression, scope))


def _bracket(compiler: ExpressionCompiler, node: exp.Bracket, scope: Scope) -> Typed:
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        raise UnsupportedSqlError(f"Subscript {node.sql('trino')[:200]}")
    return operators.subscript(compiler.expression(node.this, scope), compiler.expression(node.expressions[0], scope))


def _array(compiler: ExpressionCompiler, node: exp.Array, scope: Scope) -> Typed:
    if not node.expressions:
        return Typed("CAST([] AS INTEGER[])", array(UNKNOWN))
    items, kind = casts.unify([compiler.expression(e, scope) for e in node.expressions], "ARRAY elements")
    return Typed(f"[{', '.join(item.sql for item in items)}]", array(kind))


def _row(compiler: ExpressionCompiler, node: exp.Tuple, scope: Scope) -> Typed:
    return operators.make_row([compiler.expression(e, scope) for e in node.expressions])


def _interval(_: ExpressionCompiler, node: exp.Interval, __: Scope) -> Typed:
    amount = node.this
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        if (unit.this.name, unit.expression.name) == ("YEAR", "MONTH") and "-" in amount.name.lstrip("-"):
            sign = "-" if amount.name.startswith("-") else ""
            years, months = amount.name.lstrip("-").split("-")
            return Typed(f"(INTERVAL '{sign}{int(years) * 12 + int(months)}' MONTH)", YEAR_MONTH)
        raise UnsupportedSqlError(f"Interval {node.sql('trino')}")
    text = amount.name if isinstance(amount, exp.Literal) else ""
    name = unit.name.upper() if unit is not None else ""
    if name in {"YEAR", "MONTH"} and text.lstrip("+-").isdigit():
        return Typed(f"(INTERVAL '{int(text)}' {name})", YEAR_MONTH)
    if name in {"DAY", "HOUR", "MINUTE"} and text.lstrip("+-").isdigit():
        return Typed(f"(INTERVAL '{int(text)}' {name})", DAY_SECOND, text if name == "DAY" else None)
    if name == "SECOND" and text.lstrip("+-").replace(".", "", 1).isdigit():
        return Typed(f"(INTERVAL '{round(float(text) * 1000)}' MILLISECOND)", DAY_SECOND)
    raise UnsupportedSqlError(f"Interval {node.sql('trino')}")


def _at_time_zone(compiler: ExpressionCompiler, node: exp.AtTimeZone, scope: Scope) -> Typed:
    zone = node.args["zone"]
    if not isinstance(zone, exp.Literal):
        raise UnsupportedSqlError("AT TIME ZONE with a zone that is not a literal")
    return operators.at_time_zone(compiler.expression(node.this, scope), zone.name)


def _scalar_subquery(compiler: ExpressionCompiler, node: exp.Subquery, scope: Scope) -> Typed:
    query = compiler.query(node, scope)
    return Typed(f"({query.sql})", _single(query.columns))


def _exists(compiler: ExpressionCompiler, node: exp.Exists, scope: Scope) -> Typed:
    return Typed(f"(EXISTS ({compiler.query(node.this, scope).sql}))", BOOLEAN)


def _now(kind: TrinoType, sql: str) -> Handler:
    def compile_now(_: ExpressionCompiler, node: exp.Expr, __: Scope) -> Typed:
        if node.this is not None:
            raise UnsupportedSqlError(f"Precision in {node.sql('trino')}")
        return Typed(sql, kind)

    return compile_now


def _only(node: exp.Expr, *known: str) -> None:
    """Refuse syntax that the parser accepts and this engine would silently drop."""
    for name, value in node.args.items():
        if value and name not in {*known, "is_literal"}:
            raise UnsupportedSqlError(f"{name.strip('_').upper()} in {node.sql('trino')[:200]}")


def _as_call(name: str, *argument_names: str) -> Handler:
    """Special syntax that stands for a function: EXTRACT(…), POSITION(… IN …), TRIM(…)."""

    def compile_call(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope) -> Typed:
        _only(node, *argument_names)
        arguments = [node.args[a] for a in argument_names if node.args.get(a) is not None]
        return calls.compile_call(compiler, exp.Anonymous(this=name, expressions=arguments), scope)

    return compile_call


def _json_query(compiler: ExpressionCompiler, node: exp.JSONExtract, scope: Scope) -> Typed:
    _only(node, "this", "expression", "json_query")
    return calls.compile_call(
        compiler, exp.Anonymous(this="json_query", expressions=[node.this, node.expression]), scope
    )


def _extract(compiler: ExpressionCompiler, node: exp.Extract, scope: Scope) -> Typed:
    return calls.compile_call(compiler, exp.Anonymous(this=node.this.name, expressions=[node.expression]), scope)


def _trim(compiler: ExpressionCompiler, node: exp.Trim, scope: Scope) -> Typed:
    _only(node, "this", "expression", "position")
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or ""), "trim")
    arguments = [node.this, *([node.expression] if node.expression is not None else [])]
    return calls.compile_call(compiler, exp.Anonymous(this=name, expressions=arguments), scope)


_NOW_TZ = TrinoType("timestamp with time zone", MILLIS)
_NOW_SQL = "date_trunc('millisecond', now())"

_HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Literal: _literal,
    exp.Null: lambda *_: Typed("NULL", UNKNOWN),
    exp.Boolean: lambda _, node, __: Typed("true" if node.this else "false", BOOLEAN),
    exp.HexString: lambda _, node, __: Typed(f"from_hex('{node.this}')", VARBINARY),
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
    exp.Paren: lambda compiler, node, scope: compiler.expression(node.this, scope),
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _if,
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
    exp.Add: _arithmetic("+"),
    exp.Sub: _arithmetic("-"),
    exp.Mul: _arithmetic("*"),
    exp.Div: _arithmetic("/"),
    exp.Mod: _arithmetic("%"),
    exp.Neg: _negative,
    exp.DPipe: _concat,
    exp.Bracket: _bracket,
    exp.Array: _array,
    exp.Tuple: _row,
    exp.ParseJSON: _as_call("json_parse", "this"),
    exp.Interval: _interval,
    exp.AtTimeZone: _at_time_zone,
    exp.Subquery: _scalar_subquery,
    exp.Select: _scalar_subquery,
    exp.Exists: _exists,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.StrPosition: _as_call("strpos", "this", "substr"),
    exp.Substring: _as_call("substr", "this", "start", "length"),
    exp.JSONValue: _as_call("json_value", "this", "path"),
    exp.JSONExtract: _json_query,
    exp.CurrentDate: _now(DATE, "CAST(now() AT TIME ZONE 'UTC' AS DATE)"),
    exp.CurrentTimestamp: _now(_NOW_TZ, _NOW_SQL),
    exp.Localtimestamp: _now(TrinoType("timestamp", MILLIS), f"({_NOW_SQL} AT TIME ZONE 'UTC')"),
    exp.Anonymous: calls.compile_call,
    exp.Filter: calls.compile_call,
    exp.Window: calls.compile_call,
    exp.IgnoreNulls: calls.compile_call,
    exp.RespectNulls: calls.compile_call,
    exp.GroupConcat: calls.compile_call,
}
