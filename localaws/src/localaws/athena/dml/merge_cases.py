"""The WHEN clauses of MERGE: which one applies to a row, and the values that it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class MergeCase:
    """One WHEN clause. `kind` is update, delete or insert; `guard` is the SQL of its own condition.

    The first clause whose guard is true decides.
    """

    kind: str
    guard: str
    values: dict[str, str]


def action_sql(cases: Sequence[MergeCase]) -> str:
    """Return the SQL of the kind of the clause that applies to a row; NULL when none does."""
    return "CASE " + " ".join(f"WHEN {case.guard} THEN '{case.kind}'" for case in cases) + " END"


def value_sql(cases: Sequence[MergeCase], name: str) -> str:
    """Return the SQL of the value that the clause that applies writes to a column."""
    return "CASE " + " ".join(f"WHEN {case.guard} THEN {case.values.get(name, 'NULL')}" for case in cases) + " END"
