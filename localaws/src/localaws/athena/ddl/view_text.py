"""The text of a view as Athena stores it: printed by a formatter from the parsed query.

The formatter drops comments and the AS of aliases, writes keywords in capitals and every operation in brackets. So a
stored view cannot be compared with the file that created it, here as on AWS.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino

from localaws.athena.sql.parsing import parse

_BASE_GENERATOR: Any = Trino.generator_class


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

    def attimezone_sql(self, expression: exp.AtTimeZone) -> str:
        return f"{self.sql(expression, 'this')} AT TIME ZONE {self.sql(expression, 'zone')}"

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
