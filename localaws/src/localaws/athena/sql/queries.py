"""SELECT, VALUES and views. Every query yields columns c0, c1, …; their names are in `Relation.columns`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.dialects import TRINO
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql import relations
from localaws.athena.sql.ctes import with_clause
from localaws.athena.sql.expressions import session
from localaws.athena.sql.ordering import check_order_of_distinct, count, limits, order_by, ordered_and_limited, ordinal
from localaws.athena.sql.output_columns import STALE, Unnamed, as_stored
from localaws.athena.sql.parser.parsing import parse, refuse_other_clauses
from localaws.athena.sql.scope import Field, Relation, Scope, Typed
from localaws.athena.sql.set_operations import set_operation
from localaws.athena.sql.tables import Environment

if TYPE_CHECKING:
    from localaws.athena.dialects import Dialect
    from localaws.athena.sql.interface import QueryCompiler
    from localaws.athena.sql.tables import View

_SELECT_PARTS = frozenset({
    "with_", "expressions", "distinct", "from_", "joins", "where", "group", "having", "windows", "order", "limit",
    "offset", "sample", "laterals",
})  # fmt: skip


def compile_query(compiler: QueryCompiler, node: exp.Expr, parent: Scope | None) -> Relation:
    """Compile any query. Raises AthenaError as Trino would, UnsupportedSqlError for unknown syntax."""
    clause = node.args.get("with_")
    if clause is not None:
        return with_clause(compiler, node, clause, parent)
    match node:
        case exp.Select():
            return _select(compiler, node, parent)
        case exp.SetOperation():
            return set_operation(compiler, node, parent)
        case exp.Values():
            return relations.values(compiler, node, parent)
        case exp.Subquery():
            return _parenthesized(compiler, node, parent)
    raise UnsupportedSqlError(f"{type(node).__name__}: {node.sql('trino')[:200]}")


def compile_view(compiler: QueryCompiler, name: str, view: View) -> Relation:
    """Compile a view in its own database. Raises AthenaError INVALID_VIEW when it contains itself or is invalid."""
    if name in compiler.views:
        raise AthenaError("INVALID_VIEW", f"View '{name}' is recursive")
    compiler.views.append(name)
    try:
        return _as_stored(compiler, name, view)
    except UnsupportedSqlError:
        raise
    except AthenaError as error:
        if error.code == STALE:
            raise
        raise AthenaError("INVALID_VIEW", f"Failed analyzing stored view 'awsdatacatalog.{name}': {error}") from error
    finally:
        compiler.views.pop()


def _as_stored(compiler: QueryCompiler, name: str, view: View) -> Relation:
    """Return the relation of a view with its stored columns.

    While numbers with a point were decimals here, as in Trino, a view was stored with columns of decimals: such a view
    is read as it was stored, instead of being stale.
    """
    try:
        return as_stored(name, view, _derived(compiler, view, None))
    except AthenaError as error:
        if error.code != STALE or not compiler.dialect.decimal_literals_are_doubles:
            raise
        try:
            return as_stored(name, view, _derived(compiler, view, TRINO))
        except AthenaError:
            raise error from None


def _derived(compiler: QueryCompiler, view: View, dialect: Dialect | None) -> Relation:
    with compiler.within(Environment(view.database, dialect=dialect)):
        return compiler.query(parse(view.text))


def _parenthesized(compiler: QueryCompiler, node: exp.Subquery, parent: Scope | None) -> Relation:
    refuse_other_clauses(node, frozenset({"this", "alias", "order", "limit", "offset"}))
    inner = compiler.query(node.this, parent)
    if not any(node.args.get(part) for part in ("order", "limit", "offset")):
        return inner
    return ordered_and_limited(compiler, node, inner)


def _select(compiler: QueryCompiler, node: exp.Select, parent: Scope | None) -> Relation:
    refuse_other_clauses(node, _SELECT_PARTS)
    source, fields = relations.from_clause(compiler, node, parent)
    windows = {w.name.lower(): w for w in node.args.get("windows") or ()}
    scope = Scope(fields, parent, windows=windows)
    where = node.args.get("where")
    clauses = [f"FROM {source}"] if source else []
    if where is not None:
        clauses.append(f"WHERE {compiler.condition(where.this, scope, 'WHERE clause').sql}")
    outputs = list(_outputs(compiler, node, scope))
    if node.args.get("group") is not None:
        clauses.append(f"GROUP BY {_group_by(compiler, node.args['group'], scope, outputs)}")
    if node.args.get("having") is not None:
        clauses.append(f"HAVING {compiler.condition(node.args['having'].this, scope, 'HAVING clause').sql}")
    clauses.extend(_order_and_limit(compiler, node, scope, outputs))
    distinct = "DISTINCT " if _distinct(node) else ""
    cells = ", ".join(f"{value.sql} AS c{i}" for i, (_, value) in enumerate(outputs))
    sql = f"SELECT {distinct}{cells} {' '.join(clauses)}"
    return Relation(sql.rstrip(), tuple((name, value.type) for name, value in outputs))


def _distinct(node: exp.Select) -> bool:
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        raise AthenaError("SYNTAX_ERROR", "mismatched input 'ON'")
    return distinct is not None


def _outputs(compiler: QueryCompiler, node: exp.Select, scope: Scope) -> list[tuple[str, Typed]]:
    outputs: list[tuple[str, Typed]] = []
    for item in node.expressions:
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(star, exp.Star):
            outputs.extend(_star(item, star, scope))
            continue
        inner = item.this if isinstance(item, exp.Alias) else item
        value = compiler.expression(inner, scope)
        outputs.append((_output_name(item, len(outputs)), value))
    return outputs


def _output_name(item: exp.Expr, index: int) -> str:
    if isinstance(item, exp.Alias):
        return item.alias
    if isinstance(item, (exp.Column, exp.Dot)) and not session.is_word(item):
        return item.name if isinstance(item, exp.Column) else item.expression.name
    return Unnamed(f"_col{index}")


def _star(item: exp.Expr, star: exp.Star, scope: Scope) -> list[tuple[str, Typed]]:
    if any(star.args.values()):
        raise AthenaError("SYNTAX_ERROR", f"mismatched input in '{item.sql('trino')}'")
    qualifier = [part.name.lower() for part in item.parts[:-1]] if isinstance(item, exp.Column) else []
    found = [
        (field.name, field.value)
        for field in scope.fields
        if not field.hidden and (not qualifier or list(field.qualifier[-len(qualifier) :]) == qualifier)
    ]
    if not found:
        what = (
            f"Unable to resolve reference {'.'.join(qualifier)}"
            if qualifier
            else "SELECT * not allowed in queries without FROM clause"
        )
        raise AthenaError("INVALID_COLUMN_REFERENCE", what)
    return found


def _group_by(compiler: QueryCompiler, group: exp.Group, scope: Scope, outputs: list[tuple[str, Typed]]) -> str:
    refuse_other_clauses(group, frozenset({"expressions"}))
    return ", ".join(_group_item(compiler, item, scope, outputs) for item in group.expressions)


def _group_item(compiler: QueryCompiler, item: exp.Expr, scope: Scope, outputs: list[tuple[str, Typed]]) -> str:
    sets: dict[type[exp.Expr], str] = {exp.Rollup: "ROLLUP", exp.Cube: "CUBE", exp.GroupingSets: "GROUPING SETS"}
    if type(item) in sets:
        inner = ", ".join(_group_item(compiler, e, scope, outputs) for e in item.expressions)
        return f"{sets[type(item)]} ({inner})"
    if isinstance(item, exp.Tuple):
        return f"({', '.join(_group_item(compiler, e, scope, outputs) for e in item.expressions)})"
    if isinstance(item, exp.Literal) and not item.is_string:
        position = ordinal(item, len(outputs), "GROUP BY")
        # The column itself works inside grouping sets as well; for a constant DuckDB needs the position.
        value = outputs[position][1]
        return value.sql if value.constant is None else str(position + 1)
    return compiler.expression(item, scope).sql


def _order_and_limit(
    compiler: QueryCompiler, node: exp.Select, scope: Scope, outputs: list[tuple[str, Typed]]
) -> list[str]:
    clauses, order = [], node.args.get("order")
    limit = node.args.get("limit")
    names = tuple((name, value.type) for name, value in outputs)
    ordering = ""
    if order is not None:
        # ORDER BY sees the output names first, then the columns of FROM.
        fields = [Field((), name, value) for name, value in outputs if not _is_column_of_that_name(scope, name, value)]
        ordered = Scope([*fields], replace(scope), scope.variables, scope.windows)
        ordering = order_by(compiler, order, ordered, names)
        if _distinct(node):
            check_order_of_distinct(compiler, order, ordered, outputs)
    if (
        isinstance(limit, exp.Fetch)
        and limit.args.get("limit_options") is not None
        and limit.args["limit_options"].args.get("with_ties")
    ):
        if not ordering or _distinct(node) or node.args.get("offset") is not None:
            raise UnsupportedSqlError("FETCH … WITH TIES without ORDER BY, or with DISTINCT or OFFSET")
        ranked = order_by(compiler, order, ordered, ()) if order is not None else ""
        clauses.append(f"QUALIFY rank() OVER ({ranked}) <= {count(compiler, limit.args['count'])}")
        return [*clauses, ordering]
    return [part for part in (ordering, limits(compiler, node).strip()) if part]


def _is_column_of_that_name(scope: Scope, name: str, value: Typed) -> bool:
    """Return whether an output is the column of the same name; to leave it out keeps `ORDER BY t.x` unambiguous."""
    return any(field.name.lower() == name.lower() and field.value.sql == value.sql for field in scope.fields)
