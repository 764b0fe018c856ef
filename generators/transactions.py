"""The dataset `transactions`: one file of order lines a day, with known dirt, a repeated file and a late one.

    manifest = generate_transactions(Path("out"), rows=100_000, days=30, duplicate_file=True, late_file=True)

writes the files and `manifest.json` to `out`. Same arguments (and package versions), same bytes.
"""

import shutil
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from generators.dirt.kinds import check_dirty
from generators.dirt.order_lines import kinds_for
from generators.dirt.planting import Fault, PlantedRows, spoil
from generators.files.arrays import table_of
from generators.files.dirty_rows import DirtyRows
from generators.files.formats import Format
from generators.files.replacing import replace_set
from generators.files.row_file import FileType, RowFile
from generators.manifests.models import GeneratedFile
from generators.manifests.transactions import Arguments, ExpectedRows, LateRows, Manifest, Range, Split
from generators.orders.columns import transaction_batch
from generators.orders.draw import draw
from generators.orders.late import LateFile, LatePicker
from generators.orders.lines import OrderLines
from generators.orders.totals import TableTotals
from generators.plan.rows import RowPlan, Slot, slots
from generators.randomness import Ints, stream
from generators.schemas import schema_of
from generators.shop.shop import build_shop
from generators.times import yesterday

DATASET: Final = "transactions"
DEFAULT_ROWS: Final = 100_000
DEFAULT_DAYS: Final = 30
DEFAULT_SEED: Final = 42
DEFAULT_DIRTY: Final = 0.01
BYTES_PER_CSV_ROW: Final = 172  # about; to choose the rows of a file of some size

Planted = dict[int, Fault]
"""Zero-based position in the chunk → the fault to plant there."""


def generate_transactions(  # noqa: PLR0913 - every argument is part of what makes the bytes
    out: Path,
    *,
    rows: int = DEFAULT_ROWS,
    days: int = DEFAULT_DAYS,
    seed: int = DEFAULT_SEED,
    dirty: float = DEFAULT_DIRTY,
    file_format: Format = "csv",
    compressed: bool = False,
    end_date: date | None = None,
    duplicate_file: bool = False,
    late_file: bool = False,
) -> Manifest:
    """Write `rows` rows (the dirty among them) as one file for each of the `days` that end with `end_date`.

    dirty: share of spoiled rows, 0 to 0.5, spread evenly over the kinds that the format can carry.
    end_date: yesterday (UTC) when None. duplicate_file: also copy one file under another name.
    late_file: also write updates, stale versions and repeats of some clean lines, on top of `rows`.
    Files of an earlier manifest in `out` are replaced once the new ones are complete; other files are left alone.

    Raises ValueError for arguments outside these bounds, for gzip with parquet, and when there are too few rows for a
    late file; `out` is unchanged then.
    """
    plan = RowPlan(rows, days, seed, end_date or yesterday())
    arguments = Arguments(
        rows=rows,
        days=days,
        seed=seed,
        dirty=dirty,
        format=file_format,
        gzip=compressed,
        end_date=plan.end_date.isoformat(),
        duplicate_file=duplicate_file,
        late_file=late_file,
    )
    check_dirty(dirty)
    file_type = FileType(file_format, compressed=compressed)
    return replace_set(out, lambda unfinished: Generation(plan, arguments, file_type, unfinished).run())


def write_large_csv(
    path: Path, rows: int, *, seed: int = DEFAULT_SEED, days: int = 365, end_date: date | None = None
) -> GeneratedFile:
    """Write one CSV file of `rows` clean rows over `days` days, in memory that does not grow with it.

    About `BYTES_PER_CSV_ROW` bytes a row. An existing file is overwritten. Raises ValueError when the name of `path`
    does not end in `.csv`.
    """
    if path.suffix != ".csv":
        raise ValueError(f"{path.name}: the name of a CSV file ends in .csv")
    plan = RowPlan(rows, days, seed, end_date or yesterday())
    shop, schema = build_shop(plan.seed, plan.customers), schema_of(DATASET)
    with closing(RowFile(path.parent, path.stem, schema, FileType("csv", compressed=False))) as file:
        for slot in slots(plan):
            file.write(table_of(transaction_batch(draw(plan, slot), shop), schema))
    return file.entry("daily")


@dataclass
class Generation:
    """One set of files while it is written, and what is counted meanwhile."""

    plan: RowPlan
    arguments: Arguments
    file_type: FileType
    out: Path
    totals: TableTotals = field(default_factory=TableTotals)
    planted: PlantedRows = field(default_factory=PlantedRows)
    rows_drawn: int = 0

    def __post_init__(self) -> None:
        self.shop = build_shop(self.plan.seed, self.plan.customers)
        self.schema = schema_of(DATASET)
        self.kinds = kinds_for(self.arguments.format)
        self.picker = LatePicker(self.plan)

    def run(self) -> Manifest:
        files = [self._daily_file(day, list(parts)) for day, parts in groupby(slots(self.plan), lambda slot: slot.day)]
        late = None
        if self.arguments.late_file:
            late = self.picker.late_file()
            files.append(self._late_file(late))
        if self.arguments.duplicate_file:
            files.append(self._duplicate(files[self.plan.days // 2]))
        return Manifest(
            dataset=DATASET,
            arguments=self.arguments,
            files=tuple(files),
            dirt=self.planted.truth(self.kinds),
            late=LateRows(
                updates=len(late.updates) if late else 0,
                stale=late.stale if late else 0,
                exact_duplicates=late.exact_duplicates if late else 0,
            ),
            expected_rows=expected_rows(files, late),
            expected_table=self.totals.expected(),
        )

    def _file(self, stem: str) -> RowFile:
        return RowFile(self.out, stem, self.schema, self.file_type)

    def _daily_file(self, day: date, parts: list[Slot]) -> GeneratedFile:
        with closing(self._file(f"{DATASET}-{day}")) as file:
            for slot in parts:
                lines, planted = draw(self.plan, slot), self._plant(slot)
                rows, positions = self._rows(lines), np.array(list(planted), dtype=np.int64)
                file.write(rows, DirtyRows(positions, spoil(rows, positions, list(planted.values()))))
                for position, (kind, _) in planted.items():
                    self.planted.add(kind, file.name, slot.first_row + position)
                self._count(slot, lines, positions)
        return file.entry("daily")

    def _rows(self, lines: OrderLines) -> pa.Table:
        return table_of(transaction_batch(lines, self.shop), self.schema)

    def _count(self, slot: Slot, lines: OrderLines, dirty: Ints) -> None:
        self.totals.add(lines.take(np.delete(np.arange(len(lines)), dirty)))
        if self.arguments.late_file:
            self.picker.consider(slot, lines, dirty)

    def _plant(self, slot: Slot) -> Planted:
        """Choose rows of the chunk to spoil; the kinds alternate over the whole set, so that each gets its share."""
        before = round(self.rows_drawn * self.arguments.dirty)
        self.rows_drawn += slot.rows
        after = round(self.rows_drawn * self.arguments.dirty)
        rng = stream(self.plan.seed, "dirt", *slot.place)
        positions = rng.choice(slot.rows, after - before, replace=False)
        variants = rng.integers(0, 1_000, after - before)
        faults = {
            int(position): (self.kinds[turn % len(self.kinds)], int(variant))
            for turn, position, variant in zip(range(before, after), positions, variants, strict=True)
        }
        return dict(sorted(faults.items()))

    def _late_file(self, late: LateFile) -> GeneratedFile:
        self.totals.add(late.replaced, sign=-1)
        self.totals.add(late.updates)
        with closing(self._file(f"{DATASET}-{self.plan.end_date}-late")) as file:
            file.write(self._rows(late.lines))
        return file.entry("late")

    def _duplicate(self, original: GeneratedFile) -> GeneratedFile:
        name = original.name.replace(".", "-copy.", 1)
        shutil.copyfile(self.out / original.name, self.out / name)
        return original.model_copy(update={"name": name, "role": "duplicate", "duplicate_of": original.name})


def expected_rows(files: list[GeneratedFile], late: LateFile | None) -> ExpectedRows:
    """A repeated file is never read, so it is in no total. See `ExpectedRows` for what depends on the order."""
    loaded = [file for file in files if file.role != "duplicate"]
    read = sum(file.rows for file in loaded)
    quarantined = sum(file.dirty_rows for file in loaded)
    keys = sum(file.clean_rows for file in loaded if file.role == "daily")
    updates, stale = (len(late.updates), late.stale) if late else (0, 0)
    good = read - quarantined
    # No order of files publishes more: an update adds a row when it comes after its original, a stale version when it
    # comes before. The rest are older than, or the same as, a row that is there.
    most = keys + updates + stale

    def split(published: int) -> Split:
        return Split(read=read, published=published, quarantined=quarantined, duplicate=good - published)

    return ExpectedRows(
        read=read,
        quarantined=quarantined,
        published=Range(min=keys, max=most),
        duplicate=Range(min=good - most, max=good - keys),
        duplicate_files=len(files) - len(loaded),
        all_in_one_run=split(keys),
        late_file_in_a_later_run=split(keys + updates),
    )
