"""Dates read from texts by patterns of Joda and MySQL."""

from __future__ import annotations

import datetime as dt
import re

from localaws.athena.scalar.date_formats import DAYS, MONTHS, joda_tokens, mysql_tokens
from localaws.athena.scalar.signature import ScalarError, function

_WIDTHS = {"y": 9, "M": 2, "d": 2, "H": 2, "h": 2, "K": 2, "k": 2, "m": 2, "s": 2, "D": 3, "w": 2, "x": 9, "e": 1}


def _read(text: str, tokens: list[tuple[str, str]], name: str) -> dict[str, int | str]:
    """Return the fields of a text. Raises ScalarError as Joda does when it does not fit the pattern."""
    found: dict[str, int | str] = {}
    position = 0
    for index, (field, literal) in enumerate(tokens):
        adjacent = index + 1 < len(tokens) and tokens[index + 1][0] not in {"text", "E", "EL", "N", "L", "a", "G"}
        end = _read_one(text, position, field, literal, found, adjacent=adjacent)
        if end is None:
            raise ScalarError(f'Invalid format: "{text}"' + (
                f' is malformed at "{text[position:]}"' if 0 < position < len(text) else " is too short"
                if position >= len(text) and position else ""
            ))  # fmt: skip
        position = end
    if position != len(text):
        raise ScalarError(f'Invalid format: "{text}" is malformed at "{text[position:]}"')
    del name
    return found


def _read_one(  # noqa: PLR0913 -- one field of a pattern
    text: str, position: int, field: str, literal: str, found: dict[str, int | str], *, adjacent: bool
) -> int | None:
    rest = text[position:]
    if field == "text":
        return position + len(literal) if rest.lower().startswith(literal.lower()) else None
    names = {"E": DAYS, "EL": DAYS, "N": MONTHS, "L": MONTHS, "a": ("AM", "PM")}.get(field)
    if names is not None:
        return _read_name(rest, position, field, names, found)
    if field in {"Z1", "Z2", "Z3", "z"}:
        matched = re.match(r"[+-]\d{2}:?\d{2}|Z|[A-Za-z]+(?:/[A-Za-z_]+)*", rest)
        if matched:
            found["zone"] = matched[0]
        return position + matched.end() if matched else None
    if field[0] == "f":
        matched = re.match(rf"\d{{1,{max(int(field[1:]), 1)}}}", rest)
        if matched:
            found["f"] = int(matched[0].ljust(6, "0")[:6])
        return position + matched.end() if matched else None
    if field in {"yy", "xx"}:
        return _read_short_year(rest, position, field, found, adjacent=adjacent)
    least, most = int(field[1:]), _WIDTHS[field[0]]
    if adjacent:
        most = max(least, 1) if field[0] in "yx" else most
    sign = "[+-]?" if field[0] == "y" else ""
    matched = re.match(rf"{sign}\d{{1,{most}}}", rest)
    if matched:
        found[field[0]] = int(matched[0])
    return position + matched.end() if matched else None


def _read_name(rest: str, position: int, field: str, names: tuple[str, ...], found: dict[str, int | str]) -> int | None:
    for number, name in enumerate(names, 1):
        for form in (name, name[:3]):
            if rest.lower().startswith(form.lower()):
                found[{"N": "M", "L": "M", "a": "a", "E": "e", "EL": "e"}[field]] = number
                return position + len(form)
    return None


def _read_short_year(
    rest: str, position: int, field: str, found: dict[str, int | str], *, adjacent: bool
) -> int | None:
    matched = re.match(r"\d{2}" if adjacent else r"\d+", rest)
    if not matched:
        return None
    year = int(matched[0])
    # Joda's pivot is 2020 for MySQL's patterns: 70 to 99 are of the last century.
    found[field[0]] = year if len(matched[0]) != 2 else 2000 + year if year < 70 else 1900 + year  # noqa: PLR2004
    return position + matched.end()


def _moment(found: dict[str, int | str]) -> dt.datetime:
    """Return the moment of the fields; what is missing is that of 1970-01-01 00:00. Raises ScalarError out of range."""
    values = {key: value for key, value in found.items() if isinstance(value, int)}
    try:
        day = _day(values)
        return dt.datetime.combine(day, dt.time(_hour(values), values.get("m", 0), values.get("s", 0))) + dt.timedelta(
            microseconds=values.get("f", 0)
        )
    except ValueError as error:
        raise ScalarError(f"Cannot parse a date: {error}") from error


def _day(values: dict[str, int]) -> dt.date:
    year = values.get("y", 1970)
    if "D" in values and "M" not in values:
        return dt.date(year, 1, 1) + dt.timedelta(days=_within(values["D"], 1, 366) - 1)
    if "w" in values or "x" in values:
        return dt.date.fromisocalendar(values.get("x", year), values.get("w", 1), values.get("e", 1))
    return dt.date(year, values.get("M", 1), values.get("d", 1))


def _hour(values: dict[str, int]) -> int:
    if "h" in values or "K" in values:
        half = _within(values["h"], 1, 12) % 12 if "h" in values else _within(values["K"], 0, 11)
        return half + (12 if values.get("a") == 2 else 0)  # noqa: PLR2004 -- PM
    if "k" in values:
        return _within(values["k"], 1, 24) % 24
    return values.get("H", 0)


def _within(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"{value} must be in the range [{low},{high}]")
    return value


def _date_parse(text: str, pattern: str) -> dt.datetime:
    return _moment(_read(text, mysql_tokens(pattern), "date_parse"))


def _parse_datetime(text: str, pattern: str) -> list[str | None]:
    """Return the local time and the zone ("" when the text has none)."""
    found = _read(text, joda_tokens(pattern), "parse_datetime")
    return [_moment(found).isoformat(" "), str(found.get("zone", ""))]


FUNCTIONS = {
    "trino_date_parse": function(_date_parse, "VARCHAR, VARCHAR", "TIMESTAMP"),
    "trino_parse_datetime": function(_parse_datetime, "VARCHAR, VARCHAR", "VARCHAR[]"),
}
