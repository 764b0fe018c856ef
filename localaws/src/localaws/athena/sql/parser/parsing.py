"""Parses Athena SQL to a syntax tree. Function calls keep the names and arguments that are written."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.athena import Athena
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import TokenType

from localaws.athena.errors import AthenaError, MalformedQueryError, UnsupportedSqlError
from localaws.athena.sql.parser import json_syntax, syntax

_SPECIAL_SYNTAX = frozenset({"CAST", "TRY_CAST", "EXTRACT", "POSITION", "TRIM", "SUBSTRING", "LISTAGG"})
TYPED_LITERAL = "typed_literal"
_BASE_PARSER: Any = Trino.parser_class


def _placeholder(parser: Any) -> exp.Placeholder:
    node = exp.Placeholder()
    node.update_positions(parser._prev)  # noqa: SLF001 -- a parser hook is part of the parser
    return node


def _typed_literal(parser: Any, text: exp.Expr, to: exp.DataType) -> exp.Expr:
    """Return DECIMAL '1.5' or TIMESTAMP '…', whose digits decide its type: CAST('1.5' AS DECIMAL) is another value."""
    node: exp.Expr = parser.expression(exp.Cast(this=text, to=to))
    node.meta[TYPED_LITERAL] = True
    return node


class _TrinoAsWritten(Trino):
    """Trino's grammar without sqlglot's canonical functions, which lose the difference between dialects."""

    INDEX_OFFSET = 0

    class Parser(_BASE_PARSER):  # type: ignore[misc]
        FUNCTIONS: ClassVar[dict[str, Any]] = {}  # every call stays an exp.Anonymous with its own name
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            **{name: parse for name, parse in _BASE_PARSER.FUNCTION_PARSERS.items() if name in _SPECIAL_SYNTAX},
            **json_syntax.FUNCTION_PARSERS,
        }
        TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Any]] = {
            **_BASE_PARSER.TYPE_LITERAL_PARSERS,
            **dict.fromkeys((exp.DType.DECIMAL, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ), _typed_literal),
        }
        PLACEHOLDER_PARSERS: ClassVar[dict[Any, Any]] = {
            **_BASE_PARSER.PLACEHOLDER_PARSERS,
            TokenType.PLACEHOLDER: _placeholder,
        }


_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_DML = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "UNLOAD", "EXECUTE"})
_DDL = frozenset({"CREATE", "DROP", "ALTER", "MSCK"})


def bare(sql: str) -> str:
    """Return the statement without comments before it and without its closing semicolon."""
    text = sql.strip()
    while matched := _COMMENT.match(text):
        text = text[matched.end() :].lstrip()
    return re.sub(r"[;\s]+$", "", text)


def statement_type(sql: str) -> str:
    """Return Athena's StatementType: DML, DDL or UTILITY."""
    first = first_word(sql)
    return "DML" if first in _DML else "DDL" if first in _DDL else "UTILITY"


def first_word(sql: str) -> str:
    """Return the statement's first word in capitals, without parentheses before it; "" when there is none."""
    matched = re.match(r"[(\s]*([A-Za-z]+)", bare(sql))
    return matched[1].upper() if matched else ""


def parse(sql: str) -> exp.Expr:
    """Parse one Trino statement. Raises MalformedQueryError with the position of the error."""
    if (table := _TABLE.fullmatch(sql)) is not None:
        sql = f"SELECT * FROM {table['name']}"
    return _parse(sql, _TrinoAsWritten)


def parse_ddl(sql: str) -> exp.Expr:
    """Parse one of Athena's Hive-style statements (CREATE TABLE, ALTER TABLE). Raises MalformedQueryError."""
    return _parse(sql, Athena)


def _parse(sql: str, dialect: type[Any]) -> exp.Expr:
    sql = _HEX.sub(lambda found: f"X'{re.sub(r'[ ]', '', found[1])}'".ljust(len(found[0])), sql)
    try:
        if dialect is _TrinoAsWritten:
            syntax.check(sql, dialect().tokenize(sql))
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    except ParseError as error:
        raise _malformed(sql, error.errors[0] if error.errors else {}) from error
    except TokenError as error:
        raise syntax.unclosed(sql) from error
    if len(trees) != 1:
        raise MalformedQueryError("Only one sql statement is allowed")
    return trees[0]


def _malformed(sql: str, first: dict[str, Any]) -> MalformedQueryError:
    """Return the parser's error with its place: that of the token, or the end where the statement stops too early."""
    lines = sql.split("\n")
    line, end, token = int(first.get("line") or 1), int(first.get("col") or 1), str(first.get("highlight") or "")
    offset = sum(len(text) + 1 for text in lines[: line - 1]) + end
    # The parser names the token that does not fit, or the last one where the statement stops too early.
    stops_early = "missing" in str(first.get("description")) or "Expecting" in str(first.get("description"))
    if stops_early and not sql[offset:].strip():
        return syntax.unexpected(sql, len(sql), "<EOF>")
    return syntax.unexpected(sql, max(offset - len(token), 0), token or "<EOF>")


_TABLE = re.compile(r"\s*TABLE\s+(?P<name>[\w.\"$-]+)\s*", re.IGNORECASE)
_HEX = re.compile(r"(?<![\w'])[xX]'([0-9a-fA-F ]*)'")


def bind(tree: exp.Expr, values: list[str]) -> exp.Expr:
    """Return the tree with each `?` replaced by its constant expression, in order of appearance.

    The values are parsed, never pasted into text, and may not name columns or hold queries.
    Raises AthenaError when their number differs from the number of `?`.
    """
    # Trino counts parameters in the text, and the tree has another order (LIMIT comes before WHERE).
    placeholders = sorted(tree.find_all(exp.Placeholder), key=_offset)
    if len(placeholders) != len(values):
        raise AthenaError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {len(placeholders)} but found {len(values)}",
        )
    for placeholder, value in zip(placeholders, values, strict=True):
        replacement = exp.Paren(this=_constant(value))
        if placeholder is tree:
            return replacement
        placeholder.replace(replacement)
    return tree


def _offset(node: exp.Expr) -> int:
    return int(node.meta.get("start", 0))


def _constant(value: str) -> exp.Expr:
    tree = parse(f"SELECT {value}")
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or tree.args.get("from_"):
        raise AthenaError("INVALID_PARAMETER_USAGE", f"Parameter is not a constant: {value}")
    constant: exp.Expr = tree.expressions[0]
    for forbidden in constant.walk():
        if isinstance(forbidden, exp.Column):
            raise AthenaError("COLUMN_NOT_FOUND", f"Constant expression cannot contain column references: {value}")
        if isinstance(forbidden, (exp.Query, exp.Placeholder, exp.Star, exp.Alias)):
            raise AthenaError("INVALID_PARAMETER_USAGE", f"Parameter is not a constant: {value}")
    return constant


def parameter(value: str) -> str:
    """Return an execution parameter as a constant: a text that is no constant is a string, as on Athena.

    Athena takes both `'Washington'` and `Washington` for a string. A query is returned as it is, and refused by `bind`.
    """
    try:
        _constant(value)
    except AthenaError:
        return value if value.startswith("'") or _holds_query(value) else exp.Literal.string(value).sql("trino")
    return value


def _holds_query(value: str) -> bool:
    try:
        return len(list(parse(f"SELECT {value}").find_all(exp.Query))) > 1
    except MalformedQueryError:
        return False


def position(node: exp.Expr, sql: str) -> str:
    """Return the position of a node in the text, like `line 3:8`. sqlglot keeps it for identifiers only."""
    starts = [int(n.meta["start"]) for n in node.find_all(exp.Identifier) if "start" in n.meta]
    offset = min(starts, default=0)
    return syntax.place(sql, offset)


# Clauses that the parser knows from other dialects, by its name for them.
_FOREIGN_CLAUSES = {
    "qualify": "QUALIFY", "cluster": "CLUSTER", "distribute": "DISTRIBUTE", "sort": "SORT", "prewhere": "PREWHERE",
    "into": "INTO", "locks": "FOR", "hint": "/*+", "kind": "AS", "settings": "SETTINGS", "format": "FORMAT",
    "options": "OPTION", "connect": "CONNECT", "laterals": "LATERAL VIEW", "pivots": "PIVOT",
    "operation_modifiers": "STRAIGHT_JOIN", "totals": "TOTALS",
}  # fmt: skip


def refuse_other_arguments(node: exp.Expr, *known: str) -> None:
    """Refuse syntax of an expression that the parser accepts and the compiler would drop.

    Raises UnsupportedSqlError, which names the first argument that is not in `known`.
    """
    for name, value in node.args.items():
        if value and name not in {*known, "is_literal"}:
            raise UnsupportedSqlError(f"{name.strip('_').upper()} in {node.sql('trino')[:200]}")


def refuse_other_clauses(node: exp.Expr, known: frozenset[str]) -> None:
    """Refuse clauses of a query that the parser accepts and the compiler would drop.

    Raises UnsupportedSqlError, which names the first clause that is not in `known`.
    """
    for name, value in node.args.items():
        if value and name not in known:
            word = name.strip("_").upper().replace("MATCH", "MATCH_RECOGNIZE")
            if name in _FOREIGN_CLAUSES:
                raise AthenaError("SYNTAX_ERROR", f"mismatched input '{_FOREIGN_CLAUSES[name]}'")
            raise UnsupportedSqlError(word)
