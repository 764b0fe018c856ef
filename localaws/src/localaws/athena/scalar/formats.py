"""Java's Formatter, for format()."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from localaws.athena.scalar.signature import ScalarError, function

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
_NUMBERS = frozenset({"tinyint", "smallint", "integer", "bigint"})
_FRACTIONS = frozenset({"double", "real", "decimal"})


def _formatted(template: str, kinds: str, values: list[str | None]) -> str:
    types = kinds.split("|") if kinds else []
    following = iter(range(len(types)))

    def one(matched: re.Match[str]) -> str:
        index, flags, width, precision, letter = matched.groups()
        if letter == "%":
            return "%".rjust(int(width or 0))
        if letter == "n":
            return "\n"
        at = int(index) - 1 if index else next(following, None)
        if at is None or not 0 <= at < len(types):
            raise ScalarError(f"Invalid format string: {template} (missing argument for %{letter})")
        text = _one(letter, flags, int(precision) if precision else None, types[at], values[at], int(width or 0))
        return text.ljust(int(width or 0)) if "-" in flags else text.rjust(int(width or 0))

    out, end = [], 0
    for matched in _SPECIFIER.finditer(template):
        out += [_plain(template, end, matched.start()), one(matched)]
        end = matched.end()
    return "".join([*out, _plain(template, end, len(template))])


def _plain(template: str, start: int, end: int) -> str:
    text = template[start:end]
    if "%" in text:
        raise ScalarError(f"Invalid format string: {template}")
    return text


def _one(letter: str, flags: str, precision: int | None, kind: str, value: str | None, width: int) -> str:  # noqa: PLR0913, PLR0917, PLR0911 -- one specifier of Java
    match letter:
        case "s" | "S":
            text = ("null" if value is None else value)[:precision]
            return text.upper() if letter == "S" else text
        case "b" | "B":
            text = ("false" if value is None else value if kind == "boolean" else "true")[:precision]
            return text.upper() if letter == "B" else text
    if value is None:
        return "null"
    match letter:
        case "d" if kind in _NUMBERS:
            return _signed(int(value), f"{abs(int(value)):{',' if ',' in flags else ''}d}", flags, width)
        case "x" | "X" | "o" if kind in _NUMBERS:
            text = format(int(value) % 2**64, letter)
            return text.rjust(width, "0") if "0" in flags else text
        case "f" if kind in _FRACTIONS:
            return _fixed(value, 6 if precision is None else precision, flags, width)
        case "e" | "E" if kind in _FRACTIONS:
            number = Decimal(value)
            digits = f"{abs(number):.{6 if precision is None else precision}{letter}}"
            return _signed(number, re.sub(r"([eE][+-])(\d)$", r"\g<1>0\2", digits), flags, width)
        case "c" | "C" if kind in _NUMBERS:
            return chr(int(value))
    if letter in "dxXofeEcCgGaAhHtT" and letter not in "gGaAhHtT":
        raise ScalarError(f"Invalid format string: %{letter} with an argument of type {kind}")
    raise ScalarError(f"format with %{letter} is not supported by the local Athena engine", "NOT_SUPPORTED")


def _fixed(value: str, places: int, flags: str, width: int) -> str:
    if value in {"NaN", "Infinity", "-Infinity"}:
        return value
    number = Decimal(value)
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return _signed(number, f"{abs(rounded):{',' if ',' in flags else ''}.{places}f}", flags, width)


def _signed(number: int | Decimal, digits: str, flags: str, width: int) -> str:
    negative = number < 0
    sign = "-" if negative else "+" if "+" in flags else " " if " " in flags else ""
    if negative and "(" in flags:
        return f"({digits})"
    if "0" in flags:
        digits = digits.rjust(width - len(sign), "0")
    return sign + digits


FUNCTIONS = {"trino_format": function(_formatted, "VARCHAR, VARCHAR, VARCHAR[]", "VARCHAR")}
