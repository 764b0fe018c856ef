"""ORDER BY, LIMIT and OFFSET: nulls last unless the query says otherwise, as in Trino."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.parser.parsing import position
from localaws.athena.sql.scope import Field, Relation, Scope, Typed
from localaws.athena.trino_types import BIGINT, TrinoType

if TYPE_CHECKING:
    from localaws.athena.sql.interface import QueryCompiler


def ordered_and_limited(compiler: QueryCompiler, node: exp.Expr, inner: Relation) -> Relation:
    """Return the relation with ORDER BY, OFFSET and LIMIT of its query, which refer to its output columns only."""
    if not any(node.args.get(part) for part in ("order", "limit", "offset")):
        return inner
    outputs = [Typed(f"c{i}", kind) for i, (_, kind) in enumerate(inner.columns)]
    fields = [Field((), name, value) for (name, _), value in zip(inner.columns, outputs, strict=True)]
    order = ""
    if node.args.get("order") is not None:
        order = " " + order_by(compiler, node.args["order"], Scope(fields), tuple(inner.columns))
    return replace(inner, sql=f"SELECT * FROM ({inner.sql}){order}{limits(compiler, node)}")


def ordinal(item: exp.Literal, count: int, clause: str) -> int:
    """Return the index from 0 of a column that is named by its position. Raises AthenaError when there is none."""
    position = int(item.name) if item.name.isdigit() else 0
    if not 1 <= position <= count:
        raise AthenaError("INVALID_COLUMN_REFERENCE", f"{clause} position {item.name} is not in select list")
    return position - 1


def order_by(
    compiler: QueryCompiler, order: exp.Order, scope: Scope, outputs: tuple[tuple[str, TrinoType], ...]
) -> str:
    """Return ORDER BY with nulls last, as in Trino. `outputs` are the columns to which ordinals and names may refer."""
    terms = []
    for item in order.expressions:
        direction = "DESC" if item.args.get("desc") else "ASC"
        nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
        terms.append(f"{_order_key(compiler, item.this, scope, outputs)} {direction} NULLS {nulls}")
    return f"ORDER BY {', '.join(terms)}"


def _order_key(compiler: QueryCompiler, key: exp.Expr, scope: Scope, outputs: tuple[tuple[str, TrinoType], ...]) -> str:
    if outputs and isinstance(key, exp.Literal) and not key.is_string:
        return str(ordinal(key, len(outputs), "ORDER BY") + 1)
    if outputs and isinstance(key, exp.Column) and len(key.parts) == 1:
        named = [i for i, (name, _) in enumerate(outputs) if name.lower() == key.name.lower()]
        if len(named) == 1:
            return str(named[0] + 1)
    value = compiler.expression(key, scope)
    # DuckDB would take a bare number for the position of a column.
    return (
        f"({value.sql} + 0)" if value.constant is not None and value.type.name in {"integer", "bigint"} else value.sql
    )


def check_order_of_distinct(
    compiler: QueryCompiler, order: exp.Order, scope: Scope, outputs: list[tuple[str, Typed]]
) -> None:
    """Raise AthenaError when SELECT DISTINCT is ordered by what is not in its select list."""
    names, texts = {name.lower() for name, _ in outputs}, {value.sql for _, value in outputs}
    for item in order.expressions:
        key = item.this
        if isinstance(key, exp.Literal) or (isinstance(key, exp.Column) and key.sql("trino").lower() in names):
            continue
        if compiler.expression(key, scope).sql not in texts:
            raise AthenaError(
                "EXPRESSION_NOT_IN_DISTINCT",
                f"{position(key, compiler.text)}: For SELECT DISTINCT, ORDER BY expressions must appear in select list",
            )


def limits(compiler: QueryCompiler, node: exp.Expr) -> str:
    """Return LIMIT and OFFSET of a query, with a space before each; "" without them. Raises AthenaError."""
    text, limit, offset = "", node.args.get("limit"), node.args.get("offset")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            raise UnsupportedSqlError("FETCH … WITH TIES here")
        text += f" LIMIT {count(compiler, limit.args.get('count') or exp.Literal.number(1))}"
    elif limit is not None and limit.expression.name.upper() != "ALL":
        text += f" LIMIT {count(compiler, limit.expression)}"
    if offset is not None:
        text += f" OFFSET {count(compiler, offset.expression)}"
    return text


def count(compiler: QueryCompiler, node: exp.Expr) -> str:
    """Return the SQL of a number of rows. Raises AthenaError SYNTAX_ERROR unless it is a constant."""
    value = compiler.expression(node, Scope())
    if value.constant is None or not value.constant.isdigit():
        raise AthenaError("SYNTAX_ERROR", f"mismatched input '{node.sql('trino')}'. Expecting: a row count")
    return casts.coerce(value, BIGINT).sql
