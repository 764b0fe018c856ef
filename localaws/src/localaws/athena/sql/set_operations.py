"""UNION, INTERSECT and EXCEPT: the columns take the common types of both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.ordering import ordered_and_limited
from localaws.athena.sql.parser.parsing import refuse_other_clauses
from localaws.athena.sql.scope import Relation, Scope, Typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.athena.sql.interface import QueryCompiler
    from localaws.athena.trino_types import TrinoType


_SET_PARTS = frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"})
_WORDS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


def as_types(relation: Relation, kinds: Sequence[TrinoType | None]) -> str:
    """Return the SQL of a relation with its columns cast to the given types, where they differ."""
    if all(kind == own for kind, (_, own) in zip(kinds, relation.columns, strict=True)):
        return f"({relation.sql})"
    cells = ", ".join(
        f"{casts.coerce(Typed(f'c{i}', own), kind or own).sql} AS c{i}"
        for i, (kind, (_, own)) in enumerate(zip(kinds, relation.columns, strict=True))
    )
    return f"(SELECT {cells} FROM ({relation.sql}))"


def set_operation(compiler: QueryCompiler, node: exp.SetOperation, parent: Scope | None) -> Relation:
    """Compile UNION, INTERSECT or EXCEPT. Raises AthenaError TYPE_MISMATCH when the sides have other columns."""
    refuse_other_clauses(node, _SET_PARTS)
    left, right = compiler.query(node.this, parent), compiler.query(node.expression, parent)
    word = _WORDS[type(node)]
    if len(left.columns) != len(right.columns):
        raise AthenaError(
            "TYPE_MISMATCH", f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
        )
    kinds = [common_type(a, b) for (_, a), (_, b) in zip(left.columns, right.columns, strict=True)]
    for position, kind in enumerate(kinds):
        if kind is None:
            raise AthenaError(
                "TYPE_MISMATCH",
                f"column {position + 1} in {word} query has incompatible types: "
                f"{left.columns[position][1]}, {right.columns[position][1]}",
            )
    all_rows = "" if node.args.get("distinct") else " ALL"
    sql = f"{as_types(left, kinds)} {word}{all_rows} {as_types(right, kinds)}"
    columns = tuple((name, kind or own) for (name, own), kind in zip(left.columns, kinds, strict=True))
    return ordered_and_limited(compiler, node, Relation(sql, columns))
