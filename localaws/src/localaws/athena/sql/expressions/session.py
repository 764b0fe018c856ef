"""What depends on the query's session: the catalog, database and user, and the current time with a precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import MICROS, MILLIS, VARCHAR, TrinoType, literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.athena.sql.interface import ExpressionCompiler, ExpressionHandler

CATALOG = "awsdatacatalog"
ACCOUNT = "000000000000"
WORDS = frozenset({"current_catalog", "current_schema", "current_user", "localtime", "current_time"})
_NOW = "date_trunc('{unit}', now())"


def _moment(name: str, digits: int) -> Typed:
    if digits > MICROS:
        raise UnsupportedSqlError(f"{name}({digits})")
    unit = {0: "second", MILLIS: "millisecond", MICROS: "microsecond"}.get(digits)
    if unit is None:
        raise UnsupportedSqlError(f"{name}({digits})")
    now = _NOW.format(unit=unit)
    match name:
        case "current_timestamp":
            return Typed(now, TrinoType("timestamp with time zone", digits))
        case "localtimestamp":
            return Typed(f"({now} AT TIME ZONE 'UTC')", TrinoType("timestamp", digits))
        case "localtime":
            return Typed(f"CAST({now} AT TIME ZONE 'UTC' AS TIME)", TrinoType("time", digits))
    raise UnsupportedSqlError("current_time, a time with time zone,")


def moment(name: str, arguments: list[exp.Expr]) -> Typed | None:
    """Compile `current_timestamp(6)` and the like; None for another name. Raises AthenaError for other arguments."""
    if name not in {"current_timestamp", "localtimestamp", "localtime", "current_time"}:
        return None
    if len(arguments) != 1 or not isinstance(arguments[0], exp.Literal) or not arguments[0].name.isdigit():
        raise AthenaError("SYNTAX_ERROR", f"mismatched input in {name}. Expecting: a number of digits")
    return _moment(name, int(arguments[0].name))


def is_word(node: exp.Expr) -> bool:
    """Return whether the parser took one of these words for a column: its result has no name, as in Trino."""
    if not isinstance(node, exp.Column) or node.table or node.this.args.get("quoted"):
        return False
    return node.name.lower() in WORDS


def named(compiler: ExpressionCompiler, name: str) -> Typed | None:
    """Compile a word that the parser takes for a column, such as current_schema; None for another name."""
    known: dict[str, Callable[[], Typed]] = {
        "current_catalog": lambda: Typed(literal(CATALOG), VARCHAR),
        "current_schema": lambda: Typed(literal(compiler.current_database), VARCHAR),
        "current_user": lambda: Typed(literal(ACCOUNT), VARCHAR),
        "localtime": lambda: _moment("localtime", MILLIS),
        "current_time": lambda: _moment("current_time", MILLIS),
    }
    return known[name]() if name in known else None


def _word(name: str) -> ExpressionHandler:
    def compile_word(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope) -> Typed:
        del node, scope
        found = named(compiler, name)
        assert found is not None  # noqa: S101 -- the table below has only known words
        return found

    return compile_word


HANDLERS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.CurrentCatalog: _word("current_catalog"),
    exp.CurrentSchema: _word("current_schema"),
    exp.CurrentUser: _word("current_user"),
    exp.Localtime: _word("localtime"),
    exp.CurrentTime: _word("current_time"),
}
