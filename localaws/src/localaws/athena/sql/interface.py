"""The interfaces of the compiler that its parts call, so that none of them imports the compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any

    from sqlglot import exp

    from localaws.athena.dialects import Dialect
    from localaws.athena.sql.scope import Relation, Scope, Typed
    from localaws.athena.sql.tables import Environment, Tables, View

    ExpressionHandler = Callable[["ExpressionCompiler", Any, Scope], Typed]
    """Compiles one kind of syntax node."""


class ExpressionCompiler(Protocol):
    """Compiles expressions of one statement, and the queries and orderings inside them."""

    @property
    def text(self) -> str:
        """The source of the statement, for positions in error messages."""

    @property
    def dialect(self) -> Dialect:
        """How numbers are read: Athena's way or Trino's."""

    @property
    def current_database(self) -> str:
        """The database of names without one."""

    def fresh(self, prefix: str) -> str:
        """Return a name that is used nowhere else in this statement."""
        ...

    def expression(self, node: exp.Expr, scope: Scope) -> Typed:
        """Compile an expression. Raises AthenaError as Trino would."""
        ...

    def condition(self, node: exp.Expr, scope: Scope, context: str) -> Typed:
        """Compile a boolean; `context` names the clause. Raises AthenaError TYPE_MISMATCH for another type."""
        ...

    def ordering(self, node: exp.Order, scope: Scope) -> str:
        """Return the ORDER BY of a window or an aggregate."""
        ...

    def query(self, node: exp.Expr, scope: Scope | None = None) -> Relation:
        """Compile a query; `scope` is that of the enclosing query, for a subquery."""
        ...


class QueryCompiler(ExpressionCompiler, Protocol):
    """Compiles queries of one statement as well: has the tables, and the meaning of table names in this query."""

    environment: Environment

    @property
    def tables(self) -> Tables:
        """The catalog of tables and views."""

    @property
    def views(self) -> list[str]:
        """The views being compiled, outermost first."""

    def view(self, name: str, view: View) -> Relation:
        """Compile a view's stored query in its own database. Raises AthenaError for a view that contains itself."""
        ...

    def within(self, environment: Environment) -> AbstractContextManager[None]:
        """Return a context manager in which table names have the meaning of another environment."""
        ...

    def with_cte(self, name: str, relation: Relation) -> Environment:
        """Return the present environment with one more common table expression."""
        ...
