r"""Translates the patterns of service models, which are Java's, to those of the `regex` package.

Java's text is UTF-16, so patterns have ranges of surrogates for characters beyond U+FFFF; Python's text has the
characters themselves. `\w`, `\d`, `\s` and the POSIX classes mean ASCII in Java.
"""

from __future__ import annotations

import functools
import re
import warnings
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Callable

HYPHEN, END_OF_CLASS = "-", "]"
SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"
BEYOND_U_FFFF = r"\U00010000-\U0010FFFF"

# The characters of each of Java's classes, as the inside of a bracketed class.
JAVA_CLASSES = {
    r"\d": "0-9",
    r"\s": r" \t\n\x0B\f\r",
    r"\w": "a-zA-Z0-9_",
    r"\p{ASCII}": r"\x00-\x7F",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{Alpha}": "a-zA-Z",
    r"\p{Blank}": r" \t",
    r"\p{Cntrl}": r"\x00-\x1F\x7F",
    r"\p{Digit}": "0-9",
    r"\p{Graph}": r"\x21-\x7E",
    r"\p{Print}": r"\x20-\x7E",
    r"\p{Punct}": r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
    r"\p{Upper}": "A-Z",
    r"\p{XDigit}": "0-9a-fA-F",
    r"\p{all}": r"\x00-\U0010FFFF",
}
JAVA_ESCAPES = {r"\z": r"\Z", r"\p{IsWhitespace}": r"\p{White_Space}", r"\p{IsAlphabetic}": r"\p{Alphabetic}"}

UNTRANSLATED: dict[str, str] = {
    r"^(\p{LD}|\p{Punct}| )+$": "`regex` has no class LD (letters and digits)",
    r"^arn:\S+:rbin:[a-z\-0-9]{0,63}:[0-9]{12}:rule/[0-9a-zA-Z]{11}{0,1011}$": "a quantifier of a quantifier",
}
"""Patterns that are not checked, each with the reason."""

_TOKEN = re.compile(r"\\[pP]\{\w+\}|\\x\{[0-9A-Fa-f]+\}|\\.|\[\^?|.", re.DOTALL)


def translate(pattern: str) -> str:
    """Return the pattern of `regex` that matches the same texts as a pattern of Java."""
    translated, in_class, before = [], False, ""
    for token in _TOKEN.findall(pattern.replace(SURROGATES, BEYOND_U_FFFF)):
        # After a class a hyphen does not begin a range: `[\w-.]` contains a hyphen.
        literal = token == HYPHEN and in_class and before in JAVA_CLASSES
        translated.append(r"\-" if literal else _translate_token(token, in_class=in_class))
        in_class = token != END_OF_CLASS if in_class else token.startswith("[")
        before = token
    return "".join(translated)


def _translate_token(token: str, *, in_class: bool) -> str:
    if token in JAVA_CLASSES:
        return JAVA_CLASSES[token] if in_class else f"[{JAVA_CLASSES[token]}]"
    if token.startswith(r"\x{"):
        return rf"\U{int(token[3:-1], 16):08X}"
    return JAVA_ESCAPES.get(token, token)


@functools.cache
def matcher(pattern: str) -> Callable[[str], object] | None:
    """Return a function that tests whether a whole text matches, as Java's `matches`; None for an untranslated pattern.

    Raises `regex.error` for a pattern that neither compiles nor is listed in UNTRANSLATED.
    """
    if pattern in UNTRANSLATED:
        return None
    version = regex.V1 if "&&[" in pattern else regex.V0  # only V1 has the intersection of classes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about a "[" within a class, which both engines take literally
        matches: Callable[[str], object] = regex.compile(translate(pattern), version).fullmatch
    return matches
