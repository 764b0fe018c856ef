"""Parses the functions of SQL/JSON: JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT and JSON_ARRAY."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

_WORDS = (("EMPTY", "ARRAY"), ("EMPTY", "OBJECT"), ("ERROR",), ("NULL",), ("TRUE",), ("FALSE",), ("UNKNOWN",))


def _conditions(parser: Any) -> exp.OnCondition | None:
    """Parse `… ON EMPTY` and `… ON ERROR`."""
    found: dict[str, Any] = {}
    while (clause := _condition(parser)) is not None:
        found.update(clause)
    return exp.OnCondition(**found) if found else None


def _condition(parser: Any) -> dict[str, Any] | None:
    start = parser._index  # noqa: SLF001 -- a parser hook is part of the parser
    value: Any = None
    if parser._match(TokenType.DEFAULT):  # noqa: SLF001
        value = parser._parse_bitwise()  # noqa: SLF001
    else:
        value = next((" ".join(words) for words in _WORDS if parser._match_text_seq(*words)), None)  # noqa: SLF001
    if value is not None and parser._match_text_seq("ON"):  # noqa: SLF001
        for name in ("EMPTY", "ERROR"):
            if parser._match_text_seq(name):  # noqa: SLF001
                return {name.lower(): value}
    parser._retreat(start)  # noqa: SLF001
    return None


def _input_and_path(parser: Any) -> tuple[exp.Expr, exp.Expr]:
    document = parser._parse_bitwise()  # noqa: SLF001
    if parser._match_text_seq("FORMAT", "JSON"):  # noqa: SLF001
        document = exp.FormatJson(this=document)
    parser._match(TokenType.COMMA)  # noqa: SLF001
    path = parser._parse_bitwise()  # noqa: SLF001
    return document, path


def _value(parser: Any) -> exp.Expr:
    document, path = _input_and_path(parser)
    returning = parser._match_text_seq("RETURNING") and parser._parse_types()  # noqa: SLF001
    return exp.JSONValue(this=document, path=path, returning=returning or None, on_condition=_conditions(parser))


def _query(parser: Any) -> exp.Expr:
    document, path = _input_and_path(parser)
    words, quotes = [], None
    while parser._match_texts(("WITH", "WITHOUT", "CONDITIONAL", "UNCONDITIONAL", "ARRAY", "WRAPPER")):  # noqa: SLF001
        words.append(parser._prev.text.upper())  # noqa: SLF001
    if parser._match_texts(("KEEP", "OMIT")):  # noqa: SLF001
        quotes = exp.JSONExtractQuote(option=parser._prev.text.upper())  # noqa: SLF001
        parser._match_text_seq("QUOTES")  # noqa: SLF001
        parser._match_text_seq("ON", "SCALAR", "STRING")  # noqa: SLF001
    return exp.JSONExtract(
        this=document, expression=path, json_query=True, option=exp.Var(this=" ".join(words)) if words else None,
        quote=quotes, on_condition=_conditions(parser),
    )  # fmt: skip


def _exists(parser: Any) -> exp.Expr:
    document, path = _input_and_path(parser)
    return exp.JSONExists(this=document, path=path, on_condition=_conditions(parser))


def _array(parser: Any) -> exp.Expr:
    values = parser._parse_csv(lambda: parser._parse_format_json(parser._parse_assignment()))  # noqa: SLF001
    handling = parser._parse_on_handling("NULL", "NULL", "ABSENT")  # noqa: SLF001
    return exp.JSONArray(expressions=values, null_handling=handling)


FUNCTION_PARSERS: dict[str, Any] = {
    "JSON_VALUE": _value,
    "JSON_QUERY": _query,
    "JSON_EXISTS": _exists,
    "JSON_OBJECT": lambda parser: parser._parse_json_object(),  # noqa: SLF001
    "JSON_ARRAY": _array,
}
