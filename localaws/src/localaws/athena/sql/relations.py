"""FROM: tables, subqueries, VALUES, joins and UNNEST, each with the fields that it adds to the scope."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.parsing import position
from localaws.athena.sql.scope import Field, Relation, Scope, Typed
from localaws.athena.sql.tables import Version, View
from localaws.athena.sql.unnest import unnest
from localaws.athena.trino_types import TrinoType, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.athena.sql.interface import QueryCompiler
    from localaws.athena.sql.tables import Source

CATALOG = "awsdatacatalog"
_Item = tuple[str, list[Field]]


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


def _join(compiler: QueryCompiler, join: exp.Join, left_sql: str, left: list[Field], parent: Scope | None) -> _Item:
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
            sql, fields = _item(compiler, node.this, parent, [])
            return f"({sql})", fields
        case exp.Unnest():
            sql, fields = _aliased(compiler, *unnest(compiler, node, Scope(left, parent)))
            return f"LATERAL {sql}" if left else sql, fields
        case exp.Lateral() if isinstance(node.this, exp.Subquery):
            relation = compiler.query(node.this, Scope(left, parent))
            sql, fields = _aliased(compiler, relation, node.args.get("alias"))
            return f"LATERAL {sql}", fields
        case exp.Subquery() | exp.Values():
            return _aliased(compiler, compiler.query(node, parent), node.args.get("alias"))
    raise UnsupportedSqlError(f"FROM {node.sql('trino')[:200]}")


def _aliased(compiler: QueryCompiler, relation: Relation, alias: exp.TableAlias | None, name: str = "") -> _Item:
    table = compiler.fresh("r")
    names = [column.name for column in (alias.args.get("columns") or ())] if alias is not None else []
    if names and len(names) != len(relation.columns):
        raise AthenaError(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(names)} entries but relation has {len(relation.columns)} columns",
        )
    label = alias.name.lower() if alias is not None and alias.name else name
    fields = [
        Field((label,) if label else (), names[i] if names else column, Typed(f"{table}.c{i}", kind))
        for i, (column, kind) in enumerate(relation.columns)
    ]
    return f"({relation.sql}) AS {table}", fields


def _table(compiler: QueryCompiler, node: exp.Table, parent: Scope | None) -> _Item:
    for name, value in node.args.items():
        if value and name not in {"this", "db", "catalog", "alias", "version", "joins", "sample"}:
            raise UnsupportedSqlError(f"{name.upper()} of a table: {node.sql('trino')[:200]}")
    if not isinstance(node.this, exp.Identifier):
        raise UnsupportedSqlError(f"Table function {node.this.sql('trino')[:100]}")
    sql, fields = _named(compiler, node)
    if node.args.get("sample") is not None:
        sql += _sample(node.args["sample"])
    return _joined(compiler, sql, fields, node.args.get("joins") or (), parent)


def _named(compiler: QueryCompiler, node: exp.Table) -> _Item:
    name, alias = node.name.lower(), node.args.get("alias")
    cte = compiler.environment.ctes.get(name) if not node.db else None
    if cte is not None:
        return _aliased(compiler, replace(cte, sql=f"SELECT * FROM {cte.sql}"), alias, name)
    if node.catalog and node.catalog.lower() != CATALOG:
        raise UnsupportedSqlError(f"Data catalog {node.catalog}")
    database = (node.db or compiler.environment.database).lower()
    found = compiler.tables.find(database, name, _version(compiler, node))
    if found is None:
        where = position(node, compiler.text)
        raise AthenaError("TABLE_NOT_FOUND", f"{where}: Table '{CATALOG}.{database}.{name}' does not exist")
    if isinstance(found, View):
        if node.args.get("version") is not None:
            raise AthenaError("NOT_SUPPORTED", f"View '{database}.{name}' cannot be queried at a version")
        return _aliased(compiler, compiler.view(f"{database}.{name}", found), alias, name)
    return _scan(compiler, found, (CATALOG, database, name), alias)


def _scan(compiler: QueryCompiler, source: Source, qualified: tuple[str, ...], alias: exp.TableAlias | None) -> _Item:
    table = compiler.fresh("r")
    names = [column.name for column in (alias.args.get("columns") or ())] if alias is not None else []
    qualifier = (alias.name.lower(),) if alias is not None and alias.name else qualified
    if names and len(names) != len(source.columns):
        raise AthenaError("MISMATCHED_COLUMN_ALIASES", "Column alias list and table have different numbers of columns")
    fields = [
        Field(qualifier, names[i] if names else column, Typed(f"{table}.{quote(column)}", kind))
        for i, (column, kind) in enumerate(source.columns)
    ]
    fields += [
        Field(qualifier, name, Typed(f"{table}.{quote(column)}", kind), hidden=True)
        for name, column, kind in source.hidden
    ]
    return f"{source.sql} AS {table}", fields


def _version(compiler: QueryCompiler, node: exp.Table) -> Version | None:
    version = node.args.get("version")
    if version is None:
        return None
    if version.args.get("kind") != "AS OF" or version.this not in {"TIMESTAMP", "VERSION"}:
        raise UnsupportedSqlError(f"FOR {version.this} {version.args.get('kind')}")
    value = compiler.expression(version.expression, Scope())
    if version.this == "TIMESTAMP":
        value = casts.expect(value, TrinoType("timestamp with time zone", 6), "FOR TIMESTAMP AS OF")
    return Version(version.this, value)


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
    return Relation(sql, tuple((f"_col{i}", kind) for i, kind in enumerate(kinds)))


def _cells(compiler: QueryCompiler, item: exp.Expr, scope: Scope) -> list[Typed]:
    cells = item.expressions if isinstance(item, exp.Tuple) else [item]
    # (VALUES (1, 2)) is one row of two cells; the parser shows it as a tuple within the tuple of the row
    if len(cells) == 1 and isinstance(cells[0], exp.Tuple):
        cells = cells[0].expressions
    return [compiler.expression(cell, scope) for cell in cells]
