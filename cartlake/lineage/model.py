"""One run in the terms of lineage: what it read, what it wrote, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Kind = Literal[
    "IDENTITY", "TRANSFORMATION", "AGGREGATION", "CONDITIONAL", "WINDOW", "JOIN", "FILTER", "GROUP_BY", "SORT"
]
"""How a column is used, by the subtypes of OpenLineage. The first three are values of it, the others decide."""


class EventKind(StrEnum):
    """What an event says of its run."""

    START = "START"
    COMPLETE = "COMPLETE"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, order=True)
class SourceColumn:
    """A column that another is made of, and how. `table` is a table of a contract, or a folder of dropped files."""

    table: str
    column: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class TableSources:
    """What each column of a table is made of, and the columns that decide which rows it has (`rows`).

    A column without sources counts rows, is a constant or is made by the lake.
    """

    columns: Mapping[str, tuple[SourceColumn, ...]]
    rows: tuple[SourceColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a rule of a contract: how many rows or which value was measured, and whether that is allowed."""

    rule: str
    passed: bool
    severity: str
    measured: float | None
    expected: str = ""


@dataclass(frozen=True, slots=True)
class LineageDataset:
    """A dataset by OpenLineage's naming: an object or a folder of S3, or a table of the Glue catalog.

    `table` is the table by its contract, None for files. `size` is in bytes. `version` is a version of an object or a
    snapshot of a table. `schema` has the columns with their types.
    """

    namespace: str
    name: str
    table: str | None = None
    rows: int | None = None
    size: int | None = None
    version: str | None = None
    sha256: str | None = None
    schema: tuple[tuple[str, str], ...] = ()
    sources: TableSources | None = None
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class LineageRun:
    """One run. Times are ISO 8601; `ended_at` is None as long as it is at work, `error` if it did not fail.

    `about` are further facts of the run, by name.
    """

    run_id: str
    run_uuid: str
    workflow: str
    job: str
    nominal_at: str
    started_at: str
    ended_at: str | None = None
    error: str | None = None
    execution_arn: str | None = None
    engine: tuple[str, str] | None = None
    inputs: tuple[LineageDataset, ...] = ()
    outputs: tuple[LineageDataset, ...] = ()
    about: Mapping[str, object] = field(default_factory=dict)

    @property
    def kind(self) -> EventKind:
        """Return what the last event of the run says."""
        if self.ended_at is None:
            return EventKind.START
        return EventKind.FAIL if self.error is not None else EventKind.COMPLETE
