"""Named queries: the comment lines at the start of an SQL file, and values for its parameters.

The first line is what the query answers; `Grain:`, `Owner:`, `Parameters:` and `Scans:` follow, a line each.
Parameters are those of the `?`, in order: `first_day date = 30 days ago, least_orders integer = 5`.
A default is a literal, or a day relative to today: `30 days ago`, `first of month, 12 months ago`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cartlake.contracts.rules.sql import text_literal
from cartlake.errors import TerminalError

KEYWORDS = ("Grain", "Owner", "Parameters", "Scans")
NONE = "none"
_PARAMETER = re.compile(r"(?P<name>[a-z_][a-z0-9_]*) (?P<type>date|integer|varchar)(?: = (?P<default>.+))?")
_BETWEEN_PARAMETERS = re.compile(r", (?=[a-z_][a-z0-9_]* (?:date|integer|varchar)\b)")
_DAYS_AGO = re.compile(r"(\d+) days? ago")
_MONTHS_AGO = re.compile(r"first of month, (\d+) months? ago")


class ParameterError(TerminalError):
    """A value is missing, is of another type, or is for a parameter that the query does not have."""


@dataclass(frozen=True)
class Parameter:
    """One `?` of a query. `kind` is its Trino type, `default` the text in the file, None if a value must be given."""

    name: str
    kind: str
    default: str | None

    def literal(self, given: str | None, today: date) -> str:
        """Return the value as an SQL literal. Raises ParameterError when it is missing or not of the type."""
        text = given if given is not None else self._default(today)
        if text is None:
            raise ParameterError(f"{self.name} ({self.kind}) must be given: -p {self.name}=VALUE.")
        try:
            match self.kind:
                case "date":
                    return f"date '{date.fromisoformat(text)}'"
                case "integer":
                    return str(int(text))
        except ValueError as error:
            example = {"date": "2026-11-01", "integer": "5"}[self.kind]
            raise ParameterError(
                f"{text!r} is not a {self.kind} for {self.name}; write it as in -p {self.name}={example}."
            ) from error
        return text_literal(text)

    def _default(self, today: date) -> str | None:
        if days := _DAYS_AGO.fullmatch(self.default or ""):
            return str(today - timedelta(days=int(days[1])))
        if months := _MONTHS_AGO.fullmatch(self.default or ""):
            # Months are counted from year 0, so that subtracting goes over the turn of the year.
            year, month = divmod(today.year * 12 + today.month - 1 - int(months[1]), 12)
            return str(date(year, month + 1, 1))
        return self.default

    def __str__(self) -> str:
        return f"{self.name} {self.kind}" + (f" = {self.default}" if self.default else "")


@dataclass(frozen=True)
class NamedQuery:
    """A query and what its comment lines say. A line that is missing is an empty text."""

    name: str
    sql: str
    about: str
    grain: str
    owner: str
    scans: str
    parameters: tuple[Parameter, ...]

    @classmethod
    def read(cls, name: str, sql: str) -> "NamedQuery":
        """Return the query with its comment lines. A query that was saved in the console may have none."""
        lines = [line.removeprefix("--").strip() for line in _comments(sql)]
        said = {word: line.partition(":")[2].strip(" .") for line in lines for word in KEYWORDS if _says(line, word)}
        return cls(
            name=name,
            sql=sql,
            about=lines[0] if lines else "",
            grain=said.get("Grain", ""),
            owner=said.get("Owner", ""),
            scans=said.get("Scans", ""),
            parameters=tuple(_parameters(name, said.get("Parameters", NONE))),
        )

    def literals(self, given: Mapping[str, str], today: date) -> list[str]:
        """Return a literal for each `?`, in order: the value given by name, or the default. Raises ParameterError."""
        known = [parameter.name for parameter in self.parameters]
        if unknown := sorted(set(given) - set(known)):
            listed = ", ".join(map(str, self.parameters)) or NONE
            raise ParameterError(f"{self.name} has no parameter {', '.join(unknown)}. Its parameters: {listed}.")
        try:
            return [parameter.literal(given.get(parameter.name), today) for parameter in self.parameters]
        except ParameterError as error:
            raise ParameterError(f"{self.name}: {error}") from error


def _comments(sql: str) -> list[str]:
    lines = sql.split("\n")
    end = next((place for place, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return lines[:end]


def _says(line: str, word: str) -> bool:
    return line.startswith(f"{word}: ")


def _parameters(name: str, text: str) -> Sequence[Parameter]:
    found = []
    for part in [] if text == NONE else _BETWEEN_PARAMETERS.split(text):
        matched = _PARAMETER.fullmatch(part)
        if matched is None:
            raise ParameterError(
                f"{name}: {part!r} is not a parameter; write it like `first_day date = 30 days ago`, with type date, "
                "integer or varchar."
            )
        found.append(Parameter(matched["name"], matched["type"], matched["default"]))
    return found
