"""Make dirty rows from clean ones, and record them for the manifest."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from generators.dirt.kinds import DirtKind
from generators.files.text import Record, records
from generators.manifests.models import PlantedDirt
from generators.randomness import Ints

Fault = tuple[DirtKind, int]
"""A kind of dirt, and the number of one of its variants."""


def spoil(rows: pa.Table, chosen: Ints, faults: Sequence[Fault]) -> list[Record]:
    """Return copies of the rows at these zero-based positions, each with its fault."""
    spoiled = records(rows.take(pa.array(chosen)))
    for record, (kind, variant) in zip(spoiled, faults, strict=True):
        kind.spoil(record, variant)
    return spoiled


@dataclass
class PlantedRows:
    """Which rows of which files have which kind of dirt, in the order they were written."""

    _rows: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, kind: DirtKind, file: str, row: int) -> None:
        """Note a dirty row; the first row of a file is row 1."""
        self._rows[kind.name][file].append(row)

    def truth(self, kinds: Sequence[DirtKind]) -> dict[str, PlantedDirt]:
        """Return the manifest's entries by the name of each kind that was planted, in the order of `kinds`."""
        return {kind.name: planted_dirt(kind, self._rows[kind.name]) for kind in kinds if kind.name in self._rows}


def planted_dirt(kind: DirtKind, rows: dict[str, list[int]]) -> PlantedDirt:
    return PlantedDirt(
        rules=kind.rules,
        count=sum(map(len, rows.values())),
        rows={name: tuple(numbers) for name, numbers in rows.items()},
    )
