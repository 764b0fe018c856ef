"""Partition projection: partitions that a table's properties describe, instead of the Glue catalog.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html

Athena computes the partitions and lists each folder. Here the files below the table are listed once, and those in the
folder of a projected partition are read, which gives the same rows.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?", re.IGNORECASE)
_SECONDS = {"WEEK": 604_800, "DAY": 86_400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_MONTHS = {"YEAR": 12, "MONTH": 1}
# Date patterns of Java, longest first, and of Python.
_DATE_PATTERNS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


@dataclass(frozen=True)
class Projection:
    """`template` is a location with `${key}` in it; `accepts` tests, by key, whether a value is projected."""

    template: str
    keys: Sequence[str]
    accepts: Mapping[str, Callable[[str], bool]]

    @property
    def root(self) -> str:
        """The common parent folder of all projected partitions."""
        return _VARIABLE.split(self.template, maxsplit=1)[0].rpartition("/")[0]

    def partitions(self, files: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
        """Return those of the files under `root` that are in a projected partition, by the partition's values."""
        pattern = "".join(
            f"(?P<{part}>[^/]+)" if position % 2 else re.escape(part)
            for position, part in enumerate(_VARIABLE.split(self.template.rstrip("/")))
        )
        folder = re.compile(f"{pattern}/")
        found: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for file in files:
            matched = folder.match(file)
            if matched is not None and all(self.accepts[key](matched[key]) for key in self.keys):
                found[tuple(matched[key] for key in self.keys)].append(file)
        return dict(found)


def projection_of(
    properties: Mapping[str, str], keys: Sequence[str], location: str, now: dt.datetime
) -> Projection | None:
    """Return the projection that a table's properties describe; None without `projection.enabled`.

    Raises AthenaError INVALID_TABLE_PROPERTY for a missing or invalid property of a key, UnsupportedSqlError for type
    injected and for date formats other than those of numbers.
    """
    if properties.get("projection.enabled", "").lower() != "true":
        return None
    default = f"{location.rstrip('/')}/{'/'.join(f'{key}=${{{key}}}' for key in keys)}/"
    accepts = {key: _accepts(key, properties, now) for key in keys}
    return Projection(properties.get("storage.location.template", default), keys, accepts)


def _accepts(key: str, properties: Mapping[str, str], now: dt.datetime) -> Callable[[str], bool]:
    options = {name.removeprefix(f"projection.{key}."): value for name, value in properties.items()}
    match options.get("type", "").lower():
        case "enum":
            values = frozenset(value.strip() for value in options.get("values", "").split(","))
            return values.__contains__
        case "integer":
            return _integers(key, options)
        case "date":
            return _dates(key, options, now)
        case "injected":
            raise UnsupportedSqlError(f"Partition projection of type injected ({key})")
    raise AthenaError("INVALID_TABLE_PROPERTY", f"projection.{key}.type must be enum, integer, date or injected")


def _integers(key: str, options: Mapping[str, str]) -> Callable[[str], bool]:
    first, last = (_integer(key, "range", value) for value in _range(key, options))
    step = _integer(key, "interval", options.get("interval", "1"))
    digits = _integer(key, "digits", options.get("digits", "0"))
    if step < 1:
        raise _invalid(key, "interval", str(step), "a number of 1 or more")

    def accepts(text: str) -> bool:
        if re.fullmatch(r"-?\d+", text) is None:
            return False
        value = int(text)
        return first <= value <= last and (value - first) % step == 0 and text == f"{value:0{digits}d}"

    return accepts


def _dates(key: str, options: Mapping[str, str], now: dt.datetime) -> Callable[[str], bool]:
    # The interval is ignored: no writer creates a folder between two of its steps, which Athena would not read.
    java = options.get("format", "")
    python = java
    for pattern, replacement in _DATE_PATTERNS.items():
        python = python.replace(pattern, replacement)
    if not java or re.search(r"[A-Za-z]", re.sub(r"%[A-Za-z]|'[^']*'", "", python)):
        raise UnsupportedSqlError(f"Partition projection with the date format {java!r} ({key})")
    python = python.replace("'", "")
    first, last = (_instant(key, value, python, now) for value in _range(key, options))

    def accepts(text: str) -> bool:
        try:
            instant = dt.datetime.strptime(text, python).replace(tzinfo=dt.UTC)
        except ValueError:
            return False
        return first <= instant <= last and instant.strftime(python) == text

    return accepts


def _range(key: str, options: Mapping[str, str]) -> tuple[str, str]:
    first, comma, last = options.get("range", "").partition(",")
    if not comma:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"projection.{key}.range must be two values, like 1,9")
    return first.strip(), last.strip()


def _integer(key: str, option: str, text: str) -> int:
    if re.fullmatch(r"-?\d+", text.strip()) is None:
        raise _invalid(key, option, text, "a whole number")
    return int(text)


def _invalid(key: str, option: str, text: str, expected: str) -> AthenaError:
    return AthenaError("INVALID_TABLE_PROPERTY", f"projection.{key}.{option} is {text!r}, but must be {expected}")


def _instant(key: str, text: str, form: str, now: dt.datetime) -> dt.datetime:
    matched = _NOW.fullmatch(text)
    if matched is None:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)
        except ValueError as error:
            raise _invalid(key, "range", text, f"NOW, NOW-1DAYS or a date in the format {form}") from error
    if matched[1] is None:
        return now
    number, unit = int(f"{matched[1]}{matched[2]}"), matched[3].upper()
    if unit in _SECONDS:
        return now + dt.timedelta(seconds=number * _SECONDS[unit])
    year, month = divmod(now.year * 12 + now.month - 1 + number * _MONTHS[unit], 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return now.replace(year=year, month=month + 1, day=min(now.day, last_day))
