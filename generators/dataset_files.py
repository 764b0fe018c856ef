"""The files of one dataset of a world, one for each day, with dirty rows among the clean ones."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from generators.dirt.datasets import kinds_of
from generators.dirt.planting import Fault, PlantedRows, spoil
from generators.files.arrays import Batch, rows_of, table_of
from generators.files.dirty_rows import DirtyRows
from generators.files.row_file import FileType, RowFile
from generators.manifests.models import GeneratedFile
from generators.manifests.world import DatasetTruth, WorldArguments
from generators.randomness import stream
from generators.schemas import DATASETS, schema_of


@dataclass
class DatasetFiles:
    """Writes batches to the file of the day. A day without rows has no file."""

    dataset: str
    arguments: WorldArguments
    file_type: FileType
    out: Path
    files: list[GeneratedFile] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    _planted: PlantedRows = field(default_factory=PlantedRows)
    _clean: int = 0
    _dirty: int = 0
    _batches: int = 0
    _file: RowFile | None = None

    def __post_init__(self) -> None:
        self.kinds = kinds_of(self.dataset, self.arguments.format)
        self.wanted = self.dataset in self.arguments.datasets
        self.schema = schema_of(self.dataset)

    def write(self, day: date, batch: Batch, warnings: Mapping[str, int] | None = None) -> None:
        """Append rows to the file of the day; `warnings`: how many of them break which rule that only warns."""
        if not self.wanted or rows_of(batch) == 0:
            return
        self.warnings.update(warnings or {})
        file = self._opened(day)
        rows = table_of(batch, self.schema)
        faults, dirty = self._spoil(day, rows)
        numbers = file.rows + 1 + dirty.places()
        file.write(rows, dirty)
        for (kind, _), number in zip(faults, numbers.tolist(), strict=True):
            self._planted.add(kind, file.name, number)

    def close(self) -> None:
        """Finish the file of the day, if there is one."""
        if self._file:
            self._file.close()
            self.files.append(self._file.entry("daily"))
        self._file = None

    def truth(self, keys: int) -> DatasetTruth:
        """Return the dataset's part of the manifest; `keys` is the number of primary keys among the clean rows."""
        return DatasetTruth(
            files=tuple(self.files),
            rows=self._clean + self._dirty,
            clean_rows=self._clean,
            dirty_rows=self._dirty,
            expected_quarantined=self._dirty,
            keys=keys,
            superseded=self._clean - keys,
            warnings={rule: count for rule, count in sorted(self.warnings.items()) if count},
            dirt=self._planted.truth(self.kinds),
        )

    def _opened(self, day: date) -> RowFile:
        if self._file is None:
            (self.out / self.dataset).mkdir(exist_ok=True)
            self._batches = 0
            stem = f"{self.dataset}/{self.dataset}-{day}"
            self._file = RowFile(self.out, stem, self.schema, self.file_type)
        return self._file

    def _spoil(self, day: date, rows: pa.Table) -> tuple[list[Fault], DirtyRows]:
        """Return spoiled copies of some rows. The kinds alternate over all files, so that each gets its share."""
        self._clean += len(rows)
        share = self.arguments.dirty
        due = round(self._clean * share / (1 - share)) - self._dirty
        place = (DATASETS.index(self.dataset), day.toordinal(), self._batches)
        rng = stream(self.arguments.seed, "world_dirt", *place)
        positions, copied = np.sort(rng.integers(0, len(rows) + 1, due)), rng.integers(0, len(rows), due)
        kinds = [self.kinds[turn % len(self.kinds)] for turn in range(self._dirty, self._dirty + due)]
        faults = list(zip(kinds, rng.integers(0, 1_000, due).tolist(), strict=True))
        self._dirty += due
        self._batches += 1
        return faults, DirtyRows(positions, spoil(rows, copied, faults), extra=True)
