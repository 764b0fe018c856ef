"""Rules about parts of nested columns, as SQL: a condition on the row, and the reasons with the path of each value.

The rule `items[].price_in_range` is broken by a row whose third item has a bad price with the reason
`items[2].price_in_range`: elements are counted from 0, as in JSON paths. A rule about a part does not look at rows
where what holds the part is null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cartlake.contracts.rules.sql import text_literal

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST: Final = "{first}"
"""Stands in SQL for the number an engine gives to the first element of a list: 0 in Spark, 1 in DuckDB."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a nested column is: `sql` names it inside of the lambdas of all lists around it.

    `steps` lead to it from the column: the name of a field, or None for the elements of a list.
    """

    column: str
    steps: tuple[str | None, ...] = ()

    def field(self, name: str) -> Place:
        """Return the place of a field."""
        return Place(self.column, (*self.steps, name))

    def elements(self) -> Place:
        """Return the place of the elements."""
        return Place(self.column, (*self.steps, None))

    @property
    def path(self) -> str:
        """Return the path with empty brackets for elements: `items[].price`."""
        return self.column + "".join("[]" if step is None else f".{step}" for step in self.steps)

    @property
    def sql(self) -> str:
        """Return the name of the value in SQL: `element_1.price`."""
        last = max((number for number, step in enumerate(self.steps, start=1) if step is None), default=0)
        start = element(last) if last else self.column
        return ".".join([start, *(step for step in self.steps[last:] if step)])


def element(level: int) -> str:
    """Return the name of the element in the lambda at this step of a path."""
    return f"element_{level}"


def position(level: int) -> str:
    """Return the name of the element's position in the lambda at this step of a path."""
    return f"position_{level}"


def holds(place: Place, condition: str) -> str:
    """Return SQL that is true when a condition on a place is true wherever the place is there. Never null."""
    return _walked(place, f"coalesce({condition}, false)", _all)


def reasons(place: Place, condition: str, prefix: str = "", suffix: str = "", shown_as: str = "") -> str:
    """Return SQL of a text: `prefix`, path and `suffix` for each value that breaks a condition, joined by `|`; or null.

    `shown_as` is the column's name in the text, if it is another one than in SQL.
    """
    path = [text_literal(prefix + (shown_as or place.column))]
    for level, step in enumerate(place.steps, start=1):
        path += [f"'.{step}'"] if step else ["'['", f"cast({position(level)} - {FIRST} as string)", "']'"]
    text = f"concat({', '.join([*path, text_literal(suffix)])})"
    return f"nullif({_walked(place, f'case when not coalesce({condition}, false) then {text} end', _texts)}, '')"


def _walked(place: Place, inner: str, of_list: Callable[[str, int, str], str]) -> str:
    """Return `inner`, which is about the value of a place, in the lambdas and null checks on the way to it."""
    sql, around = inner, place
    for level in range(len(place.steps), 0, -1):
        step, around = around.steps[-1], Place(place.column, around.steps[:-1])
        if step is None:
            sql = of_list(around.sql, level, sql)
        else:
            missing = "true" if of_list is _all else "cast(null as string)"
            sql = f"case when {around.sql} is null then {missing} else {sql} end"
    return sql


def _all(name: str, level: int, condition: str) -> str:
    return f"coalesce(size(filter({name}, {element(level)} -> not ({condition}))), 0) <= 0"


def _texts(name: str, level: int, text: str) -> str:
    found = f"transform({name}, ({element(level)}, {position(level)}) -> nullif({text}, ''))"
    return f"array_join(filter({found}, reason -> reason is not null), '|')"
