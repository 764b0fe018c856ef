"""Partition projection: partitions that the table's properties describe instead of Glue.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html

Athena works the partitions out and looks into each folder. Here the files below the table are listed once, and those
in folders that are a projected partition are read: the same rows.
"""

from __future__ import annotations

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
# Java's letters for dates, longest first, and Python's.
_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


@dataclass(frozen=True)
class Projection:
    """`template` is a location with `${key}` in it; `accepts` says whether a value of a key is projected."""

    template: str
    keys: Sequence[str]
    accepts: Mapping[str, Callable[[str], bool]]

    @property
    def root(self) -> str:
        """The folder that holds every projected partition."""
        return _VARIABLE.split(self.template, maxsplit=1)[0].rpartition("/")[0]

    def partitions(self, files: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
        """Of the files under `root`, those of projected partitions, by the partition's values."""
        pattern = "".join(
            f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part)
            for place, part in enumerate(_VARIABLE.split(self.template.rstrip("/")))
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
    """What the properties project; None if they do not.

    Raises AthenaError for a key they leave out or a range that cannot be read, UnsupportedSqlError for type injected.
    """
    if properties.get("projection.enabled", "").lower() != "true":
        return None
    usual = f"{location.rstrip('/')}/{'/'.join(f'{key}=${{{key}}}' for key in keys)}/"
    accepts = {key: _accepts(key, properties, now) for key in keys}
    return Projection(properties.get("storage.location.template", usual), keys, accepts)


def _accepts(key: str, properties: Mapping[str, str], now: dt.datetime) -> Callable[[str], bool]:
    said = {name.removeprefix(f"projection.{key}."): value for name, value in properties.items()}
    match said.get("type", "").lower():
        case "enum":
            values = frozenset(value.strip() for value in said.get("values", "").split(","))
            return values.__contains__
        case "integer":
            return _integers(key, said)
        case "date":
            return _dates(key, said, now)
        case "injected":
            raise UnsupportedSqlError(f"Partition projection of type injected ({key})")
    raise AthenaError("INVALID_TABLE_PROPERTY", f"projection.{key}.type must be enum, integer, date or injected")


def _integers(key: str, said: Mapping[str, str]) -> Callable[[str], bool]:
    first, last = (int(value) for value in _range(key, said))
    step, digits = int(said.get("interval", 1)), int(said.get("digits", 0))

    def accepts(text: str) -> bool:
        if re.fullmatch(r"-?\d+", text) is None:
            return False
        value = int(text)
        return first <= value <= last and (value - first) % step == 0 and text == f"{value:0{digits}d}"

    return accepts


def _dates(key: str, said: Mapping[str, str], now: dt.datetime) -> Callable[[str], bool]:
    """Every date of the range that is written in the format: a folder between two steps of an interval is no partition
    in Athena, and no writer makes one, so that steps are not counted here.
    """
    form = said.get("format", "")
    python = form
    for letters, replacement in _LETTERS.items():
        python = python.replace(letters, replacement)
    if not form or re.search(r"[A-Za-z]", re.sub(r"%[A-Za-z]|'[^']*'", "", python)):
        raise UnsupportedSqlError(f"Partition projection with the date format {form!r} ({key})")
    python = python.replace("'", "")
    first, last = (_moment(value, python, now) for value in _range(key, said))

    def accepts(text: str) -> bool:
        try:
            moment = dt.datetime.strptime(text, python).replace(tzinfo=dt.UTC)
        except ValueError:
            return False
        return first <= moment <= last and moment.strftime(python) == text

    return accepts


def _range(key: str, said: Mapping[str, str]) -> tuple[str, str]:
    first, comma, last = said.get("range", "").partition(",")
    if not comma:
        raise AthenaError("INVALID_TABLE_PROPERTY", f"projection.{key}.range must be two values, like 1,9")
    return first.strip(), last.strip()


def _moment(text: str, form: str, now: dt.datetime) -> dt.datetime:
    matched = _NOW.fullmatch(text)
    if matched is None:
        return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)
    if matched[1] is None:
        return now
    number, unit = int(f"{matched[1]}{matched[2]}"), matched[3].upper()
    if unit in _SECONDS:
        return now + dt.timedelta(seconds=number * _SECONDS[unit])
    year, month = divmod(now.year * 12 + now.month - 1 + number * _MONTHS[unit], 12)
    return now.replace(year=year, month=month + 1, day=min(now.day, 28))
