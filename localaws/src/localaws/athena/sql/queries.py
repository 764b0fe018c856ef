"""SELECT, set operations, VALUES and WITH. Every query yields columns c0, c1, …; `Relation.columns` has names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql import casts, relations
from localaws.athena.sql.parsing import parse
from localaws.athena.sql.scope import Field, Relation, Scope, Typed
from localaws.athena.sql.tables import Environment
from localaws.athena.trino_types import BIGINT, TrinoType, common_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.athena.sql.interface import QueryCompiler
    from localaws.athena.sql.tables import View

_SELECT_PARTS = frozenset({
    "with_", "expressions", "distinct", "from_", "joins", "where", "group", "having", "windows", "order", "limit",
    "offset", "sample", "laterals",
})  # fmt: skip
_SET_PARTS = frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"})
_WORDS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


def compile_query(compiler: QueryCompiler, node: exp.Expr, parent: Scope | None) -> Relation:
    """Compile any query. Raises AthenaError as Trino would, UnsupportedSqlError for syntax that is not known here."""
    with_clause = node.args.get("with_")
    if with_clause is not None:
        return _with(compiler, node, with_clause, parent)
    match node:
        case exp.Select():
            return _select(compiler, node, parent)
        case exp.SetOperation():
            return _set_operation(compiler, node, parent)
        case exp.Values():
            return relations.values(compiler, node, parent)
        case exp.Subquery():
            return _parenthesized(compiler, node, parent)
    raise UnsupportedSqlError(f"{type(node).__name__}: {node.sql('trino')[:200]}")


def compile_view(compiler: QueryCompiler, name: str, view: View) -> Relation:
    """Compile a view in its own database. Raises AthenaError when it contains itself or no longer compiles."""
    if name in compiler.views:
        raise AthenaError("INVALID_VIEW", f"View '{name}' is recursive")
    compiler.views.append(name)
    try:
        with compiler.within(Environment(view.database)):
            return compiler.query(parse(view.text))
    except UnsupportedSqlError:
        raise
    except AthenaError as error:
        raise AthenaError("INVALID_VIEW", f"Failed analyzing stored view 'awsdatacatalog.{name}': {error}") from error
    finally:
        compiler.views.pop()


def refuse_unknown(node: exp.Expr, known: frozenset[str]) -> None:
    """Refuse clauses that the parser accepts and the compiler would drop."""
    for name, value in node.args.items():
        if value and name not in known:
            raise UnsupportedSqlError(f"{name.strip('_').upper().replace('MATCH', 'MATCH_RECOGNIZE')}")


def _with(compiler: QueryCompiler, node: exp.Expr, clause: exp.With, parent: Scope | None) -> Relation:
    refuse_unknown(clause, frozenset({"expressions", "recursive"}))
    outer = compiler.environment
    definitions = []
    try:
        for cte in clause.expressions:
            name, sql, relation = _cte(compiler, cte, parent, recursive=bool(clause.args.get("recursive")))
            definitions.append(sql)
            compiler.environment = compiler.with_cte(name, relation)
        inner = node.copy()
        inner.set("with_", None)
        body = compile_query(compiler, inner, parent)
    finally:
        compiler.environment = outer
    word = "WITH RECURSIVE" if clause.args.get("recursive") else "WITH"
    return replace(body, sql=f"{word} {', '.join(definitions)} {body.sql}")


def _cte(compiler: QueryCompiler, cte: exp.CTE, parent: Scope | None, *, recursive: bool) -> tuple[str, str, Relation]:
    name, table = cte.alias, compiler.fresh("cte")
    aliases = [column.name for column in cte.args["alias"].args.get("columns") or ()]
    if recursive and isinstance(cte.this, exp.Union) and _mentions(cte.this, name):
        relation = _recursive(compiler, cte.this, name, table, aliases, parent)
        return name, f"{table} AS ({relation.sql})", replace(relation, sql=table)
    relation = compiler.query(cte.this, parent)
    # Trino inlines; so must DuckDB, or a filter outside would no longer reach the files.
    return name, f"{table} AS NOT MATERIALIZED ({relation.sql})", renamed(replace(relation, sql=table), aliases)


def _mentions(node: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name.lower() and not table.db for table in node.find_all(exp.Table))


def _recursive(  # noqa: PLR0913, PLR0917 -- all of what a recursive definition is made of
    compiler: QueryCompiler, node: exp.Union, name: str, table: str, aliases: list[str], parent: Scope | None
) -> Relation:
    refuse_unknown(node, frozenset({"this", "expression", "distinct"}))
    base = renamed(compiler.query(node.this, parent), aliases)
    with compiler.within(compiler.with_cte(name, replace(base, sql=table))):
        step = compiler.query(node.expression, parent)
    kinds = [common_type(a[1], b[1]) for a, b in zip(base.columns, step.columns, strict=False)]
    if len(step.columns) != len(base.columns) or [k for _, k in base.columns] != kinds:
        raise AthenaError("TYPE_MISMATCH", "Recursion step relation output type does not match base relation output")
    word = "UNION" if node.args.get("distinct") else "UNION ALL"
    return replace(base, sql=f"{as_types(base, kinds)} {word} {as_types(step, kinds)}")


def renamed(relation: Relation, aliases: Sequence[str]) -> Relation:
    """Give a relation's columns other names. Raises AthenaError when their number differs."""
    if not aliases:
        return relation
    if len(aliases) != len(relation.columns):
        raise AthenaError(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(aliases)} entries but relation has {len(relation.columns)} columns",
        )
    kinds = (kind for _, kind in relation.columns)
    return replace(relation, columns=tuple(zip(aliases, kinds, strict=True)))


def as_types(relation: Relation, kinds: Sequence[TrinoType | None]) -> str:
    """SQL of the relation with its columns cast to the given types, where they differ."""
    if all(kind == own for kind, (_, own) in zip(kinds, relation.columns, strict=True)):
        return f"({relation.sql})"
    cells = ", ".join(
        f"{casts.coerce(Typed(f'c{i}', own), kind or own).sql} AS c{i}"
        for i, (kind, (_, own)) in enumerate(zip(kinds, relation.columns, strict=True))
    )
    return f"(SELECT {cells} FROM ({relation.sql}))"


def _parenthesized(compiler: QueryCompiler, node: exp.Subquery, parent: Scope | None) -> Relation:
    refuse_unknown(node, frozenset({"this", "alias", "order", "limit", "offset"}))
    inner = compiler.query(node.this, parent)
    if not any(node.args.get(part) for part in ("order", "limit", "offset")):
        return inner
    return _tailed(compiler, node, inner)


def _set_operation(compiler: QueryCompiler, node: exp.SetOperation, parent: Scope | None) -> Relation:
    refuse_unknown(node, _SET_PARTS)
    left, right = compiler.query(node.this, parent), compiler.query(node.expression, parent)
    word = _WORDS[type(node)]
    if len(left.columns) != len(right.columns):
        raise AthenaError(
            "TYPE_MISMATCH", f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
        )
    kinds = [common_type(a, b) for (_, a), (_, b) in zip(left.columns, right.columns, strict=True)]
    for place, kind in enumerate(kinds):
        if kind is None:
            raise AthenaError(
                "TYPE_MISMATCH",
                f"column {place + 1} in {word} query has incompatible types: "
                f"{left.columns[place][1]}, {right.columns[place][1]}",
            )
    everything = "" if node.args.get("distinct") else " ALL"
    sql = f"{as_types(left, kinds)} {word}{everything} {as_types(right, kinds)}"
    columns = tuple((name, kind or own) for (name, own), kind in zip(left.columns, kinds, strict=True))
    return _tailed(compiler, node, Relation(sql, columns))


def _tailed(compiler: QueryCompiler, node: exp.Expr, inner: Relation) -> Relation:
    """ORDER BY, OFFSET and LIMIT of a whole set operation: they see only its output columns."""
    if not any(node.args.get(part) for part in ("order", "limit", "offset")):
        return inner
    outputs = [Typed(f"c{i}", kind) for i, (_, kind) in enumerate(inner.columns)]
    fields = [Field((), name, value) for (name, _), value in zip(inner.columns, outputs, strict=True)]
    order = ""
    if node.args.get("order") is not None:
        order = " " + order_by(compiler, node.args["order"], Scope(fields), tuple(inner.columns))
    return replace(inner, sql=f"SELECT * FROM ({inner.sql}){order}{_limits(compiler, node)}")


def _select(compiler: QueryCompiler, node: exp.Select, parent: Scope | None) -> Relation:
    refuse_unknown(node, _SELECT_PARTS)
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
    clauses.extend(_tail(compiler, node, scope, outputs))
    distinct = "DISTINCT " if _distinct(node) else ""
    cells = ", ".join(f"{value.sql} AS c{i}" for i, (_, value) in enumerate(outputs))
    sql = f"SELECT {distinct}{cells} {' '.join(clauses)}"
    return Relation(sql.rstrip(), tuple((name, value.type) for name, value in outputs))


def _distinct(node: exp.Select) -> bool:
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        raise UnsupportedSqlError("DISTINCT ON")
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
    if isinstance(item, (exp.Column, exp.Dot)):
        return item.name if isinstance(item, exp.Column) else item.expression.name
    return f"_col{index}"


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
    refuse_unknown(group, frozenset({"expressions"}))
    return ", ".join(_group_item(compiler, item, scope, outputs) for item in group.expressions)


def _group_item(compiler: QueryCompiler, item: exp.Expr, scope: Scope, outputs: list[tuple[str, Typed]]) -> str:
    sets: dict[type[exp.Expr], str] = {exp.Rollup: "ROLLUP", exp.Cube: "CUBE", exp.GroupingSets: "GROUPING SETS"}
    if type(item) in sets:
        inner = ", ".join(_group_item(compiler, e, scope, outputs) for e in item.expressions)
        return f"{sets[type(item)]} ({inner})"
    if isinstance(item, exp.Tuple):
        return f"({', '.join(_group_item(compiler, e, scope, outputs) for e in item.expressions)})"
    if isinstance(item, exp.Literal) and not item.is_string:
        place = _ordinal(item, len(outputs), "GROUP BY")
        # A column stands for itself, so that it also works inside grouping sets; DuckDB takes the place for the rest.
        value = outputs[place][1]
        return value.sql if value.constant is None else str(place + 1)
    return compiler.expression(item, scope).sql


def _ordinal(item: exp.Literal, count: int, clause: str) -> int:
    place = int(item.name) if item.name.isdigit() else 0
    if not 1 <= place <= count:
        raise AthenaError("INVALID_COLUMN_REFERENCE", f"{clause} position {item.name} is not in select list")
    return place - 1


def _tail(compiler: QueryCompiler, node: exp.Select, scope: Scope, outputs: list[tuple[str, Typed]]) -> list[str]:
    clauses, order = [], node.args.get("order")
    limit = node.args.get("limit")
    names = tuple((name, value.type) for name, value in outputs)
    ordering = ""
    if order is not None:
        # ORDER BY sees the output names first, then the columns of FROM.
        fields = [Field((), name, value) for name, value in outputs if not _is_shadow(scope, name, value)]
        ordered = Scope([*fields], replace(scope), scope.variables, scope.windows)
        ordering = order_by(compiler, order, ordered, names)
    if (
        isinstance(limit, exp.Fetch)
        and limit.args.get("limit_options") is not None
        and limit.args["limit_options"].args.get("with_ties")
    ):
        if not ordering or _distinct(node) or node.args.get("offset") is not None:
            raise UnsupportedSqlError("FETCH … WITH TIES without ORDER BY, or with DISTINCT or OFFSET")
        ranked = order_by(compiler, order, ordered, ()) if order is not None else ""
        clauses.append(f"QUALIFY rank() OVER ({ranked}) <= {_count(compiler, limit.args['count'])}")
        return [*clauses, ordering]
    return [part for part in (ordering, _limits(compiler, node).strip()) if part]


def _is_shadow(scope: Scope, name: str, value: Typed) -> bool:
    """An output that is the column of that name already: leaving it out keeps `ORDER BY t.x` unambiguous."""
    return any(field.name.lower() == name.lower() and field.value.sql == value.sql for field in scope.fields)


def order_by(
    compiler: QueryCompiler, order: exp.Order, scope: Scope, outputs: tuple[tuple[str, TrinoType], ...]
) -> str:
    """ORDER BY with the nulls where Trino puts them: last. `outputs` are the columns an ordinal may name."""
    terms = []
    for item in order.expressions:
        direction = "DESC" if item.args.get("desc") else "ASC"
        nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
        terms.append(f"{_order_key(compiler, item.this, scope, outputs)} {direction} NULLS {nulls}")
    return f"ORDER BY {', '.join(terms)}"


def _order_key(compiler: QueryCompiler, key: exp.Expr, scope: Scope, outputs: tuple[tuple[str, TrinoType], ...]) -> str:
    if outputs and isinstance(key, exp.Literal) and not key.is_string:
        return str(_ordinal(key, len(outputs), "ORDER BY") + 1)
    if outputs and isinstance(key, exp.Column) and len(key.parts) == 1:
        named = [i for i, (name, _) in enumerate(outputs) if name.lower() == key.name.lower()]
        if len(named) == 1:
            return str(named[0] + 1)
    value = compiler.expression(key, scope)
    # A bare number would be taken for the place of a column.
    return (
        f"({value.sql} + 0)" if value.constant is not None and value.type.name in {"integer", "bigint"} else value.sql
    )


def _limits(compiler: QueryCompiler, node: exp.Expr) -> str:
    text, limit, offset = "", node.args.get("limit"), node.args.get("offset")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            raise UnsupportedSqlError("FETCH … WITH TIES here")
        text += f" LIMIT {_count(compiler, limit.args.get('count') or exp.Literal.number(1))}"
    elif limit is not None and limit.expression.name.upper() != "ALL":
        text += f" LIMIT {_count(compiler, limit.expression)}"
    if offset is not None:
        text += f" OFFSET {_count(compiler, offset.expression)}"
    return text


def _count(compiler: QueryCompiler, node: exp.Expr) -> str:
    value = compiler.expression(node, Scope())
    if value.constant is None or not value.constant.isdigit():
        raise AthenaError("SYNTAX_ERROR", f"mismatched input '{node.sql('trino')}'. Expecting: a row count")
    return casts.coerce(value, BIGINT).sql
