"""What every manifest holds: files, planted rows, totals. The manifest is `manifest.json`, written beside the files.

A manifest holds no path, clock or host, so the same arguments give the same bytes. Rows are numbered from 1 and count
data rows only: row 1 of a CSV file is its second line. Money is a decimal string, never a float.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict

MANIFEST_NAME: Final = "manifest.json"

Role = Literal["daily", "late", "duplicate"]


class Model(BaseModel):
    """Immutable, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ManifestModel(Model):
    """A whole manifest."""

    def file_names(self) -> list[str]:
        """The names of all generated files, relative to the manifest."""
        raise NotImplementedError

    def write(self, directory: Path) -> Path:
        """Write `manifest.json` and return its path."""
        path = directory / MANIFEST_NAME
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Return the manifest in a directory.

        Raises `FileNotFoundError` without one, pydantic's `ValidationError` for one of another shape.
        """
        return cls.model_validate_json((directory / MANIFEST_NAME).read_bytes())


class GeneratedFile(Model):
    """One file. `rows` = `clean_rows` + `dirty_rows`; `size` (bytes) and `sha256` (hex) are of the file as stored."""

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
