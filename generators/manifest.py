"""What was generated, and what the lake must make of it: `manifest.json`, written beside the files.

The manifest holds no path, clock or host, so the same arguments give the same bytes. Rows are numbered from 1 and count
data rows only: row 1 of a CSV file is its second line. Money is a decimal string, never a float.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

MANIFEST_NAME: Final = "manifest.json"

Role = Literal["daily", "late", "duplicate"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Arguments(Model):
    """What to repeat to get the same bytes again. Dates are ISO days, `dirty` is a share of rows (0 to 0.5)."""

    rows: int
    days: int
    seed: int
    dirty: float
    format: Literal["csv", "jsonl", "parquet"]
    gzip: bool
    end_date: str
    duplicate_file: bool
    late_file: bool


class GeneratedFile(Model):
    """One file. `rows` = `clean_rows` + `dirty_rows`; `size` (bytes) and `sha256` (hex) are of the file as it lies."""

    name: str
    role: Role
    rows: int
    clean_rows: int
    dirty_rows: int
    size: int
    sha256: str
    duplicate_of: str | None = None


class PlantedDirt(Model):
    """Every row of one kind of dirt. Each breaks at least `rules`, and may break more."""

    rules: tuple[str, ...]
    count: int
    rows: Mapping[str, tuple[int, ...]]


class Range(Model):
    """Both ends included."""

    min: int
    max: int


class Split(Model):
    """How the rows read divide: read = published + quarantined + duplicate."""

    read: int
    published: int
    quarantined: int
    duplicate: int


class ExpectedRows(Model):
    """The totals over all runs together, whatever the order and grouping of the files.

    `read` and `quarantined` are exact. A late row is published when its original was loaded by an earlier run, and
    makes its original a duplicate when both are in one run; so the other two have bounds, which meet without late file.
    """

    read: int
    quarantined: int
    published: Range
    duplicate: Range
    duplicate_files: int
    all_in_one_run: Split
    late_file_in_a_later_run: Split


class LateRows(Model):
    """What the late file holds; `updates` win over the stored rows, the others never change the table."""

    updates: int
    stale: int
    exact_duplicates: int


class DayTotals(Model):
    """The final rows of one day of `ordered_at` (UTC) and one currency. All sums include cancelled lines."""

    day: str
    currency: str
    rows: int
    units: int
    line_total: str
    cancelled_rows: int
    cancelled_units: int
    cancelled_line_total: str
    refunded_rows: int


class CurrencyTotals(Model):
    """The final rows of one currency over all days."""

    rows: int
    units: int
    line_total: str


class ExpectedTable(Model):
    """The state of `processed.transactions` once every file is loaded into an empty table, in any order."""

    rows: int
    by_status: Mapping[str, int]
    by_currency: Mapping[str, CurrencyTotals]
    by_day_and_currency: tuple[DayTotals, ...]


class Manifest(Model):
    """See the module. `dirt` is keyed by kind; a kind that was not planted is absent."""

    dataset: str
    arguments: Arguments
    files: tuple[GeneratedFile, ...]
    dirt: Mapping[str, PlantedDirt]
    late: LateRows
    expected_rows: ExpectedRows
    expected_table: ExpectedTable

    def write(self, directory: Path) -> Path:
        path = directory / MANIFEST_NAME
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Raise `FileNotFoundError` without a manifest, pydantic's `ValidationError` for one of another shape."""
        return cls.model_validate_json((directory / MANIFEST_NAME).read_bytes())
