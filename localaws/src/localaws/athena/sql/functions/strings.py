"""Functions of strings, binaries and URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.expressions.operators import concat
from localaws.athena.sql.functions.registry import Invocation, declare
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import VARCHAR, array, literal

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler

PAIR = 2
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
    substr(varbinary, bigint) -> varbinary := trino_substr_bytes({0}, {1}, 9223372036854775807)
    substr(varbinary, bigint, bigint) -> varbinary := trino_substr_bytes({0}, {1}, {2})
    strpos(varchar, varchar) -> bigint := strpos({0}, {1})
    strpos(varchar, varchar, bigint) -> bigint := trino_strpos({0}, {1}, {2})
    replace(varchar, varchar) -> varchar := replace({0}, {1}, '')
    replace(varchar, varchar, varchar) -> varchar := trino_replace({0}, {1}, {2})
    lpad(varchar, bigint, varchar) -> varchar := trino_lpad({0}, {1}, {2})
    rpad(varchar, bigint, varchar) -> varchar := trino_rpad({0}, {1}, {2})
    lpad(varbinary, bigint, varbinary) -> varbinary := trino_lpad_bytes({0}, {1}, {2})
    rpad(varbinary, bigint, varbinary) -> varbinary := trino_rpad_bytes({0}, {1}, {2})
    split_part(varchar, varchar, bigint) -> varchar := trino_split_part({0}, {1}, {2})
    split(varchar, varchar, bigint) -> varchars := trino_split_limited({0}, {1}, {2})
    split_to_map(varchar, varchar, varchar) -> varchar_map := trino_split_to_map({0}, {1}, {2})
    split_to_multimap(varchar, varchar, varchar) -> varchars_map := trino_split_to_multimap({0}, {1}, {2})
    starts_with(varchar, varchar) -> boolean := starts_with({0}, {1})
    chr(bigint) -> varchar := trino_chr({0})
    codepoint(varchar) -> integer := trino_codepoint({0})
    translate(varchar, varchar, varchar) -> varchar := trino_translate({0}, {1}, {2})
    levenshtein_distance(varchar, varchar) -> bigint := levenshtein({0}, {1})
    hamming_distance(varchar, varchar) -> bigint := trino_hamming({0}, {1})
    luhn_check(varchar) -> boolean := trino_luhn_check({0})
    soundex(varchar) -> varchar := trino_soundex({0})
    parse_data_size(varchar) -> decimal38 := CAST(trino_parse_data_size({0}) AS DECIMAL(38,0))
    parse_presto_data_size(varchar) -> decimal38 := CAST(trino_parse_data_size({0}) AS DECIMAL(38,0))
    format_number(double) -> varchar := trino_format_number({0})
    to_base(bigint, bigint) -> varchar := trino_to_base({0}, {1})
    from_base(varchar, bigint) -> bigint := trino_from_base({0}, {1})
    uuid() -> uuid := uuid()
    to_utf8(varchar) -> varbinary := encode({0})
    from_utf8(varbinary) -> varchar := trino_from_utf8({0})
    from_utf8(varbinary, varchar) -> varchar := trino_from_utf8_with({0}, {1})
    to_hex(varbinary) -> varchar := hex({0})
    from_hex(varchar) -> varbinary := trino_from_hex({0})
    to_base64(varbinary) -> varchar := trino_to_base64({0})
    from_base64(varchar) -> varbinary := trino_from_base64({0})
    to_base64url(varbinary) -> varchar := trino_to_base64url({0})
    from_base64url(varchar) -> varbinary := trino_from_base64url({0})
    to_base32(varbinary) -> varchar := trino_to_base32({0})
    from_base32(varchar) -> varbinary := trino_from_base32({0})
    to_big_endian_64(bigint) -> varbinary := trino_to_big_endian_64({0})
    to_big_endian_32(integer) -> varbinary := trino_to_big_endian_32({0})
    from_big_endian_64(varbinary) -> bigint := trino_from_big_endian_64({0})
    from_big_endian_32(varbinary) -> integer := trino_from_big_endian_32({0})
    to_ieee754_64(double) -> varbinary := trino_to_ieee754_64({0})
    to_ieee754_32(real) -> varbinary := trino_to_ieee754_32({0})
    from_ieee754_64(varbinary) -> double := trino_from_ieee754_64({0})
    from_ieee754_32(varbinary) -> real := trino_from_ieee754_32({0})
    md5(varbinary) -> varbinary := trino_md5({0})
    sha1(varbinary) -> varbinary := trino_sha1({0})
    sha256(varbinary) -> varbinary := trino_sha256({0})
    sha512(varbinary) -> varbinary := trino_sha512({0})
    hmac_md5(varbinary, varbinary) -> varbinary := trino_hmac_md5({0}, {1})
    hmac_sha1(varbinary, varbinary) -> varbinary := trino_hmac_sha1({0}, {1})
    hmac_sha256(varbinary, varbinary) -> varbinary := trino_hmac_sha256({0}, {1})
    hmac_sha512(varbinary, varbinary) -> varbinary := trino_hmac_sha512({0}, {1})
    crc32(varbinary) -> bigint := trino_crc32({0})
    xxhash64(varbinary) -> varbinary := trino_xxhash64({0})
    murmur3(varbinary) -> varbinary := trino_murmur3({0})
    url_extract_host(varchar) -> varchar := trino_url_host({0})
    url_extract_path(varchar) -> varchar := trino_url_path({0})
    url_extract_protocol(varchar) -> varchar := trino_url_protocol({0})
    url_extract_query(varchar) -> varchar := trino_url_query({0})
    url_extract_fragment(varchar) -> varchar := trino_url_fragment({0})
    url_extract_port(varchar) -> bigint := trino_url_port({0})
    url_extract_parameter(varchar, varchar) -> varchar := trino_url_parameter({0}, {1})
    url_encode(varchar) -> varchar := trino_url_encode({0})
    url_decode(varchar) -> varchar := trino_url_decode({0})
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
    values = call.values()
    if len(values) == PAIR and values[1].type.name == "array":
        separator, parts = (
            casts.expect(v, kind, "concat_ws").sql for v, kind in zip(values, (VARCHAR, array(VARCHAR)), strict=True)
        )
        return Typed(f"trino_concat_ws({separator}, {parts})", VARCHAR)
    texts = [casts.expect(v, VARCHAR, "concat_ws").sql for v in values]
    if len(texts) < PAIR:
        raise call.mismatch(values)
    return Typed(f"CASE WHEN {texts[0]} IS NOT NULL THEN concat_ws({', '.join(texts)}) END", VARCHAR)


def _split(call: Invocation) -> Typed:
    if len(call.nodes) != PAIR:
        return declare(_TABLE)["split"](call)
    text, delimiter = (casts.expect(v, VARCHAR, "split") for v in call.values())
    if delimiter.constant == "":
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", "The delimiter may not be the empty string")
    pieces = f"str_split({text.sql}, {delimiter.sql})"
    if delimiter.constant is None:  # DuckDB takes NULL for no delimiter
        pieces = f"CASE WHEN {delimiter.sql} IS NOT NULL THEN {pieces} END"
    return Typed(pieces, array(VARCHAR))


def _normalize(call: Invocation) -> Typed:
    call.arity(1, 2)
    text = casts.expect(call.value(0), VARCHAR, "normalize")
    form = call.nodes[1].name if len(call.nodes) == PAIR else "NFC"
    return Typed(f"trino_normalize({text.sql}, {literal(form)})", VARCHAR)


def _format(call: Invocation) -> Typed:
    if len(call.nodes) < PAIR:
        raise call.mismatch()
    template, *values = call.values()
    shown = [_shown(value) for value in values]
    kinds = "|".join(value.type.name for value in values)
    return Typed(
        f"trino_format({casts.expect(template, VARCHAR, 'format').sql}, {literal(kinds)}, [{', '.join(shown)}])",
        VARCHAR,
    )


def _shown(value: Typed) -> str:
    """Return SQL of the text that `%s` shows: that of the Java object, which for most types is that of a cast."""
    match value.type.name:
        case "unknown":
            return "CAST(NULL AS VARCHAR)"
        case "double" | "real":
            return f"athena_double_text(CAST({value.sql} AS VARCHAR), CAST({value.sql} AS DOUBLE))"
        case "timestamp" | "timestamp with time zone" | "time":
            raise UnsupportedSqlError(f"format of {value.type}")
    return casts.cast(value, VARCHAR).sql


def _reverse(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value(0)
    if value.type.name == "array":
        return Typed(f"list_reverse({value.sql})", value.type)
    if value.type.name == "varbinary":
        return Typed(f"trino_reverse_bytes({value.sql})", value.type)
    return Typed(f"reverse({casts.expect(value, VARCHAR, 'reverse').sql})", VARCHAR)


HANDLERS: dict[str, Handler] = {
    **declare(_TABLE),
    "substring": declare(_TABLE)["substr"],
    "char_length": declare(_TABLE)["length"],
    "character_length": declare(_TABLE)["length"],
    "concat": _concat,
    "concat_ws": _concat_ws,
    "split": _split,
    "normalize": _normalize,
    "format": _format,
    "reverse": _reverse,
}
