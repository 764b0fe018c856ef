"""Custom properties about the layout of a table: former names of columns, the order of rows, where versions stand.

customProperties:                        # of the table
  - property: cartlake.eventTimeFixed
    value: true                          # all versions of a key have the same event time
  - property: cartlake.sortOrder
    value: [ordered_at desc, product_id] # `<column> [asc|desc] [nulls first|last]`; [] for none
properties:
  - name: quantity
    customProperties:                    # of the column
      - property: cartlake.renamedFrom
        value: [pieces, amount]          # newest former name first; one name needs no list
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from cartlake.contracts.errors import Faults
from cartlake.contracts.model import SortField
from cartlake.contracts.types import is_nested

RENAMED_FROM: Final = "cartlake.renamedFrom"
SORT_ORDER: Final = "cartlake.sortOrder"
EVENT_TIME_FIXED: Final = "cartlake.eventTimeFixed"
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_FIELD: Final = re.compile(r"([a-z_][a-z0-9_]*)(?: (asc|desc))?(?: nulls (first|last))?", re.IGNORECASE)


def renamed_from(custom: Mapping[str, Any], names: Sequence[str], where: str, faults: Faults) -> tuple[str, ...]:
    """Return the former names of a column, newest first. A name that is still a column, or is no name, is a fault."""
    value = custom.get(RENAMED_FROM, [])
    former = [value] if isinstance(value, str) else value
    place = f"{where}.{RENAMED_FROM}"
    if not isinstance(former, list) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in former):
        faults.add(place, value, "write the former name of the column, or a list of them, newest first")
        return ()
    for name in former:
        if name in names:
            faults.add(place, name, "is still a column of the table; remove that column, or this former name")
    return tuple(former)


def event_time_fixed(custom: Mapping[str, Any], where: str, faults: Faults) -> bool:
    """Return whether the event time of a key never changes. Only tables that files are merged into may say so."""
    if EVENT_TIME_FIXED not in custom:
        return False
    value, place = custom[EVENT_TIME_FIXED], f"{where}.{EVENT_TIME_FIXED}"
    if not isinstance(value, bool):
        faults.add(place, value, "write true or false")
    elif value and custom.get("cartlake.eventTime") is None:
        faults.add(place, value, "name the column in cartlake.eventTime")
    elif value and "cartlake.build" in custom:
        faults.add(place, value, "remove it: a table built from others is replaced, not merged by key")
    return value is True


def sort_order(
    custom: Mapping[str, Any], types: Mapping[str, str], where: str, faults: Faults
) -> tuple[SortField, ...] | None:
    """Return the sort order, None when the contract has none. `types` holds the type of every column by its name."""
    if SORT_ORDER not in custom:
        return None
    value, place = custom[SORT_ORDER], f"{where}.{SORT_ORDER}"
    if not isinstance(value, list):
        faults.add(place, value, "write a list of columns, each with `desc` and `nulls last` where needed")
        return None
    fields = tuple(field for text in value if (field := _sort_field(text, types, place, faults)))
    for column, count in Counter(field.column for field in fields).items():
        if count > 1:
            faults.add(place, column, "is named twice; name it once")
    return fields


def _sort_field(text: object, types: Mapping[str, str], place: str, faults: Faults) -> SortField | None:
    match = _FIELD.fullmatch(" ".join(text.split())) if isinstance(text, str) else None
    if match is None:
        faults.add(place, text, "write `<column> [asc|desc] [nulls first|last]`")
        return None
    if match[1] not in types:
        faults.add(place, match[1], f"no such column; the table has {', '.join(types)}")
        return None
    # Iceberg accepts only primitive types in a sort order.
    if is_nested(types[match[1]]):
        faults.add(place, match[1], "Iceberg does not sort by lists and structs: choose another column")
        return None
    direction: Literal["asc", "desc"] = "desc" if (match[2] or "").lower() == "desc" else "asc"
    # Iceberg's own defaults: nulls are below every value.
    nulls: Literal["first", "last"] = "last" if direction == "desc" else "first"
    if match[3]:
        nulls = "last" if match[3].lower() == "last" else "first"
    return SortField(match[1], direction, nulls)
