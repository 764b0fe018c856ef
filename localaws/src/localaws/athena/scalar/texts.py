"""Functions of text: formats, units, URLs, splitting into maps, normal forms."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import quote_plus, unquote_plus, urlsplit

from localaws.athena.scalar.signature import ScalarError, function, nullable

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def _radix(radix: int) -> int:
    if not 2 <= radix <= 36:  # noqa: PLR2004 -- the digits and letters
        raise ScalarError("Radix must be between 2 and 36")
    return radix


def _to_base(number: int, radix: int) -> str:
    _radix(radix)
    left, text = abs(number), ""
    while left:
        left, digit = divmod(left, radix)
        text = _DIGITS[digit] + text
    return f"{'-' if number < 0 else ''}{text or '0'}"


def _from_base(text: str, radix: int) -> int:
    _radix(radix)
    try:
        value = int(text if re.fullmatch(r"[+-]?[0-9a-zA-Z]+", text) else "", radix)
    except ValueError as error:
        raise ScalarError(f"Not a valid base-{radix} number: {text}") from error
    if not -(2**63) <= value < 2**63:
        raise ScalarError(f"Not a valid base-{radix} number: {text}")
    return value


def _luhn_check(text: str) -> bool:
    if not re.fullmatch(r"[0-9]*", text):
        raise ScalarError("Input contains invalid characters")
    digits = [int(d) for d in reversed(text)]
    total = sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])
    return bool(digits) and total % 10 == 0


def _split_limited(text: str, delimiter: str, limit: int) -> list[str]:
    if limit <= 0:
        raise ScalarError("Limit must be positive")
    if not delimiter:
        raise ScalarError("The delimiter may not be the empty string")
    return text.split(delimiter, limit - 1)


def _entries(text: str, between: str, within: str) -> list[tuple[str, str]]:
    if not between or not within:
        raise ScalarError("The delimiters must not be empty")
    if between == within:
        raise ScalarError("entryDelimiter and keyValueDelimiter must not be the same")
    # A delimiter at the end adds no entry.
    parts = text.split(between)
    parts = parts[:-1] if parts[-1] == "" else parts
    entries = []
    for part in parts:
        if part.count(within) != 1:
            raise ScalarError(f"Key-value delimiter must appear exactly once in each entry. Bad input: '{part}'")
        key, value = part.split(within)
        entries.append((key, value))
    return entries


def _split_to_map(text: str, between: str, within: str) -> dict[str, str]:
    entries = _entries(text, between, within)
    found = dict(entries)
    if len(found) != len(entries):
        keys = [key for key, _ in entries]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ScalarError(f"Duplicate keys ({twice}) are not allowed")
    return found


def _split_to_multimap(text: str, between: str, within: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in _entries(text, between, within):
        found.setdefault(key, []).append(value)
    return found


def _normalize(text: str, form: str) -> str:
    match form.upper():
        case "NFC" | "NFD" | "NFKC" | "NFKD" as known:
            return unicodedata.normalize(known, text)
    raise ScalarError("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")


def _parse_data_size(text: str) -> str:
    matched = re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]+)", text)
    if not matched or matched[2] not in _UNITS:
        raise ScalarError(f"Invalid data size: '{text}'")
    return f"{int(Decimal(matched[1]) * 1024 ** _UNITS.index(matched[2]))}"


_LARGEST_BIGINT = 2**63 - 1


def _format_number(value: float) -> str:
    # Trino cuts fractions off, and rounds the double that is left after divisions, not its decimal notation.
    whole = 0 if math.isnan(value) else int(max(min(value, _LARGEST_BIGINT), -_LARGEST_BIGINT - 1))
    number, unit = float(whole), ""
    for larger in ("K", "M", "B", "T", "Q"):
        if -1000 < number < 1000:  # noqa: PLR2004 -- the next unit
            break
        number, unit = number / 1000, larger
    places = 2 if number < 10 else 1 if number < 100 else 0  # noqa: PLR2004 -- two places for all negative numbers
    text = f"{Decimal(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP):f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{unit}"


def _hamming(left: str, right: str) -> int:
    if len(left) != len(right):
        raise ScalarError("The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(left, right, strict=True))


def _chr(point: int) -> str:
    try:
        return chr(point)
    except (ValueError, OverflowError) as error:
        raise ScalarError(f"Not a valid Unicode code point: {point}") from error


def _codepoint(text: str) -> int:
    if len(text) != 1:
        raise ScalarError("Input string must be a single character string")
    return ord(text)


def _padded(text: str, size: int, pad: str, *, left: bool) -> str:
    if not 0 <= size < 2**31:
        raise ScalarError("Target length must be in the range [0..2147483647]")
    if not pad:
        raise ScalarError("Padding string must not be empty")
    missing = size - len(text)
    if missing <= 0:
        return text[:size]
    filling = (pad * (missing // len(pad) + 1))[:missing]
    return filling + text if left else text + filling


def _replace(text: str, search: str, replacement: str) -> str:
    return text.replace(search, replacement)


def _translate(text: str, source: str, target: str) -> str:
    table: dict[int, str | None] = {}
    for index, letter in enumerate(source):
        table.setdefault(ord(letter), target[index] if index < len(target) else None)
    return text.translate(table)


def _strpos(text: str, part: str, instance: int) -> int:
    if instance == 0:
        raise ScalarError("'instance' must be a positive or negative number.")
    if not part:
        return 1
    found = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        found = text.find(part, found + 1) if instance > 0 else text.rfind(part, 0, max(found + len(part) - 1, 0))
        if found < 0:
            return 0
    return found + 1


def _url(part: str) -> object:
    def extract(url: str) -> str | None:
        if re.search(r"[\s<>\"{}|\\^`]", url):
            return None
        try:
            split = urlsplit(url)
            _ = split.port
        except ValueError:
            return None
        host = re.sub(r"^.*@|:\d*$", "", split.netloc)
        return {
            "host": host or None,
            "path": split.path,
            "protocol": (split.scheme and url[: len(split.scheme)]) or None,
            "query": split.query or None,
            "fragment": split.fragment or None,
        }[part]

    return extract


def _url_port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _url_parameter(url: str, name: str) -> str | None:
    if re.search(r"[\s<>\"{}|\\^`]", url):
        return None
    for part in urlsplit(url).query.split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return unquote_plus(value)
    return None


def _url_encode(text: str) -> str:
    return quote_plus(text, safe="*").replace("~", "%7E")


def _url_decode(text: str) -> str:
    if re.search(r"%(?![0-9a-fA-F]{2})", text):
        raise ScalarError(f"Illegal hex characters in escape (%) pattern: {text!r}")
    return unquote_plus(text)


def _concat_ws(separator: str, parts: list[str | None]) -> str:
    return separator.join(part for part in parts if part is not None)


def _csv_fields(line: str, separator: str, quote: str, escape: str) -> list[str | None]:
    """Return the fields of one line as OpenCSV's parser does; the rest of a line in an open quote is its last field."""
    fields, field, inside, position = [], "", False, 0
    while position < len(line):
        letter, following = line[position], line[position + 1 : position + 2]
        if letter == escape and escape != quote and inside and following in {quote, escape}:
            field += following
            position += 1
        elif letter == quote and inside and following == quote:
            field += quote
            position += 1
        elif letter == quote:
            inside = not inside
        elif letter == separator and not inside:
            fields.append(field)
            field = ""
        else:
            field += letter
        position += 1
    return [*fields, field]


def _split_escaped(text: str, delimiter: str, escape: str) -> list[str]:
    """Return the parts between delimiters without an escape before them; the escapes stay in the parts."""
    parts, begin, position = [], 0, 0
    while position < len(text):
        if text.startswith(escape, position):
            position += 2  # whatever follows is no delimiter
        elif text.startswith(delimiter, position):
            parts.append(text[begin:position])
            begin = position = position + len(delimiter)
        else:
            position += 1
    return [*parts, text[begin:]]


def _unescaped(text: str, escape: str) -> str:
    return re.sub(f"{re.escape(escape)}(.)", r"\1", text, flags=re.DOTALL)


FUNCTIONS = {
    "trino_csv_fields": function(_csv_fields, "VARCHAR, VARCHAR, VARCHAR, VARCHAR", "VARCHAR[]"),
    "trino_split_escaped": function(_split_escaped, "VARCHAR, VARCHAR, VARCHAR", "VARCHAR[]"),
    "trino_unescaped": function(_unescaped, "VARCHAR, VARCHAR", "VARCHAR"),
    "trino_to_base": function(_to_base, "BIGINT, BIGINT", "VARCHAR"),
    "trino_from_base": function(_from_base, "VARCHAR, BIGINT", "BIGINT"),
    "trino_luhn_check": function(_luhn_check, "VARCHAR", "BOOLEAN"),
    "trino_split_limited": function(_split_limited, "VARCHAR, VARCHAR, BIGINT", "VARCHAR[]"),
    "trino_split_to_map": function(_split_to_map, "VARCHAR, VARCHAR, VARCHAR", "MAP(VARCHAR, VARCHAR)"),
    "trino_split_to_multimap": function(_split_to_multimap, "VARCHAR, VARCHAR, VARCHAR", "MAP(VARCHAR, VARCHAR[])"),
    "trino_normalize": function(_normalize, "VARCHAR, VARCHAR", "VARCHAR"),
    "trino_parse_data_size": function(_parse_data_size, "VARCHAR", "VARCHAR"),
    "trino_format_number": function(_format_number, "DOUBLE", "VARCHAR"),
    "trino_hamming": function(_hamming, "VARCHAR, VARCHAR", "BIGINT"),
    "trino_chr": function(_chr, "BIGINT", "VARCHAR"),
    "trino_codepoint": function(_codepoint, "VARCHAR", "INTEGER"),
    "trino_lpad": function(
        lambda text, size, pad: _padded(text, size, pad, left=True), "VARCHAR, BIGINT, VARCHAR", "VARCHAR"
    ),
    "trino_rpad": function(
        lambda text, size, pad: _padded(text, size, pad, left=False), "VARCHAR, BIGINT, VARCHAR", "VARCHAR"
    ),
    "trino_replace": function(_replace, "VARCHAR, VARCHAR, VARCHAR", "VARCHAR"),
    "trino_translate": function(_translate, "VARCHAR, VARCHAR, VARCHAR", "VARCHAR"),
    "trino_strpos": function(_strpos, "VARCHAR, VARCHAR, BIGINT", "BIGINT"),
    **{
        f"trino_url_{part}": nullable(_url(part), "VARCHAR", "VARCHAR")  # type: ignore[arg-type]
        for part in ("host", "path", "protocol", "query", "fragment")
    },
    "trino_url_port": nullable(_url_port, "VARCHAR", "BIGINT"),
    "trino_url_parameter": nullable(_url_parameter, "VARCHAR, VARCHAR", "VARCHAR"),
    "trino_url_encode": function(_url_encode, "VARCHAR", "VARCHAR"),
    "trino_url_decode": function(_url_decode, "VARCHAR", "VARCHAR"),
    "trino_concat_ws": function(_concat_ws, "VARCHAR, VARCHAR[]", "VARCHAR"),
}
