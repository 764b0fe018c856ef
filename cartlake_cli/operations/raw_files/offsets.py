"""Offsets of a topic held against rows: offsets = published + quarantined + duplicate, and what is not loaded yet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cartlake.ledger import FileState
from cartlake.ledger.streams.states import Totals
from cartlake.runs.documents import TransformReport
from cartlake_cli.operations.raw_files.streams import enabled_stream
from cartlake_cli.operations.run_documents import run_report
from sources.files import ForeignFileError
from sources.streams.files import RangeBucket, folder_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cartlake.ledger import FileRecord
    from cartlake.ledger.streams import StreamState
    from cartlake_cli.context import Lake

REFUSED = frozenset({FileState.REJECTED, FileState.FAILED})


class OffsetReport(BaseModel):
    """What became of the offsets of a topic, of all its incarnations.

    `offsets` = `landed` + `gaps` + `lost`, and `landed` = `loaded` + `repeated` + `refused` + `waiting`: messages in
    files that were loaded, whose content was loaded before, that were refused whole, and that are not loaded yet.
    `loaded` + `other` = `published` + `quarantined` + `duplicate`: the rows of the runs that loaded them, where `other`
    are rows of files that the same runs loaded and that are not of the topic.
    """

    topic: str
    offsets: int
    gaps: int
    lost: int
    landed: int
    loaded: int
    repeated: int
    refused: int
    waiting: int
    other: int
    published: int
    quarantined: int
    duplicate: int

    @property
    def faults(self) -> list[str]:
        """Return the sums that do not add up."""
        sums = {
            "offsets = landed + gaps + lost": (self.offsets, self.landed + self.gaps + self.lost),
            "landed = loaded + repeated + refused + waiting": (
                self.landed,
                self.loaded + self.repeated + self.refused + self.waiting,
            ),
            "loaded + other = published + quarantined + duplicate": (
                self.loaded + self.other,
                self.published + self.quarantined + self.duplicate,
            ),
        }
        return [f"{name}: {left:,} is not {right:,}" for name, (left, right) in sums.items() if left != right]


def offset_report(lake: Lake, topic: str) -> OffsetReport:
    """Return what became of the offsets of a topic. Raises CommandError for one that this lake does not read."""
    stream = enabled_stream(lake, topic)
    state = lake.ledger.streams.get(topic)
    folder = folder_of(stream.dataset, topic)
    listed = lake.ledger.files.list(stream.dataset)
    # What an erasure wrote anew is the file that it replaced.
    files = [one for one in listed if one.key.startswith(folder) and one.version_of is None]
    loaded = [one for one in files if one.state is FileState.LOADED]
    messages = _messages(files)
    totals = _totals(state)
    by_state = Counter[str]()
    for one in files:
        by_state["refused" if one.state in REFUSED else one.state] += messages[one.file_id]
    # A file whose event is on its way is landed, and the ledger has no record of it.
    unseen = totals["records"] - sum(messages.values())
    known = by_state[FileState.LOADED] + by_state[FileState.DUPLICATE] + by_state["refused"]
    return OffsetReport(
        topic=topic,
        offsets=totals["offsets"],
        gaps=totals["gaps"],
        lost=totals["lost"],
        landed=totals["records"],
        repeated=by_state[FileState.DUPLICATE],
        refused=by_state["refused"],
        waiting=sum(messages.values()) - known + max(unseen, 0),
        **_rows(lake, loaded),
    )


def _rows(lake: Lake, loaded: Sequence[FileRecord]) -> dict[str, int]:
    """Return the rows of the runs that loaded files: those of the files, and all by outcome."""
    ids = {one.file_id for one in loaded}
    reports = [run_report(lake, run, "transform", TransformReport) for run in sorted(_runs(loaded))]
    read = sum(count.rows_read for report in reports for count in report.files if count.file_id in ids)
    outcomes = {
        name: sum(getattr(report.rows, name) for report in reports)
        for name in ("published", "quarantined", "duplicate")
    }
    return {"loaded": read, "other": sum(report.rows.read for report in reports) - read, **outcomes}


def _runs(loaded: Iterable[FileRecord]) -> set[str]:
    return {one.run_id for one in loaded if one.run_id}


def _messages(files: Sequence[FileRecord]) -> dict[str, int]:
    """Return how many messages each file holds, by its id."""
    return {one.file_id: _messages_of(one) for one in files}


def _messages_of(file: FileRecord) -> int:
    try:
        found = RangeBucket(file.bucket).find(file.key)
    except ForeignFileError:  # an erasure rewrote it, without what the reader said of it
        found = None
    return found.records if found else file.row_estimate or 0


def _totals(state: StreamState) -> dict[str, Any]:
    every: list[Totals] = [state.totals, *(one.totals for one in state.past)]
    return {name: sum(getattr(one, name) for one in every) for name in Totals.model_fields}
