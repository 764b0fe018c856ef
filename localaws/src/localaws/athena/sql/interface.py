"""What the parts of the compiler ask of each other, so that none of them imports the compiler they are passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any

    from sqlglot import exp

    from localaws.athena.sql.scope import Relation, Scope, Typed
    from localaws.athena.sql.tables import Environment, Tables, View

    ExpressionHandler = Callable[["ExpressionCompiler", Any, Scope], Typed]
    """Compiles one kind of syntax node."""


class ExpressionCompiler(Protocol):
    """Compiles expressions of one statement, and the queries and orderings that stand inside them."""

    @property
    def text(self) -> str:
        """The source of the statement, for positions in error messages."""

    def fresh(self, prefix: str) -> str:
        """Return a name that nothing else in this statement has."""
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
        """Compile a query; a subquery passes the scope around it."""
        ...


class QueryCompiler(ExpressionCompiler, Protocol):
    """Compiles queries of one statement as well: it knows the tables, and what table names mean at this place."""

    environment: Environment

    @property
    def tables(self) -> Tables:
        """Where tables and views are looked up."""

    @property
    def views(self) -> list[str]:
        """The views being compiled, outermost first."""

    def view(self, name: str, view: View) -> Relation:
        """Compile a view's stored query in its own database. Raises AthenaError for a view of itself."""
        ...

    def within(self, environment: Environment) -> AbstractContextManager[None]:
        """Compile with other names, for the body of a `with` statement."""
        ...

    def with_cte(self, name: str, relation: Relation) -> Environment:
        """Return the present environment with one more common table expression."""
        ...
