"""The text of a view as Athena stores it: printed by a formatter from the parsed query.

The formatter drops comments and the AS of aliases, writes keywords in capitals and every operation in brackets. So a
stored view cannot be compared with the file that created it, here as on AWS.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino

from localaws.athena.sql.parser.parsing import TYPED_LITERAL, parse

_BASE_GENERATOR: Any = Trino.generator_class
_WORD_SELECT = re.compile(r"^(SELECT(?: DISTINCT)?)\s+")


class _Formatter(_BASE_GENERATOR):  # type: ignore[misc]
    """sqlglot's generator of Trino SQL, with the layout of Trino's SqlFormatter."""

    TRANSFORMS: ClassVar[dict[Any, Any]] = {
        kind: printed for kind, printed in _BASE_GENERATOR.TRANSFORMS.items() if kind is not exp.AtTimeZone
    }

    def binary(self, expression: exp.Binary, op: str) -> str:
        text = str(super().binary(expression, op))
        return text if isinstance(expression, exp.Dot) else f"({text})"

    def alias_sql(self, expression: exp.Alias) -> str:
        alias = self.sql(expression, "alias")
        return f"{self.sql(expression, 'this')} {alias}" if alias else self.sql(expression, "this")

    def cast_sql(self, expression: exp.Cast, safe_prefix: str | None = None) -> str:
        if expression.meta.get(TYPED_LITERAL):  # CAST('1.5' AS DECIMAL) is another number
            word = "DECIMAL" if expression.to.is_type(exp.DType.DECIMAL) else "TIMESTAMP"
            return f"{word} {self.sql(expression, 'this')}"
        return str(super().cast_sql(expression, safe_prefix))

    def attimezone_sql(self, expression: exp.AtTimeZone) -> str:
        return f"{self.sql(expression, 'this')} AT TIME ZONE {self.sql(expression, 'zone')}"

    def ordered_sql(self, expression: exp.Ordered) -> str:
        direction = "DESC" if expression.args.get("desc") else "ASC"
        nulls = " NULLS FIRST" if expression.args.get("nulls_first") else ""  # last in both directions otherwise
        return f"{self.sql(expression, 'this')} {direction}{nulls}"

    def where_sql(self, expression: exp.Where) -> str:
        return f"{self.seg('WHERE')} {self.sql(expression, 'this')}"

    def having_sql(self, expression: exp.Having) -> str:
        return f"{self.seg('HAVING')} {self.sql(expression, 'this')}"

    def from_sql(self, expression: exp.From) -> str:
        return f"{self.seg('FROM')}\n{self.indent(self.sql(expression, 'this'))}"

    def op_expressions(self, op: str, expression: exp.Expr, flat: bool = False) -> str:  # noqa: FBT001, FBT002
        items = self.expressions(expression, flat=True)
        return f"{op} {items}" if flat else f"{self.seg(op)} {items}"

    def expressions(self, expression: exp.Expr | None = None, *arguments: Any, **options: Any) -> str:
        if not isinstance(expression, exp.Select) or arguments or options:
            return str(super().expressions(expression, *arguments, **options))
        return "\n, ".join(self.sql(item) for item in expression.expressions)

    def query_modifiers(self, expression: exp.Expr, *sqls: str) -> str:
        first, *others = sqls
        if isinstance(expression, exp.Select):
            first = _WORD_SELECT.sub(r"\1 " if len(expression.expressions) == 1 else r"\1\n  ", first)
        return str(super().query_modifiers(expression, first, *others))

    def table_sql(self, expression: exp.Table, sep: str = " ") -> str:
        return str(super().table_sql(expression, sep))

    def subquery_sql(self, expression: exp.Subquery, sep: str = " ") -> str:
        return str(super().subquery_sql(expression, sep))

    def escape_sql(self, expression: exp.Escape) -> str:
        like = self.sql(expression, "this").removeprefix("(").removesuffix(")")  # ESCAPE is part of LIKE
        return f"({like} ESCAPE {self.sql(expression, 'expression')})"

    def connector_sql(self, expression: exp.Connector, op: str, stack: Any = None) -> str:
        text = str(super().connector_sql(expression, op, stack))
        inside = stack is not None or isinstance(expression.parent, type(expression))
        return text if inside or not text else f"({text})"


def stored_text(sql: str) -> str:
    """Return the query of a view as Athena stores it. Raises MalformedQueryError for text that is not a query.

    A query that sqlglot prints with another structure is returned as it was sent.
    """
    formatter = _Formatter(pretty=True, comments=False, normalize_functions=False, leading_comma=True)
    text = str(formatter.generate(structure(sql)))
    return text if structure(text) == structure(sql) else sql


def structure(sql: str) -> exp.Expr:
    """Return the syntax tree of a query without its brackets, which its structure makes redundant."""
    whole = exp.Paren(this=parse(sql))
    for bracket in reversed(list(whole.find_all(exp.Paren))):
        if bracket is not whole:
            bracket.replace(bracket.this)
    tree: exp.Expr = whole.this.pop()
    return tree
