"""String, binary, regular-expression and URL functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.expressions.operators import concat
from localaws.athena.sql.functions.registry import Invocation, declare
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, BOOLEAN, VARCHAR, array, literal, map_of

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler

_TABLE = r"""
    length(varchar) -> bigint := length({0})
    length(varbinary) -> bigint := octet_length({0})
    lower(varchar) -> varchar := lower({0})
    upper(varchar) -> varchar := upper({0})
    trim(varchar) -> varchar := trim({0}, trino_spaces())
    ltrim(varchar) -> varchar := ltrim({0}, trino_spaces())
    rtrim(varchar) -> varchar := rtrim({0}, trino_spaces())
    trim(varchar, varchar) -> varchar := trim({0}, {1})
    ltrim(varchar, varchar) -> varchar := ltrim({0}, {1})
    rtrim(varchar, varchar) -> varchar := rtrim({0}, {1})
    substr(varchar, bigint) -> varchar := trino_substr({0}, {1})
    substr(varchar, bigint, bigint) -> varchar := trino_substr_n({0}, {1}, {2})
    strpos(varchar, varchar) -> bigint := strpos({0}, {1})
    strpos(varchar, varchar, bigint) -> bigint := trino_strpos({0}, {1}, {2})
    replace(varchar, varchar) -> varchar := replace({0}, {1}, '')
    replace(varchar, varchar, varchar) -> varchar := trino_replace({0}, {1}, {2})
    lpad(varchar, bigint, varchar) -> varchar := lpad({0}, CAST({1} AS INTEGER), {2})
    rpad(varchar, bigint, varchar) -> varchar := rpad({0}, CAST({1} AS INTEGER), {2})
    split_part(varchar, varchar, bigint) -> varchar := trino_split_part({0}, {1}, {2})
    starts_with(varchar, varchar) -> boolean := starts_with({0}, {1})
    chr(bigint) -> varchar := chr(CAST({0} AS INTEGER))
    codepoint(varchar) -> integer := unicode({0})
    translate(varchar, varchar, varchar) -> varchar := translate({0}, {1}, {2})
    levenshtein_distance(varchar, varchar) -> bigint := levenshtein({0}, {1})
    hamming_distance(varchar, varchar) -> bigint := hamming({0}, {1})
    normalize(varchar) -> varchar := nfc_normalize({0})
    soundex(varchar) -> varchar := trino_soundex({0})
    to_utf8(varchar) -> varbinary := encode({0})
    from_utf8(varbinary) -> varchar := decode({0})
    to_hex(varbinary) -> varchar := hex({0})
    from_hex(varchar) -> varbinary := from_hex({0})
    to_base64(varbinary) -> varchar := to_base64({0})
    from_base64(varchar) -> varbinary := from_base64({0})
    md5(varbinary) -> varbinary := from_hex(md5({0}))
    sha1(varbinary) -> varbinary := from_hex(sha1({0}))
    sha256(varbinary) -> varbinary := from_hex(sha256({0}))
    url_extract_host(varchar) -> varchar := nullif(regexp_extract({0}, '^[a-z+.-]+://(?:[^@/]*@)?([^:/?#]+)', 1), '')
    url_extract_path(varchar) -> varchar := regexp_extract({0}, '^[a-z+.-]+://[^/?#]*([^?#]*)', 1)
    url_extract_protocol(varchar) -> varchar := nullif(regexp_extract({0}, '^([a-z+.-]+)://', 1), '')
    url_extract_parameter(varchar, varchar) -> varchar := trino_url_parameter({0}, {1})
    url_encode(varchar) -> varchar := replace(url_encode({0}), '%20', '+')
    url_decode(varchar) -> varchar := url_decode(replace({0}, '+', ' '))
"""


def _concat(call: Invocation) -> Typed:
    values = call.values()
    if len(values) < 2:  # noqa: PLR2004 -- Trino has no concat of one argument
        raise call.mismatch(values)
    result = values[0]
    for value in values[1:]:
        result = concat(result, value)
    return result


def _concat_ws(call: Invocation) -> Typed:
    parts = [casts.expect(v, VARCHAR, "concat_ws").sql for v in call.values()]
    return Typed(f"CASE WHEN {parts[0]} IS NOT NULL THEN concat_ws({', '.join(parts)}) END", VARCHAR)


def _split(call: Invocation) -> Typed:
    call.arity(2)
    text, delimiter = (casts.expect(v, VARCHAR, "split").sql for v in call.values())
    return Typed(f"str_split({text}, {delimiter})", array(VARCHAR))


def _split_to_map(call: Invocation) -> Typed:
    call.arity(3)
    text, entry, pair = (casts.expect(v, VARCHAR, "split_to_map").sql for v in call.values())
    item = call.fresh()
    entries = (
        f"list_transform(str_split({text}, {entry}), LAMBDA {item} : "
        f"struct_pack(key := split_part({item}, {pair}, 1), value := split_part({item}, {pair}, 2)))"
    )
    return Typed(f"map_from_entries({entries})", map_of(VARCHAR, VARCHAR))


# Patterns that are valid in both Java's and RE2's syntax with different meanings.
_OTHER_IN_RE2 = re.compile(r"&&|\\[ZhHRGX]|\\p\{(?:Is|In|java)|\(\?[a-z]*[xudU]")


def _text_and_pattern(call: Invocation) -> tuple[str, str]:
    text, pattern = (casts.expect(call.value(i), VARCHAR, call.name) for i in (0, 1))
    if pattern.constant is not None and _OTHER_IN_RE2.search(pattern.constant):
        raise UnsupportedSqlError(f"Regular expression {pattern.constant!r}")
    return text.sql, pattern.sql


def _regexp_like(call: Invocation) -> Typed:
    call.arity(2)
    text, pattern = _text_and_pattern(call)
    return Typed(f"regexp_matches({text}, {pattern})", BOOLEAN)


def _regexp_count(call: Invocation) -> Typed:
    call.arity(2)
    text, pattern = _text_and_pattern(call)
    return Typed(f"CAST(len(regexp_extract_all({text}, {pattern})) AS BIGINT)", BIGINT)


def _regexp_extract(call: Invocation) -> Typed:
    call.arity(2, 3)
    text, pattern = _text_and_pattern(call)
    group = _group(call)
    return Typed(f"trino_regexp_extract({text}, {pattern}, {group})", VARCHAR)


def _regexp_extract_all(call: Invocation) -> Typed:
    call.arity(2, 3)
    text, pattern = _text_and_pattern(call)
    return Typed(f"regexp_extract_all({text}, {pattern}, {_group(call)})", array(VARCHAR))


def _group(call: Invocation) -> int:
    return int(call.text(2)) if len(call.nodes) == 3 else 0  # noqa: PLR2004 -- the optional third argument


def _regexp_replace(call: Invocation) -> Typed:
    call.arity(2, 3)
    text, pattern = _text_and_pattern(call)
    replacement = ""
    if len(call.nodes) == 3:  # noqa: PLR2004 -- the optional replacement
        written = call.text(2)
        if re.search(r"\$\{|\\", written):
            raise UnsupportedSqlError("A named group or an escape in the replacement of regexp_replace")
        # Java's $1 is \1 in RE2.
        replacement = re.sub(r"\$(\d)", r"\\\1", written)
    return Typed(f"regexp_replace({text}, {pattern}, {literal(replacement)}, 'g')", VARCHAR)


def _reverse(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value(0)
    if value.type.name == "array":
        return Typed(f"list_reverse({value.sql})", value.type)
    return Typed(f"reverse({casts.expect(value, VARCHAR, 'reverse').sql})", VARCHAR)


HANDLERS: dict[str, Handler] = {
    **declare(_TABLE),
    "substring": declare(_TABLE)["substr"],
    "char_length": declare(_TABLE)["length"],
    "concat": _concat,
    "concat_ws": _concat_ws,
    "split": _split,
    "split_to_map": _split_to_map,
    "regexp_like": _regexp_like,
    "regexp_count": _regexp_count,
    "regexp_extract": _regexp_extract,
    "regexp_extract_all": _regexp_extract_all,
    "regexp_replace": _regexp_replace,
    "reverse": _reverse,
}
