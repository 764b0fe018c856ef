"""Compiles a parsed Trino statement to typed DuckDB SQL. One compiler per statement."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from localaws.athena import dialects
from localaws.athena.sql import ordering, queries
from localaws.athena.sql.expressions import handlers, predicates
from localaws.athena.sql.parser.parsing import parse
from localaws.athena.sql.tables import Environment

if TYPE_CHECKING:
    from sqlglot import exp

    from localaws.athena.sql.scope import Relation, Scope, Typed
    from localaws.athena.sql.tables import Tables, View


class Compiler:
    """Compiles one statement. `text` is its source, for positions in error messages."""

    def __init__(
        self, tables: Tables, text: str, database: str = "default", dialect: dialects.Dialect | None = None
    ) -> None:
        self.tables = tables
        self.text = text
        self._dialect = dialect or dialects.configured()
        self.environment = Environment(database)
        self._names = itertools.count()
        self._views: list[str] = []

    @property
    def dialect(self) -> dialects.Dialect:
        """The meaning of numbers with a point."""
        return self.environment.dialect or self._dialect

    @property
    def current_database(self) -> str:
        """The database of names without one."""
        return self.environment.database

    def fresh(self, prefix: str) -> str:
        """Return a name that is used nowhere else in this statement."""
        return f"{prefix}{next(self._names)}"

    def expression(self, node: exp.Expr, scope: Scope) -> Typed:
        """Compile an expression. Raises AthenaError as Trino would."""
        return handlers.compile_expression(self, node, scope)

    def condition(self, node: exp.Expr, scope: Scope, context: str) -> Typed:
        """Compile a boolean; `context` names the clause. Raises AthenaError TYPE_MISMATCH for another type."""
        return predicates.boolean(self, node, scope, context)

    def ordering(self, node: exp.Order, scope: Scope) -> str:
        """Return the ORDER BY of a window or an aggregate: nulls last in both directions, but for NULLS FIRST."""
        return ordering.order_by(self, node, scope, ())

    def query(self, node: exp.Expr, scope: Scope | None = None) -> Relation:
        """Compile a query; `scope` is that of the enclosing query, for a subquery."""
        return queries.compile_query(self, node, scope)

    def view(self, name: str, view: View) -> Relation:
        """Compile a view's stored query in its own database. Raises AthenaError for a view that contains itself."""
        return queries.compile_view(self, name, view)

    def within(self, environment: Environment) -> _Within:
        """Return a context manager in which table names have the meaning of another environment."""
        return _Within(self, environment)

    def with_cte(self, name: str, relation: Relation) -> Environment:
        """Return the present environment with one more common table expression."""
        return replace(self.environment, ctes={**self.environment.ctes, name.lower(): relation})

    @property
    def views(self) -> list[str]:
        """The views being compiled, outermost first."""
        return self._views


class _Within:
    def __init__(self, compiler: Compiler, environment: Environment) -> None:
        self._compiler, self._inner, self._outer = compiler, environment, compiler.environment

    def __enter__(self) -> None:
        self._compiler.environment = self._inner

    def __exit__(self, *_: object) -> None:
        self._compiler.environment = self._outer


def compile_text(
    tables: Tables, sql: str, database: str = "default", dialect: dialects.Dialect | None = None
) -> Relation:
    """Compile one query from its text, in the configured dialect by default. Raises AthenaError."""
    return Compiler(tables, sql, database, dialect).query(parse(sql))
