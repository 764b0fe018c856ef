"""Custom properties of a table about keys that are gone: rows that delete theirs, files that are the whole table.

customProperties:                        # of the table: one of these
  - property: cartlake.deletedWhen
    value: op = 'D'                      # SQL over the columns of a row, as row rules are written
  - property: cartlake.fullCopy
    value: true                          # or {maxDeletedShare: 0.5}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cartlake.contracts.errors import Faults
from cartlake.contracts.rules.sql import expression_columns, expression_faults

DELETED_WHEN: Final = "cartlake.deletedWhen"
FULL_COPY: Final = "cartlake.fullCopy"
_SHARE: Final = "maxDeletedShare"


@dataclass(frozen=True, slots=True)
class FullCopy:
    """Each file is the whole table. One that lacks more than `max_deleted_share` of the table's keys is refused."""

    max_deleted_share: float = 0.2


def deleted_when(custom: Mapping[str, Any], names: Sequence[str], where: str, faults: Faults) -> str | None:
    """Return the SQL that is true for rows that delete their key; None where the contract has none.

    Only tables that files are merged into, by a version, may have it.
    """
    if DELETED_WHEN not in custom:
        return None
    value, place = custom[DELETED_WHEN], f"{where}.{DELETED_WHEN}"
    if not isinstance(value, str):
        faults.add(place, value, "write one boolean SQL expression over the columns of a row, such as op = 'D'")
        return None
    expression = " ".join(value.split())
    file_columns = [name for name in names if not name.startswith("_")]
    for fault in expression_faults(expression, file_columns):
        faults.add(place, expression, fault)
    if not expression_columns(expression, file_columns):
        faults.add(place, expression, f"name a column of the files: {', '.join(file_columns)}")
    if custom.get("cartlake.versionColumn") is None:
        faults.add(place, expression, "name cartlake.versionColumn: it says whether a row is newer than the delete")
    if "cartlake.build" in custom:
        faults.add(place, expression, "remove it: a table built from others is replaced, not merged by key")
    return expression


def full_copy(custom: Mapping[str, Any], where: str, faults: Faults) -> FullCopy | None:
    """Return how files replace the table, None where they are merged into it."""
    value, place = custom.get(FULL_COPY, False), f"{where}.{FULL_COPY}"
    if value is False:
        return None
    if "cartlake.build" in custom:
        faults.add(place, value, "remove it: no files are loaded into a table that is built from others")
    if DELETED_WHEN in custom:
        faults.add(place, value, f"choose this or {DELETED_WHEN}: in a full copy, keys are deleted by leaving them out")
    if value is True:
        return FullCopy()
    share = value.get(_SHARE) if isinstance(value, dict) and value.keys() == {_SHARE} else None
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        advice = f"write true, or {{{_SHARE}: 0.5}} for the share of keys, 0 to 1, that one file may delete"
        faults.add(place, value, advice)
        return None
    return FullCopy(float(share))
