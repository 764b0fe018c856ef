"""Joda's and MySQL's patterns of dates: their fields, and dates written by them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena.scalar.signature import ScalarError, function

if TYPE_CHECKING:
    import datetime as dt

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MYSQL_PARTS = {
    "a": "E", "b": "N", "c": "M1", "d": "d2", "e": "d1", "f": "f6", "H": "H2", "h": "h2", "I": "h2", "i": "m2",
    "j": "D3", "k": "H1", "l": "h1", "M": "L", "m": "M2", "p": "a", "S": "s2", "s": "s2", "v": "w2", "W": "EL",
    "x": "x4", "Y": "y4", "y": "yy",
}  # fmt: skip
_MYSQL_GROUPS = {"r": "%h:%i:%s %p", "T": "%H:%i:%s"}


def mysql_tokens(pattern: str) -> list[tuple[str, str]]:
    """Return fields and texts of a pattern of MySQL. Raises ScalarError for a letter that Trino refuses."""
    for letter, group in _MYSQL_GROUPS.items():
        pattern = re.sub(rf"(?<!%)((?:%%)*)%{letter}", rf"\1{group}", pattern)
    tokens: list[tuple[str, str]] = []
    for matched in re.finditer(r"%(.?)|[^%]+", pattern, re.DOTALL):
        text, letter = matched[0], matched[1]
        if letter is None:
            tokens.append(("text", text))
        elif letter in _MYSQL_PARTS:
            tokens.append((_MYSQL_PARTS[letter], ""))
        elif letter in {"D", "U", "u", "V", "w", "X"}:
            raise ScalarError(f"%{letter} not supported in date format string")
        else:
            tokens.append(("text", letter or "%"))
    return tokens


_JODA_PARTS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_JODA_NUMBERS = {"y": "y", "Y": "y", "M": "M", "d": "d", "H": "H", "h": "h", "K": "K", "k": "k", "m": "m", "s": "s",
                 "D": "D", "w": "w", "x": "x", "e": "e"}  # fmt: skip
_NAMED = 3


def joda_tokens(pattern: str) -> list[tuple[str, str]]:
    """Return fields and texts of a pattern of Joda. Raises ScalarError for a letter that is missing here."""
    tokens: list[tuple[str, str]] = []
    for matched in _JODA_PARTS.finditer(pattern):
        text, quoted, letter = matched[0], matched[1], matched[2]
        if quoted is not None:
            tokens.append(("text", quoted.replace("''", "'") or "'"))
        elif letter is None:
            tokens.append(("text", text))
        else:
            tokens.append(_joda_field(letter, len(text)))
    return tokens


def _joda_field(letter: str, count: int) -> tuple[str, str]:  # noqa: PLR0911 -- the table of letters
    match letter:
        case "M" if count >= _NAMED:
            return ("L" if count > _NAMED else "N"), ""
        case "E":
            return ("EL" if count > _NAMED else "E"), ""
        case "a" | "G":
            return letter, ""
        case "S":
            return f"f{count}", ""
        case "y" | "Y" | "x" if count == 2:  # noqa: PLR2004 -- two digits mean the year of a century
            return "yy" if letter != "x" else "xx", ""
        case "Z":
            return f"Z{min(count, 3)}", ""
        case "z":
            return "z", ""
        case _ if letter in _JODA_NUMBERS:
            return f"{_JODA_NUMBERS[letter]}{count}", ""
    raise ScalarError(f"Datetime pattern {letter * count} is not supported by the local Athena engine", "NOT_SUPPORTED")


def _written(tokens: list[tuple[str, str]], local: dt.datetime, zone: str, minutes: int) -> str:
    return "".join(text if field == "text" else _field(field, local, zone, minutes) for field, text in tokens)


def _field(field: str, at: dt.datetime, zone: str, minutes: int) -> str:  # noqa: PLR0912, C901, PLR0911 -- the table of letters
    iso = at.isocalendar()
    match field:
        case "E":
            return DAYS[at.weekday()][:3]
        case "EL":
            return DAYS[at.weekday()]
        case "N":
            return MONTHS[at.month - 1][:3]
        case "L":
            return MONTHS[at.month - 1]
        case "a":
            return "AM" if at.hour < 12 else "PM"  # noqa: PLR2004 -- noon
        case "G":
            return "AD"
        case "yy":
            return f"{at.year % 100:02d}"
        case "xx":
            return f"{iso.year % 100:02d}"
        case "Z1" | "Z2":
            sign, colon = "-" if minutes < 0 else "+", ":" if field == "Z2" else ""
            return f"{sign}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"
        case "Z3":
            return zone
        case "z":
            if zone != "UTC":
                raise ScalarError("Datetime pattern z is not supported by the local Athena engine", "NOT_SUPPORTED")
            return "UTC"
    if field[0] == "f":
        return f"{at.microsecond:06d}".ljust(int(field[1:]), "0")[: int(field[1:])]
    numbers = {
        "y": at.year, "M": at.month, "d": at.day, "H": at.hour, "h": (at.hour - 1) % 12 + 1, "K": at.hour % 12,
        "k": at.hour or 24, "m": at.minute, "s": at.second, "D": at.timetuple().tm_yday, "w": iso.week,
        "x": iso.year, "e": iso.weekday,
    }  # fmt: skip
    return f"{numbers[field[0]]:0{int(field[1:])}d}"


FUNCTIONS = {
    "trino_date_format": function(
        lambda at, pattern: _written(mysql_tokens(pattern), at, "UTC", 0), "TIMESTAMP, VARCHAR", "VARCHAR"
    ),
    "trino_format_datetime": function(
        lambda at, pattern, zone, minutes: _written(joda_tokens(pattern), at, zone, minutes),
        "TIMESTAMP, VARCHAR, VARCHAR, BIGINT",
        "VARCHAR",
    ),
}
