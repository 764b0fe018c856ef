"""Syntax that the parser accepts from other dialects and Trino does not, found in the tokens, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot.tokenizer_core import TokenType

from localaws.athena.errors import MalformedQueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Operators of other dialects, by their text.
_FOREIGN = frozenset(
    {"==", "::", "@", "^", "~", "&", "&&", "|", "<=>", "<<", ">>", ":=", "!", "#", "->>", "**", "//", "`"}
)
_AFTER_COMMA = frozenset({
    TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT,
    TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.COMMA,
    TokenType.SEMICOLON,
})  # fmt: skip
_COUNTS = frozenset({TokenType.NUMBER, TokenType.PLACEHOLDER, TokenType.L_PAREN, TokenType.ALL})
_NEW_QUERY = frozenset({TokenType.SELECT, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.SEMICOLON})


def check(sql: str, tokens: Sequence[Any]) -> None:
    """Raise MalformedQueryError for the first token that Trino's grammar does not allow where it stands."""
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.token_type is not TokenType.STRING and token.text in _FOREIGN and _is_operator(sql, token):
            raise unexpected(sql, token.start, token.text)
        if token.token_type is TokenType.COMMA and (following is None or following.token_type in _AFTER_COMMA):
            where = len(sql) if following is None else following.start
            raise unexpected(sql, where, "<EOF>" if following is None else following.text)
    _check_offset(sql, tokens)


def _is_operator(sql: str, token: Any) -> bool:
    return bool(sql[token.start : token.start + len(token.text)] == token.text)  # not "@" in quotes


def _check_offset(sql: str, tokens: Sequence[Any]) -> None:
    """Raise MalformedQueryError for LIMIT before OFFSET, and for `LIMIT 1, 2`: in Trino OFFSET comes first."""
    limited = [False]
    for index, token in enumerate(tokens):
        following = tokens[index + 1].token_type if index + 1 < len(tokens) else None
        match token.token_type:
            case TokenType.L_PAREN:
                limited.append(False)
            case TokenType.R_PAREN if len(limited) > 1:
                limited.pop()
            case TokenType.LIMIT | TokenType.FETCH if following in _COUNTS or token.token_type is TokenType.FETCH:
                limited[-1] = True
            case TokenType.COMMA if index > 1 and tokens[index - 2].token_type is TokenType.LIMIT:
                raise unexpected(sql, token.start, token.text, "<EOF>")
            case TokenType.OFFSET if limited[-1] and following in _COUNTS:
                raise unexpected(sql, token.start, token.text, "<EOF>")
            case kind if kind in _NEW_QUERY:
                limited[-1] = False


def place(sql: str, offset: int) -> str:
    """Return the place of an offset in a text, like `line 3:8`; both numbers count from 1."""
    before = sql[:offset]
    return f"line {before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


def unexpected(sql: str, offset: int, text: str, expecting: str = "") -> MalformedQueryError:
    """Return the error for a token that does not belong where it stands."""
    hint = f". Expecting: {expecting}" if expecting else ""
    if text == "`":
        message = "backquoted identifiers are not supported; use double quotes to quote identifiers"
        return MalformedQueryError(f"{place(sql, offset)}: {message}")
    return MalformedQueryError(f"{place(sql, offset)}: mismatched input '{text}'{hint}")


def unclosed(sql: str) -> MalformedQueryError:
    """Return the error for a text that cannot be split into tokens: a string, a name or a comment without its end."""
    offset, quote = 0, ""
    while offset < len(sql):
        letter = sql[offset]
        if letter in "'\"":
            end = sql.find(letter, offset + 1)
            if end < 0:
                quote = letter
                break
            offset = end + 1
        elif sql.startswith("--", offset):
            offset = sql.find("\n", offset) if "\n" in sql[offset:] else len(sql)
        elif sql.startswith("/*", offset):
            end = sql.find("*/", offset)
            if end < 0:
                quote = "/*"
                break
            offset = end + 2
        else:
            offset += 1
    return unexpected(sql, offset, quote or "<EOF>")
