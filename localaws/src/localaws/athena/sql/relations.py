"""FROM: tables, subqueries, VALUES, joins and UNNEST, each with the fields that it adds to the scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql import table_names
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.output_columns import Unnamed
from localaws.athena.sql.parser.parsing import position
from localaws.athena.sql.scope import Field, Relation, Scope, Typed
from localaws.athena.sql.unnest import unnest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.athena.sql.interface import QueryCompiler


_Item = table_names.Item


def from_clause(compiler: QueryCompiler, node: exp.Select, parent: Scope | None) -> _Item:
    """Return the SQL after the word FROM ("" without FROM) and the fields in their order. Raises AthenaError."""
    start = node.args.get("from_")
    if start is None:
        if node.args.get("joins") or node.args.get("laterals"):
            raise UnsupportedSqlError("A join without FROM")
        return "", []
    if node.args.get("laterals"):
        raise UnsupportedSqlError("LATERAL VIEW")
    sql, fields = _item(compiler, start.this, parent, [])
    if node.args.get("sample") is not None:
        if node.args.get("joins"):
            raise UnsupportedSqlError("TABLESAMPLE together with a join")
        sql += _sample(node.args["sample"])
    return _joined(compiler, sql, fields, node.args.get("joins") or (), parent)


def _sample(sample: exp.TableSample) -> str:
    method, share = sample.args.get("method"), sample.args.get("percent")
    if method is None or method.name.upper() != "BERNOULLI" or not isinstance(share, exp.Literal):
        raise UnsupportedSqlError(f"Sampling: {sample.sql('trino')}")
    return f" TABLESAMPLE BERNOULLI ({share.name} PERCENT)"


def source_of_merge(compiler: QueryCompiler, node: exp.Expr) -> _Item:
    """Return the SQL and the fields of the source of MERGE, which follows USING. Raises AthenaError."""
    return _item(compiler, node, None, [])


def _joined(
    compiler: QueryCompiler, sql: str, fields: list[Field], joins: Sequence[exp.Join], parent: Scope | None
) -> _Item:
    for join in joins:
        sql, fields = _join(compiler, join, sql, fields, parent)
    return sql, fields


def _refuse_natural(compiler: QueryCompiler, join: exp.Join) -> None:
    """Refuse NATURAL JOIN with Trino's words, at the place where the tables begin."""
    if str(join.args.get("method") or "").upper() == "NATURAL":
        start = join.parent.args["from_"] if isinstance(join.parent, exp.Select) else join.parent
        where = position(start, compiler.text) if start is not None else "line 1:1"
        raise AthenaError("NOT_SUPPORTED", f"{where}: Natural join not supported")


def _join(compiler: QueryCompiler, join: exp.Join, left_sql: str, left: list[Field], parent: Scope | None) -> _Item:
    _refuse_natural(compiler, join)
    for name, value in join.args.items():
        if value and name not in {"this", "side", "kind", "on", "using"}:
            raise UnsupportedSqlError(f"{str(value).upper()} JOIN" if name == "method" else f"JOIN … {name.upper()}")
    side, kind = (join.args.get("side") or "").upper(), (join.args.get("kind") or "").upper()
    if kind not in {"", "INNER", "CROSS", "OUTER"}:
        raise UnsupportedSqlError(f"{kind} JOIN")
    sql, right = _item(compiler, join.this, parent, left)
    words = f"{side} JOIN" if side else "JOIN"
    if join.args.get("using"):
        return _using(join, f"{left_sql} {words} {sql}", side, left, right)
    fields = [*left, *right]
    condition = join.args.get("on")
    if condition is None:
        return f"{left_sql} CROSS JOIN {sql}", fields
    on = compiler.condition(condition, Scope(fields, parent), "JOIN ON clause")
    return f"{left_sql} {words} {sql} ON {on.sql}", fields


def _using(join: exp.Join, sql: str, side: str, left: list[Field], right: list[Field]) -> _Item:
    merged, conditions, used = [], [], set()
    for column in join.args["using"]:
        name = column.name.lower()
        a, b = _single_field(left, name), _single_field(right, name)
        kind = common_type(a.value.type, b.value.type)
        if kind is None:
            raise AthenaError("TYPE_MISMATCH", f"Column types of USING column '{name}' differ")
        one, two = casts.coerce(a.value, kind).sql, casts.coerce(b.value, kind).sql
        conditions.append(f"{one} = {two}")
        # In a row of the right side only, the left column is NULL.
        value = f"coalesce({one}, {two})" if side in {"RIGHT", "FULL"} else one
        merged.append(Field((), a.name, Typed(value, kind)))
        used.add(name)
    rest = [field for field in [*left, *right] if field.name.lower() not in used]
    return f"{sql} ON {' AND '.join(conditions)}", [*merged, *rest]


def _single_field(fields: list[Field], name: str) -> Field:
    found = [field for field in fields if field.name.lower() == name]
    if len(found) != 1:
        raise AthenaError("COLUMN_NOT_FOUND", f"Column '{name}' is missing or ambiguous in one side of the join")
    return found[0]


def _item(compiler: QueryCompiler, node: exp.Expr, parent: Scope | None, left: list[Field]) -> _Item:
    match node:
        case exp.Table():
            return _table(compiler, node, parent)
        case exp.Subquery() if isinstance(node.this, exp.Table):
            return _parenthesized(compiler, node, parent)
        case exp.Paren():
            return _item(compiler, node.this, parent, left)
        case exp.Unnest():
            sql, fields = table_names.aliased(compiler, *unnest(compiler, node, Scope(left, parent)))
            return f"LATERAL {sql}" if left else sql, fields
        case exp.Lateral() if isinstance(node.this, exp.Subquery):
            relation = compiler.query(node.this, Scope(left, parent))
            sql, fields = table_names.aliased(compiler, relation, node.args.get("alias"))
            return f"LATERAL {sql}", fields
        case exp.Subquery() | exp.Values():
            return _subquery(compiler, node, parent)
    raise UnsupportedSqlError(f"FROM {node.sql('trino')[:200]}")


def _subquery(compiler: QueryCompiler, node: exp.Subquery | exp.Values, parent: Scope | None) -> _Item:
    sample = node.args.get("sample")
    if sample is not None:
        node = node.copy()
        node.set("sample", None)
    sql, fields = table_names.aliased(compiler, compiler.query(node, parent), node.args.get("alias"))
    return sql + (_sample(sample) if sample is not None else ""), fields


def _parenthesized(compiler: QueryCompiler, node: exp.Subquery, parent: Scope | None) -> _Item:
    """Compile a table or a join in parentheses. An alias after them is that of the table."""
    for name, value in node.args.items():
        if value and name not in {"this", "alias", "joins"}:
            raise UnsupportedSqlError(f"{name.upper()} of tables in parentheses")
    inner, alias = node.this, node.args.get("alias")
    if alias is not None:
        if inner.args.get("joins"):
            raise AthenaError("SYNTAX_ERROR", f"mismatched input '{alias.name}'. Expecting: a join")
        inner = inner.copy()
        inner.set("alias", alias.copy())
    sql, fields = _item(compiler, inner, parent, [])
    # DuckDB takes parentheses around a join, but not around a single table.
    sql = f"({sql})" if inner.args.get("joins") else sql
    return _joined(compiler, sql, fields, node.args.get("joins") or (), parent)


def _table(compiler: QueryCompiler, node: exp.Table, parent: Scope | None) -> _Item:
    for name, value in node.args.items():
        if value and name not in {"this", "db", "catalog", "alias", "version", "joins", "sample"}:
            raise UnsupportedSqlError(f"{name.upper()} of a table: {node.sql('trino')[:200]}")
    if not isinstance(node.this, exp.Identifier):
        return table_names.table_function(compiler, node, parent)
    sql, fields = table_names.named(compiler, node, parent)
    if node.args.get("sample") is not None:
        sql += _sample(node.args["sample"])
    return _joined(compiler, sql, fields, node.args.get("joins") or (), parent)


def values(compiler: QueryCompiler, node: exp.Values, parent: Scope | None) -> Relation:
    """Compile VALUES (…), (…); its columns have the common types of the rows. Raises AthenaError TYPE_MISMATCH."""
    scope = Scope((), parent)
    rows = [_cells(compiler, item, scope) for item in node.expressions]
    if len({len(row) for row in rows}) != 1:
        raise AthenaError("TYPE_MISMATCH", "Values rows have mismatched sizes")
    columns, kinds = [], []
    for index in range(len(rows[0])):
        unified, kind = casts.unify([row[index] for row in rows], "VALUES cells")
        columns.append(unified)
        kinds.append(kind)
    lines = ", ".join(f"({', '.join(column[i].sql for column in columns)})" for i in range(len(rows)))
    cells = ", ".join(f"CAST(v{i} AS {kind.duckdb}) AS c{i}" for i, kind in enumerate(kinds))
    names = ", ".join(f"v{i}" for i in range(len(kinds)))
    sql = f"SELECT {cells} FROM (VALUES {lines}) AS t({names})"
    return Relation(sql, tuple((Unnamed(f"_col{i}"), kind) for i, kind in enumerate(kinds)))


def _cells(compiler: QueryCompiler, item: exp.Expr, scope: Scope) -> list[Typed]:
    cells = item.expressions if isinstance(item, exp.Tuple) else [item]
    # (VALUES (1, 2)) is one row of two cells; the parser shows it as a tuple within the tuple of the row
    if len(cells) == 1 and isinstance(cells[0], exp.Tuple):
        cells = cells[0].expressions
    return [compiler.expression(cell, scope) for cell in cells]
