"""How records of CSV files become rows: the custom properties `cartlake.fillDown` and `cartlake.unpivot` of a table.

customProperties:
  - property: cartlake.fillDown
    value:
      within: order_name                 # rows below each other with the same value are a group
      columns: [ordered_at, currency]    # an empty cell takes the value of the row above in its group
      position: line_number              # may be left out: gets the number of the row in its group, from 1
  - property: cartlake.unpivot
    value:
      columns:
        item_name: Product Item {n} Name # or a list of names; {n} is a number of up to three digits
        quantity: Product Item {n} Quantity
      position: line_number              # may be left out: gets the number of the name

`cartlake.record_rows` does it, for every engine. JSON lines and Parquet files, replays among them, have the rows as
they are afterwards. `record_mapping_faults` checks the words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cartlake.contracts.names import plain

FILL_DOWN: Final = "cartlake.fillDown"
UNPIVOT: Final = "cartlake.unpivot"
NUMBER: Final = "{n}"
"""Stands for the number in the names of columns that become rows."""
_DIGITS: Final = "[0-9]{1,3}"
_NUMBERED: Final = re.compile(rf"([a-z_][a-z0-9_]*)\[({_DIGITS})\]")


@dataclass(frozen=True, slots=True)
class FillDown:
    """Empty cells of `columns` take the value of the row above that has the same value of `within`.

    `position` is the column that gets the number of the row in its group.
    """

    within: str
    columns: tuple[str, ...]
    position: str | None = None


@dataclass(frozen=True)
class Unpivot:
    """Each of `names` is a column of the table and a name with `{n}`: files have a column for each number.

    `position` is the column that gets the number.
    """

    names: tuple[tuple[str, str], ...]
    position: str | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that become rows, in the order of the contract."""
        return tuple(dict.fromkeys(column for column, _ in self.names))

    def numbered(self, name: str, *, loose: bool) -> str | None:
        """Return `column[n]` for a name in a file that stands for a numbered column, None for any other.

        `column[n]` itself is such a name. With `loose`, spelling makes no difference.
        """
        if (own := split_number(name)) and own[0] in self.columns:
            return f"{own[0]}[{own[1]}]"
        for column, pattern in self.names:
            if found := _number_in(name, pattern) or (_number_in(plain(name), plain(pattern)) if loose else None):
                return f"{column}[{int(found[1])}]"
        return None

    def column(self, name: str) -> str:
        """Return the column that `column[n]` is of; any other name as it is."""
        own = split_number(name)
        return own[0] if own and own[0] in self.columns else name


def split_number(name: str) -> tuple[str, int] | None:
    """Return column and number of a name such as `item_name[3]`, None for any other name."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def _number_in(name: str, pattern: str) -> re.Match[str] | None:
    before, _, behind = pattern.partition(NUMBER)
    return re.fullmatch(f"{re.escape(before)}({_DIGITS}){re.escape(behind)}", name)
