"""Cut a backfill into slices, newest days first: pure rules over the files it reads again.

Newest first, because later files have newer versions of rows as a rule: then an older row never waits for a slice that
is still to come. Whole days, because files of one day belong together as a rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from cartlake.ledger import FileRecord, Slice
from cartlake.runs.engine_choice import MEGABYTE, EngineLimits, expanded_bytes

LIGHT_FILES: Final = 1_000
"""Files in a slice for the light engine, as in any run."""

SPARK_FILES: Final = 5_000
SPARK_BYTES: Final = 20_000 * MEGABYTE
"""The largest slice for Spark, in expanded bytes. Each slice starts a job, so that they are larger than light ones."""


@dataclass(frozen=True, slots=True)
class SliceLimits:
    """The largest slice: files, expanded bytes and rows by the validator's estimate. A single file may exceed it."""

    files: float
    expanded: float
    rows: float


@dataclass(frozen=True, slots=True)
class SizedFile:
    """What a slice has to know of a file: its place in the order of reception, expanded bytes and estimated rows."""

    reception: str
    expanded: int
    rows: int

    @classmethod
    def of(cls, file: FileRecord) -> "SizedFile":
        size = expanded_bytes(file.size, file.expanded_size, file.format)
        return cls(file.reception, size, file.row_estimate or 0)

    @property
    def day(self) -> str:
        return self.reception[:10]


def slice_limits(engine: str, limits: EngineLimits, too_large: int | None) -> SliceLimits:
    """Return the largest slice for an engine. `too_large` is a batch in bytes that the light engine gave up lately."""
    if engine == "spark":
        return SliceLimits(SPARK_FILES, SPARK_BYTES, float("inf"))
    expanded = limits.expanded if too_large is None else min(limits.expanded, too_large / 2)
    return SliceLimits(LIGHT_FILES, expanded, limits.rows)


def cut(files: Sequence[SizedFile], limits: SliceLimits, *, after: int = 0) -> list[Slice]:
    """Return the slices of these files, given oldest first, in the order in which they are done: newest first.

    Days stay whole unless one alone exceeds the limits. Numbers begin behind `after`.
    """
    return [_slice(number, group) for number, group in enumerate(_groups(files, limits), start=after + 1)]


def _groups(files: Sequence[SizedFile], limits: SliceLimits) -> Iterator[list[SizedFile]]:
    """Yield the files of each slice, oldest first within it."""
    group: list[SizedFile] = []
    for _, of_day in groupby(reversed(files), key=lambda file: file.day):
        day = list(of_day)[::-1]
        if group and not fits([*day, *group], limits):
            yield group
            group = []
        if fits(day, limits):
            group = [*day, *group]
        else:
            *whole, group = _parts(day, limits)
            yield from whole
    if group:
        yield group


def _parts(day: Sequence[SizedFile], limits: SliceLimits) -> list[list[SizedFile]]:
    """Cut a day that is too large, the newest files first."""
    parts: list[list[SizedFile]] = [[]]
    for file in reversed(day):
        if parts[-1] and not fits([file, *parts[-1]], limits):
            parts.append([])
        parts[-1].insert(0, file)
    return parts


def fits(files: Sequence[SizedFile], limits: SliceLimits) -> bool:
    """Return whether the files are within the limits together."""
    size, rows = sum(file.expanded for file in files), sum(file.rows for file in files)
    return len(files) <= limits.files and size <= limits.expanded and rows <= limits.rows


def _slice(number: int, files: Sequence[SizedFile]) -> Slice:
    return Slice(
        number=number,
        first=date.fromisoformat(files[0].day),
        last=date.fromisoformat(files[-1].day),
        first_key=files[0].reception,
        last_key=files[-1].reception,
        files=len(files),
        size=sum(file.expanded for file in files),
        rows=sum(file.rows for file in files),
    )


def to_read_again(
    slices: Sequence[Slice], done: Slice, loads: Sequence[tuple[str, Sequence[SizedFile]]]
) -> list[Slice]:
    """Return the slices that are read a second time, because rows of `done` were withdrawn or rank lower now.

    Rows that had lost to those may be the newest of their keys then: rows of slices before it, and of runs that loaded
    new files since the backfill began, given as `loads`. No slice and no run is read again twice.
    """
    known = {(one.first_key, one.of_run) for one in slices if one.again}
    lost = [
        one
        for one in slices[: done.number - 1]
        if one.outranked and not one.again and (one.first_key, one.of_run) not in known
    ]
    between = [(run_id, files) for run_id, files in loads if files and run_id not in {run for _, run in known}]
    found = [*lost, *(_slice(0, files).model_copy(update={"of_run": run_id}) for run_id, files in between)]
    fresh = {"again": True, "run_id": None, "outranked": 0}
    return [
        one.model_copy(update={**fresh, "number": number}) for number, one in enumerate(found, start=len(slices) + 1)
    ]
