"""What is wrong with the rows that a tool read: lost, doubled, stale, or of contacts that are gone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Row = tuple[int, int]
"""The id of a contact, and when it was modified, in milliseconds since 1970."""


@dataclass(frozen=True)
class Score:
    """Numbers of contacts, or of rows where it is `doubled`.

    lost: they are not in the table. doubled: rows beyond the first of a contact. stale: the newest version is missing.
    kept: they were deleted or merged, and are still in the table.
    """

    lost: int = 0
    doubled: int = 0
    stale: int = 0
    kept: int = 0

    def __str__(self) -> str:
        numbers = {"lost": self.lost, "doubled": self.doubled, "stale": self.stale, "kept": self.kept}
        return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number) or "0"


def score(truth: Mapping[int, int], rows: Iterable[Row]) -> Score:
    """Compare the rows of a table with the newest version of each contact that there is."""
    rows = list(rows)
    newest: dict[int, int] = {}
    for contact, modified in rows:
        newest[contact] = max(modified, newest.get(contact, modified))
    return Score(
        lost=len(truth.keys() - newest.keys()),
        doubled=len(rows) - len(newest),
        stale=sum(newest[contact] < modified for contact, modified in truth.items() if contact in newest),
        kept=len(newest.keys() - truth.keys()),
    )


def merged(written: Iterable[Row]) -> list[Row]:
    """Return the rows of a table into which versions were merged, and each version once more that was written twice.

    A merge would hide that a source writes a version twice: so it is counted as a doubled row.
    """
    times = Counter(written)
    newest: dict[int, int] = {}
    for contact, modified in times:
        newest[contact] = max(modified, newest.get(contact, modified))
    return [*newest.items(), *(version for version, number in times.items() for _ in range(number - 1))]
