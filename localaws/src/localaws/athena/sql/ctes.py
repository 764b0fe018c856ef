"""WITH: common table expressions, recursive ones included."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.parser.parsing import refuse_other_clauses
from localaws.athena.sql.set_operations import as_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.athena.sql.interface import QueryCompiler
    from localaws.athena.sql.scope import Relation, Scope


_REFERENCE = re.compile(r"\(SELECT \* FROM (cte\d+)\)")


def with_clause(compiler: QueryCompiler, node: exp.Expr, clause: exp.With, parent: Scope | None) -> Relation:
    """Compile a query with its WITH clause. Raises AthenaError as Trino would."""
    refuse_other_clauses(clause, frozenset({"expressions", "recursive"}))
    outer = compiler.environment
    definitions = []
    try:
        for cte in clause.expressions:
            name, sql, relation = _cte(compiler, cte, parent, recursive=bool(clause.args.get("recursive")))
            definitions.append(sql)
            compiler.environment = compiler.with_cte(name, relation)
        inner = node.copy()
        inner.set("with_", None)
        body = compiler.query(inner, parent)
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
    definition = _expanded(compiler, relation.sql)
    # As in Trino, the expression is inlined: else a filter outside it would not limit the files that are read.
    return (
        name,
        f"{table} AS NOT MATERIALIZED ({relation.sql})",
        renamed(replace(relation, sql=table, definition=definition), aliases),
    )


def reference(cte: Relation, *, correlated: bool) -> str:
    """Return the query that reads a common table expression.

    In a subquery of an expression it is the definition itself: DuckDB takes every subquery that reads a common table
    expression for a correlated one, and evaluates its LIMIT once for each row of the outer query.
    """
    return cte.definition if correlated and cte.definition else f"SELECT * FROM {cte.sql}"


def _expanded(compiler: QueryCompiler, sql: str) -> str:
    known = {cte.sql: cte.definition for cte in compiler.environment.ctes.values() if cte.definition}
    return _REFERENCE.sub(lambda found: f"({known[found[1]]})" if found[1] in known else found[0], sql)


def _mentions(node: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name.lower() and not table.db for table in node.find_all(exp.Table))


def _recursive(  # noqa: PLR0913, PLR0917 -- all of what a recursive definition is made of
    compiler: QueryCompiler, node: exp.Union, name: str, table: str, aliases: list[str], parent: Scope | None
) -> Relation:
    refuse_other_clauses(node, frozenset({"this", "expression", "distinct"}))
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
