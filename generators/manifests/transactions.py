"""The manifest of order lines alone: what was generated, and what the lake must make of it."""

from collections.abc import Mapping
from typing import Literal

from generators.manifests.models import ExpectedTable, GeneratedFile, ManifestModel, Model, PlantedDirt


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
    makes its original a duplicate when both are in one run; so the other two are ranges, equal without a late file.
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


class Manifest(ManifestModel):
    """The whole manifest. `dirt` is keyed by kind; a kind that was not planted is absent."""

    dataset: str
    arguments: Arguments
    files: tuple[GeneratedFile, ...]
    dirt: Mapping[str, PlantedDirt]
    late: LateRows
    expected_rows: ExpectedRows
    expected_table: ExpectedTable

    def file_names(self) -> list[str]:
        return [file.name for file in self.files]
