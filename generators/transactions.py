"""The dataset `transactions`: one file of order lines a day, with known dirt, a repeated file and a late one.

    manifest = generate_transactions(Path("out"), rows=100_000, days=30, duplicate_file=True, late_file=True)

writes the files and `manifest.json` to `out`. Same arguments (and package versions), same bytes.
"""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from generators.dirt import DirtKind, kinds_for
from generators.earlier import clear, earlier_files
from generators.late import LateFile, LatePicker
from generators.manifest import (
    Arguments,
    ExpectedRows,
    GeneratedFile,
    LateRows,
    Manifest,
    PlantedDirt,
    Range,
    Split,
)
from generators.order_lines import OrderLines, Plan, Slot, draw, slots
from generators.randomness import stream
from generators.schemas import TRANSACTIONS
from generators.totals import TableTotals
from generators.transaction_rows import transaction_batch
from generators.world import build_world
from generators.writers import Format, RowFile, Spoiled, spoil

__all__ = ["Format", "generate_transactions", "write_large_csv", "yesterday"]

DATASET: Final = "transactions"
DEFAULT_ROWS: Final = 100_000
DEFAULT_DAYS: Final = 30
DEFAULT_SEED: Final = 42
DEFAULT_DIRTY: Final = 0.01
MOST_DIRTY: Final = 0.5
BYTES_PER_CSV_ROW: Final = 172  # about; to choose the rows of a file of some size

# Zero-based position in the chunk → the fault to plant there, and which of its variants.
Planted = dict[int, tuple[DirtKind, int]]
DirtyRows = dict[str, dict[str, list[int]]]


def yesterday() -> date:
    """The last day that is over in UTC: no line of it can lie in the future."""
    return datetime.now(UTC).date() - timedelta(days=1)


def generate_transactions(  # noqa: PLR0913  # every argument is part of what makes the bytes
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
    late file; `out` then holds what it held before.
    """
    plan = Plan(rows, days, seed, end_date or yesterday())
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
    check(arguments)
    earlier_files(out)  # refuses a directory that is not ours before anything is made
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out, prefix=".unfinished-") as unfinished:
        manifest = Generation(plan, arguments, Path(unfinished)).run()
        clear(out)
        for file in manifest.files:
            (Path(unfinished) / file.name).rename(out / file.name)
    manifest.write(out)
    return manifest


def write_large_csv(
    path: Path, rows: int, *, seed: int = DEFAULT_SEED, days: int = 365, end_date: date | None = None
) -> GeneratedFile:
    """Write one CSV file of `rows` clean rows over `days` days, in memory that does not grow with it.

    About `BYTES_PER_CSV_ROW` bytes a row. `path` must end in `.csv`; an existing file is overwritten.
    """
    if path.suffix != ".csv":
        raise ValueError(f"{path.name}: the name of a CSV file ends in .csv")
    plan = Plan(rows, days, seed, end_date or yesterday())
    world = build_world(plan.seed, plan.customers)
    with RowFile(path.parent, path.stem, TRANSACTIONS, "csv", compressed=False) as file:
        for slot in slots(plan):
            file.write(transaction_batch(draw(plan, slot), world))
    return file.entry("daily")


def check(arguments: Arguments) -> None:
    if not 0 <= arguments.dirty <= MOST_DIRTY:
        raise ValueError(f"dirty={arguments.dirty}: give a share of rows from 0 to {MOST_DIRTY}")
    if arguments.gzip and arguments.format == "parquet":
        raise ValueError("Parquet compresses itself: gzip is for csv and jsonl")


@dataclass
class Generation:
    """One set of files in the making."""

    plan: Plan
    arguments: Arguments
    out: Path
    totals: TableTotals = field(default_factory=TableTotals)
    dirty_rows: DirtyRows = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    rows_drawn: int = 0

    def __post_init__(self) -> None:
        self.world = build_world(self.plan.seed, self.plan.customers)
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
            dirt=self._dirt(),
            late=LateRows(
                updates=len(late.updates) if late else 0,
                stale=late.stale if late else 0,
                exact_duplicates=late.exact_duplicates if late else 0,
            ),
            expected_rows=expected_rows(files, late),
            expected_table=self.totals.expected(),
        )

    def _file(self, stem: str) -> RowFile:
        return RowFile(self.out, stem, TRANSACTIONS, self.arguments.format, compressed=self.arguments.gzip)

    def _daily_file(self, day: date, parts: list[Slot]) -> GeneratedFile:
        with self._file(f"{DATASET}-{day}") as file:
            for slot in parts:
                lines = draw(self.plan, slot)
                planted = self._plant(slot)
                batch = transaction_batch(lines, self.world)
                rows = np.array(list(planted), dtype=np.int64)
                file.write(batch, Spoiled(rows, spoil(batch, rows, list(planted.values()))))
                for position, (kind, _) in planted.items():
                    self.dirty_rows[kind.name][file.path.name].append(slot.first_row + position)
                self._count(slot, lines, planted)
        return file.entry("daily")

    def _count(self, slot: Slot, lines: OrderLines, planted: Planted) -> None:
        dirty = np.array(list(planted), dtype=np.int64)
        self.totals.add(lines.take(np.delete(np.arange(len(lines)), dirty)))
        if self.arguments.late_file:
            self.picker.consider(slot, lines, dirty)

    def _plant(self, slot: Slot) -> Planted:
        """Choose rows of the chunk to spoil; the kinds take turns over the whole set, so that each gets its share."""
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
        with self._file(f"{DATASET}-{self.plan.end_date}-late") as file:
            file.write(transaction_batch(late.lines, self.world))
        return file.entry("late")

    def _duplicate(self, original: GeneratedFile) -> GeneratedFile:
        name = original.name.replace(".", "-copy.", 1)
        shutil.copyfile(self.out / original.name, self.out / name)
        return original.model_copy(update={"name": name, "role": "duplicate", "duplicate_of": original.name})

    def _dirt(self) -> dict[str, PlantedDirt]:
        return {kind.name: planted_dirt(kind, self.dirty_rows[kind.name]) for kind in self._planted_kinds()}

    def _planted_kinds(self) -> Iterator[DirtKind]:
        return (kind for kind in self.kinds if kind.name in self.dirty_rows)


def planted_dirt(kind: DirtKind, rows: dict[str, list[int]]) -> PlantedDirt:
    return PlantedDirt(
        rules=kind.rules,
        count=sum(map(len, rows.values())),
        rows={name: tuple(numbers) for name, numbers in rows.items()},
    )


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
