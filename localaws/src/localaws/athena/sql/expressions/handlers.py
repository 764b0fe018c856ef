"""Expressions: one handler per kind of syntax node. A node without a handler is refused, and the error names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.expressions import calls, casts, literals, operators, predicates, session, sql_json
from localaws.athena.sql.expressions.predicates import boolean
from localaws.athena.sql.parser.parsed_types import from_sqlglot
from localaws.athena.sql.parser.parsing import position, refuse_other_arguments
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import UNKNOWN, array

if TYPE_CHECKING:
    from localaws.athena.sql.interface import ExpressionCompiler, ExpressionHandler


# Operators and forms that the parser knows from other dialects.
_FOREIGN = frozenset({
    "ILike", "RegexpLike", "RegexpILike", "SimilarTo", "Glob", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot",
    "BitwiseLeftShift", "BitwiseRightShift", "IntDiv", "Xor", "Parameter", "SessionParameter", "PropertyEQ", "Slice",
    "Collate", "ArrayContainsAll", "ArrayContainedBy", "ArrayOverlaps", "JSONBContains", "NullSafeEQ", "Struct",
    "MatchAgainst", "Pow", "Distinct", "Star", "Placeholder", "Escape", "Adjacent", "Operator", "Overlaps", "Alias",
    "Aliases", "Introducer", "JSONExtractScalar", "JSONBExtract", "DPipeEQ",
})  # fmt: skip


def compile_expression(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope) -> Typed:
    """Compile one expression. Raises AthenaError as Trino would, or UnsupportedSqlError for an unknown one."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        if type(node).__name__ in _FOREIGN:
            where = position(node, compiler.text)
            raise AthenaError("SYNTAX_ERROR", f"{where}: mismatched input in '{node.sql('trino')[:200]}'")
        raise UnsupportedSqlError(f"{type(node).__name__}: {node.sql('trino')[:200]}")
    return handler(compiler, node, scope)


def _column(compiler: ExpressionCompiler, node: exp.Column, scope: Scope) -> Typed:
    parts = [part.name for part in node.parts]
    return _named(compiler, node, parts, scope)


def _identifier(compiler: ExpressionCompiler, node: exp.Identifier, scope: Scope) -> Typed:
    return _named(compiler, node, [node.name], scope)


def _dot(compiler: ExpressionCompiler, node: exp.Dot, scope: Scope) -> Typed:
    # `a.b.c` is a column with qualifiers, or fields of a row: the scope decides.
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


def _is_quoted(node: exp.Expr) -> bool:
    return any(part.args.get("quoted") for part in node.find_all(exp.Identifier))


def _named(compiler: ExpressionCompiler, node: exp.Expr, parts: list[str], scope: Scope) -> Typed:
    found = scope.resolve(parts)
    if found is None and len(parts) == 1 and not _is_quoted(node):
        found = session.named(compiler, parts[0].lower())
    if found is None:
        raise AthenaError(
            "COLUMN_NOT_FOUND",
            f"{position(node, compiler.text)}: Column '{'.'.join(parts)}' cannot be resolved or requester is not "
            "authorized to access requested resources",
        )
    return found


def _cast(compiler: ExpressionCompiler, node: exp.Cast, scope: Scope) -> Typed:
    refuse_other_arguments(node, "this", "to", "safe")
    operand = node.this
    if isinstance(operand, exp.Literal) and operand.is_string and not isinstance(node, exp.TryCast):
        constant = literals.typed_literal(operand.this, node)
        if constant is not None:
            return constant
    value = compiler.expression(operand, scope)
    target = from_sqlglot(node.to)
    return casts.try_cast(value, target) if isinstance(node, exp.TryCast) else casts.cast(value, target)


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
    # The last of `unified` is the default, which has no condition.
    branches = " ".join(f"WHEN {c.sql} THEN {r.sql}" for c, r in zip(conditions, unified, strict=False))
    return Typed(f"(CASE {branches} ELSE {unified[-1].sql} END)", kind)


def _if(compiler: ExpressionCompiler, node: exp.If, scope: Scope) -> Typed:
    otherwise = node.args.get("false") or exp.Null()
    return _case(compiler, exp.Case(ifs=[exp.If(this=node.this, true=node.args["true"])], default=otherwise), scope)


def _arithmetic(symbol: str) -> ExpressionHandler:
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


def _at_time_zone(compiler: ExpressionCompiler, node: exp.AtTimeZone, scope: Scope) -> Typed:
    zone = node.args["zone"]
    if not isinstance(zone, exp.Literal):
        raise UnsupportedSqlError("AT TIME ZONE with a zone that is not a literal")
    return operators.at_time_zone(compiler.expression(node.this, scope), zone.name)


def _as_call(name: str, *argument_names: str) -> ExpressionHandler:
    """Return the handler of a function with a syntax of its own, like POSITION(… IN …)."""

    def compile_call(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope) -> Typed:
        refuse_other_arguments(node, *argument_names)
        arguments = [node.args[a] for a in argument_names if node.args.get(a) is not None]
        return calls.compile_call(compiler, exp.Anonymous(this=name, expressions=arguments), scope)

    return compile_call


def _extract(compiler: ExpressionCompiler, node: exp.Extract, scope: Scope) -> Typed:
    return calls.compile_call(compiler, exp.Anonymous(this=node.this.name, expressions=[node.expression]), scope)


def _trim(compiler: ExpressionCompiler, node: exp.Trim, scope: Scope) -> Typed:
    refuse_other_arguments(node, "this", "expression", "position")
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or ""), "trim")
    arguments = [node.this, *([node.expression] if node.expression is not None else [])]
    return calls.compile_call(compiler, exp.Anonymous(this=name, expressions=arguments), scope)


_HANDLERS: dict[type[exp.Expr], ExpressionHandler] = {
    **literals.HANDLERS,
    **predicates.HANDLERS,
    **sql_json.HANDLERS,
    **session.HANDLERS,
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
    exp.Paren: lambda compiler, node, scope: compiler.expression(node.this, scope),
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _if,
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
    exp.AtTimeZone: _at_time_zone,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.StrPosition: _as_call("strpos", "this", "substr"),
    exp.Substring: _as_call("substr", "this", "start", "length"),
    exp.Anonymous: calls.compile_call,
    exp.Filter: calls.compile_call,
    exp.Window: calls.compile_call,
    exp.IgnoreNulls: calls.compile_call,
    exp.RespectNulls: calls.compile_call,
    exp.GroupConcat: calls.compile_call,
}
