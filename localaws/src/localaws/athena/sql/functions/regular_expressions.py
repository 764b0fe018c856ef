"""Functions of regular expressions. DuckDB's RE2 runs the patterns that mean the same in Java, Python the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena.sql.expressions import casts
from localaws.athena.sql.functions.registry import Invocation, declare
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BOOLEAN, VARCHAR, array

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler

PAIR = 2
_TABLE = r"""
    regexp_count(varchar, varchar) -> bigint := trino_regexp_count({0}, {1})
    regexp_extract(varchar, varchar) -> varchar := trino_regexp_extract({0}, {1}, 0)
    regexp_extract(varchar, varchar, bigint) -> varchar := trino_regexp_extract({0}, {1}, {2})
    regexp_extract_all(varchar, varchar) -> varchars := trino_regexp_extract_all({0}, {1}, 0)
    regexp_extract_all(varchar, varchar, bigint) -> varchars := trino_regexp_extract_all({0}, {1}, {2})
    regexp_replace(varchar, varchar) -> varchar := trino_regexp_replace({0}, {1}, '')
    regexp_replace(varchar, varchar, varchar) -> varchar := trino_regexp_replace({0}, {1}, {2})
    regexp_split(varchar, varchar) -> varchars := trino_regexp_split({0}, {1})
    regexp_position(varchar, varchar) -> integer := CAST(trino_regexp_position({0}, {1}, 1, 1) AS INTEGER)
    regexp_position(varchar, varchar, bigint) -> integer := CAST(trino_regexp_position({0}, {1}, {2}, 1) AS INTEGER)
    regexp_position(varchar, varchar, bigint, bigint) -> integer := CAST(trino_regexp_position({0}, {1}, {2}, {3}) AS INTEGER)
"""  # noqa: E501 -- one overload a line
_HANDLERS = declare(_TABLE)
# Letters, classes without sets in sets, groups and quantifiers: the same in RE2 and in Java. Not `$`, which in Java
# also matches before a line break at the end.
_SAFE = re.compile(
    r"(?:\(\?i\))?\^?(?:[\w \-/:,;@#%&=!~<>\"'_]|"
    r"\\[dwsDWS.\\/?*+|()\[\]{}^$-]|\[\^?(?:[\w \-.:,/@#%+*?]|\\[dws.\]-])+\]"
    r"|\((?:\?:|(?!\?))|\)|\||[*+?](?![+])|\{\d+(?:,\d*)?\}(?![+])|\.)*",
    re.ASCII,
)


def _regexp_like(call: Invocation) -> Typed:
    call.arity(PAIR)
    text, pattern = (casts.expect(call.value(i), VARCHAR, call.name) for i in (0, 1))
    function = "regexp_matches" if _is_safe(pattern.constant) else "trino_regexp_like"
    return Typed(f"{function}({text.sql}, {pattern.sql})", BOOLEAN)


def _is_safe(pattern: str | None) -> bool:
    if pattern is None or not _SAFE.fullmatch(pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _regexp_replace(call: Invocation) -> Typed:
    if len(call.nodes) > PAIR and type(call.nodes[PAIR]).__name__ == "Lambda":
        return _replace_by_lambda(call)
    return _HANDLERS["regexp_replace"](call)


def _replace_by_lambda(call: Invocation) -> Typed:
    text, pattern = (casts.expect(call.value(i), VARCHAR, call.name) for i in (0, 1))
    item = call.fresh()
    # Each item is a mark, the text before a match, and its groups; the last one has the text after all matches.
    body = casts.expect(call.lambda_body(PAIR, [Typed(f"{item}[3:]", array(VARCHAR))]), VARCHAR, call.name)
    replaced = f"{item}[2] || CASE WHEN {item}[1] = 'match' THEN coalesce({body.sql}, '') ELSE '' END"
    matches = f"trino_regexp_matches({text.sql}, {pattern.sql})"
    return Typed(f"array_to_string(list_transform({matches}, LAMBDA {item} : {replaced}), '')", VARCHAR)


HANDLERS: dict[str, Handler] = {**_HANDLERS, "regexp_like": _regexp_like, "regexp_replace": _regexp_replace}
