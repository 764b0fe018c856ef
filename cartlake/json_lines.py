"""One line of JSON is one object, all of it: the rule as regular expressions, which every engine applies alike.

A line is a row when it is one object, with nothing before or after it but white space, whose keys are columns of the
contract or begin with an underscore, each at most once, and whose values are texts, numbers, true, false or null. All
other lines are malformed: nested values, NaN, unknown keys, several objects, lone surrogates, raw control characters.
A number's text is the one that was written. https://www.rfc-editor.org/rfc/rfc8259

Parsers differ in all of this: they take NaN, the first or the last of two equal keys, the first of two objects; they
write 1.10 as 1.1, and 1e400 as infinity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPACE: Final = r"[ \t\r]*+"
_HEX: Final = "[0-9a-fA-F]"
_ESCAPE: Final = (
    rf'\\(?:["\\/bfnrt]|u(?:[0-9abcefABCEF]{_HEX}{{3}}|[dD][0-7]{_HEX}{{2}}'
    rf"|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
_PLAIN: Final = r'[^"\\\x00-\x1f]*+'
_STRING: Final = f'"{_PLAIN}(?:{_ESCAPE}{_PLAIN})*+"'
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*+)(?:[.][0-9]++)?+(?:[eE][-+]?[0-9]++)?+"
_VALUE: Final = f"(?:{_STRING}|{_NUMBER}|true|false|null)"

NOT_BLANK: Final = r"[^\x00-\x20]"
"""Matches a line that is not blank."""

NUMBERS: Final = r'([A-Za-z0-9_]"[ \t\r]*:[ \t\r]*)(-?[0-9][-+.0-9eE]*)'
"""Matches each number of a well-formed line, after the end of its key: a quote inside a text has a backslash before it.

Put into quotes, numbers are texts, which no parser rounds.
"""


def row_pattern(names: Iterable[str], *, possessive: bool = True) -> str:
    """Return a pattern that matches a whole line that is one row, but for keys that are repeated.

    Possessive quantifiers keep Java from recursing for each character; RE2, which needs none, does not know them.
    """
    keys = "|".join(re.escape(name) for name in names)
    pair = f'"(?:{keys}|_[A-Za-z0-9_]*+)"{_SPACE}:{_SPACE}{_VALUE}{_SPACE}'
    pattern = rf"\A{_SPACE}\{{{_SPACE}(?:(?:{pair},{_SPACE})*+{pair})?+\}}{_SPACE}\z"
    return pattern if possessive else re.sub(r"([*+?])\+(?!\])", r"\1", pattern)


def key_pattern(name: str) -> str:
    """Return a pattern that matches a key of a well-formed line, and `key_replacement` replaces it.

    A key follows a brace or a comma, and a quote inside a text has a backslash before it: no text is matched. `name`
    has no quote, backslash or control character. Letters beyond ASCII may be written as escapes, and a slash too.
    """
    return rf'([{{,][ \t\r]*)"{"".join(map(_letter, name))}"([ \t\r]*:)'


def _letter(letter: str) -> str:
    if letter == "/":
        return r"\\?/"
    if letter.isascii():
        return re.escape(letter)
    units = letter.encode("utf-16-be").hex()
    escaped = "".join(
        r"\\u"
        + "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in units[start : start + 4])
        for start in range(0, len(units), 4)
    )
    return f"(?:{letter}|{escaped})"


def key_replacement(name: str, group: str) -> str:
    """Return what replaces a match of `key_pattern`. `group` is the engine's mark of a group: a backslash or `$`."""
    return f'{group}1"{name}"{group}2'
