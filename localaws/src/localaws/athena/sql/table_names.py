"""Names and aliases in FROM: common table expressions, tables, views and their versions, and TABLE(sequence(…))."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.ctes import reference
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.parser.parsing import position
from localaws.athena.sql.scope import Field, Relation, Scope, Typed
from localaws.athena.sql.tables import Version, View
from localaws.athena.trino_types import BIGINT, TrinoType, char_padded, quote

if TYPE_CHECKING:
    from localaws.athena.sql.interface import QueryCompiler
    from localaws.athena.sql.tables import Source

CATALOG = "awsdatacatalog"
Item = tuple[str, list[Field]]


def aliased(compiler: QueryCompiler, relation: Relation, alias: exp.TableAlias | None, name: str = "") -> Item:
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


def named(compiler: QueryCompiler, node: exp.Table, parent: Scope | None) -> Item:
    name, alias = node.name.lower(), node.args.get("alias")
    cte = compiler.environment.ctes.get(name) if not node.db else None
    if cte is not None:
        query = reference(cte, correlated=parent is not None)
        return aliased(compiler, replace(cte, sql=query), alias, name)
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
        return aliased(compiler, compiler.view(f"{database}.{name}", found), alias, name)
    return _scan(compiler, found, (CATALOG, database, name), alias)


def _scan(compiler: QueryCompiler, source: Source, qualified: tuple[str, ...], alias: exp.TableAlias | None) -> Item:
    table = compiler.fresh("r")
    names = [column.name for column in (alias.args.get("columns") or ())] if alias is not None else []
    qualifier = (alias.name.lower(),) if alias is not None and alias.name else qualified
    if names and len(names) != len(source.columns):
        raise AthenaError("MISMATCHED_COLUMN_ALIASES", "Column alias list and table have different numbers of columns")
    fields = [
        Field(qualifier, names[i] if names else column, Typed(char_padded(f"{table}.{quote(column)}", kind), kind))
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


def table_function(compiler: QueryCompiler, node: exp.Table, parent: Scope | None) -> Item:
    """Compile TABLE(sequence(start, stop[, step])), the only table function here."""
    call = node.this.expressions[0] if node.this.expressions else None
    if str(node.this.this).lower() != "table" or not isinstance(call, exp.Anonymous):
        raise UnsupportedSqlError(f"Table function {node.this.sql('trino')[:100]}")
    if str(call.this).lower() != "sequence":
        raise UnsupportedSqlError(f"Table function {call.this}")
    names = [argument.this.name.lower() for argument in call.expressions if isinstance(argument, exp.PropertyEQ)]
    if names:
        raise UnsupportedSqlError("Named arguments of a table function")
    bounds = [casts.expect(compiler.expression(e, Scope((), parent)), BIGINT, "sequence").sql for e in call.expressions]
    if len(bounds) not in {2, 3}:
        raise AthenaError("MISSING_ARGUMENT", "TABLE(sequence(start, stop[, step])) needs two or three arguments")
    step = bounds[2] if len(bounds) == 3 else f"CASE WHEN {bounds[0]} <= {bounds[1]} THEN 1 ELSE -1 END"  # noqa: PLR2004
    sql = f"SELECT unnest(generate_series({bounds[0]}, {bounds[1]}, {step})) AS c0"
    return aliased(compiler, Relation(sql, (("sequential_number", BIGINT),)), node.args.get("alias"))
