"""The files of one dataset of a world, a day at a time, with dirty rows among the clean ones."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from generators.columns import Batch, rows_of
from generators.dirt import DirtKind
from generators.manifest import GeneratedFile, PlantedDirt
from generators.randomness import stream
from generators.schemas import SCHEMAS
from generators.world_dirt import kinds_of
from generators.world_manifest import DatasetTruth, WorldArguments
from generators.writers import RowFile, Spoiled, spoil


@dataclass
class DatasetFiles:
    """Writes batches to the file of the day. A day without rows has no file."""

    dataset: str
    arguments: WorldArguments
    out: Path
    files: list[GeneratedFile] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    _clean: int = 0
    _dirty: int = 0
    _batches: int = 0
    _file: RowFile | None = None
    _rows: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def __post_init__(self) -> None:
        self.kinds = kinds_of(self.dataset, self.arguments.format)
        self.wanted = self.dataset in self.arguments.datasets

    def write(self, day: date, batch: Batch, warnings: Mapping[str, int] | None = None) -> None:
        if not self.wanted or rows_of(batch) == 0:
            return
        self.warnings.update(warnings or {})
        file = self._opened(day)
        faults, spoiled = self._spoil(day, batch)
        # A dirty row stands before the clean one of its position, after the rows and dirty rows written so far.
        numbers = file.rows + spoiled.positions + np.arange(len(faults)) + 1
        file.write(batch, spoiled)
        for kind, number in zip(faults, numbers.tolist(), strict=True):
            self._rows[kind.name][file.name].append(number)

    def close(self) -> None:
        """The day is over."""
        if self._file:
            self._file.__exit__(None, None, None)
            self.files.append(self._file.entry("daily"))
        self._file = None

    def truth(self, keys: int) -> DatasetTruth:
        return DatasetTruth(
            files=tuple(self.files),
            rows=self._clean + self._dirty,
            clean_rows=self._clean,
            dirty_rows=self._dirty,
            expected_quarantined=self._dirty,
            keys=keys,
            superseded=self._clean - keys,
            warnings={rule: count for rule, count in sorted(self.warnings.items()) if count},
            dirt={
                kind.name: planted_dirt(kind, self._rows[kind.name]) for kind in self.kinds if kind.name in self._rows
            },
        )

    def _opened(self, day: date) -> RowFile:
        if self._file is None:
            (self.out / self.dataset).mkdir(exist_ok=True)
            arguments, stem = self.arguments, f"{self.dataset}-{day}"
            self._batches = 0
            self._file = RowFile(
                self.out,
                stem,
                SCHEMAS[self.dataset],
                arguments.format,
                compressed=arguments.gzip,
                folder=f"{self.dataset}/",
            ).__enter__()
        return self._file

    def _spoil(self, day: date, batch: Batch) -> tuple[list[DirtKind], Spoiled]:
        """Copies of some rows, spoiled. The kinds take turns over all files, so that each gets its share."""
        rows = rows_of(batch)
        self._clean += rows
        share = self.arguments.dirty
        due = round(self._clean * share / (1 - share)) - self._dirty
        place = (list(SCHEMAS).index(self.dataset), day.toordinal(), self._batches)
        rng = stream(self.arguments.seed, "world_dirt", *place)
        positions, copied = np.sort(rng.integers(0, rows + 1, due)), rng.integers(0, rows, due)
        faults = [self.kinds[turn % len(self.kinds)] for turn in range(self._dirty, self._dirty + due)]
        variants = rng.integers(0, 1_000, due).tolist()
        self._dirty += due
        self._batches += 1
        return faults, Spoiled(positions, spoil(batch, copied, list(zip(faults, variants, strict=True))), extra=True)


def planted_dirt(kind: DirtKind, rows: Mapping[str, list[int]]) -> PlantedDirt:
    return PlantedDirt(
        rules=kind.rules,
        count=sum(map(len, rows.values())),
        rows={name: tuple(numbers) for name, numbers in rows.items()},
    )
