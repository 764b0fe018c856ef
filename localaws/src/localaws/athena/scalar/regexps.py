"""Regular expressions with lookaround, back references and possessive quantifiers, which DuckDB's RE2 has not.

Trino's are those of Java, and the `regex` package has the same constructs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import regex

from localaws.athena.scalar.signature import ScalarError, function, nullable

if TYPE_CHECKING:
    from collections.abc import Iterator


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """Return the pattern of Java compiled. Raises ScalarError for an invalid one."""
    python = regex.sub(r"(?<!\\)((?:\\\\)*)\\Q(.*?)(?:\\E|$)", lambda m: m[1] + regex.escape(m[2]), pattern)
    python = regex.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", python)
    python = regex.sub(
        r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", regex.sub(r"(?<!\\)((?:\\\\)*)\\Z", r"\1(?=\\n?\\Z)", python)
    )
    python = regex.sub(r"\\h", r"[ \\t]", python)
    try:
        return regex.compile(python, regex.VERSION1 if "&&" in python or "[[" in python else regex.VERSION0)
    except regex.error as error:
        raise ScalarError(f"Invalid regular expression {pattern!r}: {error}") from error


def _group(pattern: Any, group: int) -> int:
    if group < 0:
        raise ScalarError("Group cannot be negative")
    if group > pattern.groups:
        raise ScalarError(f"Pattern has {pattern.groups} groups. Cannot access group {group}")
    return group


def _extract(text: str, pattern: str, group: int) -> str | None:
    matcher = compiled(pattern)
    group = _group(matcher, group)
    found = matcher.search(text)
    return found[group] if found else None


def _extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    matcher = compiled(pattern)
    group = _group(matcher, group)
    return [found[group] for found in matcher.finditer(text)]


def _replacement(template: str, pattern: Any) -> list[str | int]:
    """Return the parts of a replacement of Java: texts, and groups by number. Raises ScalarError for an invalid one."""
    parts: list[str | int] = []
    position = 0
    while position < len(template):
        letter = template[position]
        if letter == "\\":
            if position + 1 == len(template):
                raise ScalarError("Illegal replacement sequence: a backslash at the end")
            parts.append(template[position + 1])
            position += 2
        elif letter == "$":
            group, position = _reference(template, position + 1, pattern)
            parts.append(group)
        else:
            parts.append(letter)
            position += 1
    return parts


def _reference(template: str, position: int, pattern: Any) -> tuple[int, int]:
    named = regex.match(r"\{([A-Za-z]\w*)\}", template, pos=position)
    if named:
        if named[1] not in pattern.groupindex:
            raise ScalarError(f"Illegal replacement sequence: unknown group {{{named[1]}}}")
        return pattern.groupindex[named[1]], named.end()
    first = regex.match(r"[0-9]", template, pos=position)
    if not first:
        raise ScalarError("Illegal replacement sequence: $ without a group")
    group, position = int(first[0]), position + 1
    if group > pattern.groups:
        raise ScalarError(f"Illegal replacement sequence: unknown group {group}")
    while position < len(template) and template[position] in "0123456789":
        longer = group * 10 + int(template[position])
        if longer > pattern.groups:
            break
        group, position = longer, position + 1
    return group, position


def _replace(text: str, pattern: str, template: str) -> str:
    matcher = compiled(pattern)
    parts = _replacement(template, matcher)

    def one(found: Any) -> str:
        return "".join((found[part] or "") if isinstance(part, int) else part for part in parts)

    return str(matcher.sub(one, text))


def _split(text: str, pattern: str) -> list[str]:
    return list(_pieces(text, compiled(pattern)))


def _pieces(text: str, matcher: Any) -> Iterator[str]:
    last = 0
    for found in matcher.finditer(text):
        yield text[last : found.start()]
        last = found.end()
    yield text[last:]


def _position(text: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1:
        raise ScalarError("start position cannot be smaller than 1")
    if occurrence < 1:
        raise ScalarError("occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    for number, found in enumerate(compiled(pattern).finditer(text, start - 1), 1):
        if number == occurrence:
            return int(found.start()) + 1
    return -1


def _matches(text: str, pattern: str) -> list[list[str | None]]:
    """Return for each match `match`, the text before it and its groups; last `end` and the text after them."""
    found: list[list[str | None]] = []
    last = 0
    for match in compiled(pattern).finditer(text):
        found.append(["match", text[last : match.start()], *match.groups()])
        last = match.end()
    return [*found, ["end", text[last:]]]


def _like(text: str, pattern: str, escape: str) -> bool:
    return _like_pattern(pattern, escape).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _like_pattern(pattern: str, escape: str) -> Any:
    if len(escape) != 1:
        raise ScalarError("Escape string must be a single character")
    out, letters = "", iter(pattern)
    for letter in letters:
        if letter == escape:
            following = next(letters, "")
            if following not in {escape, "%", "_"}:
                raise ScalarError("Escape character must be followed by '%', '_' or the escape character itself")
            out += regex.escape(following)
        else:
            out += {"%": ".*", "_": "."}.get(letter, regex.escape(letter))
    return regex.compile(out, regex.DOTALL)


FUNCTIONS = {
    "trino_regexp_like": function(lambda t, p: compiled(p).search(t) is not None, "VARCHAR, VARCHAR", "BOOLEAN"),
    "trino_regexp_count": function(lambda t, p: sum(1 for _ in compiled(p).finditer(t)), "VARCHAR, VARCHAR", "BIGINT"),
    "trino_regexp_extract": nullable(_extract, "VARCHAR, VARCHAR, BIGINT", "VARCHAR"),
    "trino_regexp_extract_all": function(_extract_all, "VARCHAR, VARCHAR, BIGINT", "VARCHAR[]"),
    "trino_regexp_replace": function(_replace, "VARCHAR, VARCHAR, VARCHAR", "VARCHAR"),
    "trino_regexp_split": function(_split, "VARCHAR, VARCHAR", "VARCHAR[]"),
    "trino_regexp_position": function(_position, "VARCHAR, VARCHAR, BIGINT, BIGINT", "BIGINT"),
    "trino_regexp_matches": function(_matches, "VARCHAR, VARCHAR", "VARCHAR[][]"),
    "trino_like": function(_like, "VARCHAR, VARCHAR, VARCHAR", "BOOLEAN"),
}
