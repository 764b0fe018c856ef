"""One sync of a source: pages become files in the raw bucket, each row once, whatever ends it on the way.

The file is what counts, the ledger follows. A file of a number is written only if there is none, and says where the
sync goes on after it. Whoever resumes a sync that was killed between both finds the file, and takes it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from cartlake.ledger.sources import OpenSync, SourceState
from cartlake.times import parse, stamp, utc_now
from sources.errors import ClockError
from sources.files import WrittenFile, key_of
from sources.gathering import gathered
from sources.known_rows import KnownRows
from sources.model import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cartlake.ledger.sources import SourceLedger
    from sources.files import FileStore
    from sources.model import Page, Source, SourceInfo

ROWS_PER_FILE: Final = 5_000
"""A file is written once it has so many rows, so that a first sync does not leave a file for each page."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did. `read` = `written` + `known`; `done` is false where the time was over before the end."""

    source: str
    sync_id: str
    since: str | None
    until: str
    watermark: str | None
    read: int
    written: int
    known: int
    files: int
    done: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Syncer:
    """Reads sources. `has_time` is asked between pages; `now` is the clock of this machine, for leases only."""

    ledger: SourceLedger
    files: FileStore
    has_time: Callable[[], bool] = lambda: True
    now: Callable[[], datetime] = utc_now
    rows_per_file: int = ROWS_PER_FILE
    holder: str = field(default_factory=lambda: uuid4().hex)

    def sync(self, source: Source, since: datetime | None = None) -> SyncResult:
        """Read what was modified since the last sync, or go on with a sync that is open.

        `since` forgets how far the source was read, and reads from that moment on. Raises SourceBusyError while another
        sync is at work, ClockError when the source's clock is before its newest row, and the errors of `Source.pages`.
        After any error the next sync goes on behind the last file.
        """
        state = self.ledger.take(source.info.name, self.holder, self.now())
        try:
            begun = self._begun(source, state, since)
            state = self._read(source, begun if begun is state else self._save(begun))
            state = self.ledger.release(state, self.now())
        except Exception as error:
            self.ledger.give_up(source.info.name, self.holder, error, self.now(), ended_at=stamp(self.now()))
            raise
        return _result(state, dry_run=False)

    def look(self, source: Source, since: datetime | None = None) -> SyncResult:
        """Read as `sync` would, and write nothing: neither files nor the ledger."""
        looking = _Looking(self.ledger, _NoFiles(self.files), self.has_time, self.now, self.rows_per_file)
        return looking.sync(source, since)

    def _begun(self, source: Source, state: SourceState, since: datetime | None) -> SourceState:
        """Return a state with an open sync; the same one if it has one already."""
        if since is not None:
            state = state.model_copy(update={"watermark": stamp(since), "known": "", "validators": {}, "open": None})
        if state.open is not None:
            return state
        until = source.now()
        if state.watermark and until < parse(state.watermark):
            raise ClockError(
                f"The clock of {state.source} says {stamp(until)}, but rows of {state.watermark} were read already. "
                f"Nothing was read now. Wait until it is right, or begin anew: lake sync {state.source} --since TIME."
            )
        start = since or (parse(state.watermark) - source.info.overlap if state.watermark else None)
        opened = OpenSync(
            sync_id=f"{until:%Y%m%dT%H%M%SZ}-{state.revision:06d}",  # no two syncs have the same revision
            since=stamp(start) if start else None,
            until=stamp(until),
            newest=state.watermark,
        )
        return state.model_copy(update={"open": opened})

    def _read(self, source: Source, state: SourceState) -> SourceState:
        """Take the files that are there, and write those that are not, until the sync is done or the time is over."""
        pages: Iterator[Page] | None = None
        while (opened := state.open) and self.has_time():
            key = key_of(state.source, opened.sync_id, opened.files + 1)
            file, validators = self.files.find(key), dict(opened.validators)
            if file is not None:
                pages = None  # they begin behind the file
            else:
                pages = pages or source.pages(_window(state, opened), opened.cursor)
                file = gathered(source.info, state, pages, validators, self._is_full)
                if file.rows and not self.files.create(key, file):
                    continue  # another sync wrote this file: it is found now
            state = self._save(_advanced(source.info, state, file, validators))
        return state

    def _is_full(self, rows: int) -> bool:
        return rows >= self.rows_per_file or not self.has_time()

    def _save(self, state: SourceState) -> SourceState:
        return self.ledger.save(state, self.now())


@dataclass(frozen=True, slots=True)
class _Looking(Syncer):
    """Reads, and keeps no state."""

    def sync(self, source: Source, since: datetime | None = None) -> SyncResult:
        begun = self._begun(source, self.ledger.get(source.info.name), since)
        return _result(self._read(source, begun), dry_run=True)

    def _save(self, state: SourceState) -> SourceState:
        return state


@dataclass(frozen=True, slots=True)
class _NoFiles:
    """Finds files, and writes none."""

    files: FileStore

    def find(self, key: str) -> WrittenFile | None:
        return self.files.find(key)

    def create(self, _key: str, _file: WrittenFile) -> bool:
        return True


def _window(state: SourceState, opened: OpenSync) -> Window:
    return Window(parse(opened.since) if opened.since else None, parse(opened.until), state.validators)


def _advanced(info: SourceInfo, state: SourceState, file: WrittenFile, validators: dict[str, str]) -> SourceState:
    """Return the state after a file, that of a sync that is done where no cursor follows."""
    opened = state.opened
    known = KnownRows.unpack(opened.known)
    for row in file.rows:
        known.add(info, row)
    _forget_old(info, known, file.newest)
    after = opened.model_copy(
        update={
            "cursor": file.cursor,
            "newest": file.newest,
            "known": known.pack(),
            "validators": validators,
            "files": opened.files + bool(file.rows),
            "read": opened.read + file.read,
            "written": opened.written + len(file.rows),
        }
    )
    return state.model_copy(update={"open": after} if file.cursor is not None else _closed(info, state, after))


def _closed(info: SourceInfo, state: SourceState, opened: OpenSync) -> dict[str, object]:
    # Not before the end: rows that were known when the sync began may come in any page of it.
    known = KnownRows.unpack(state.known, opened.known)
    _forget_old(info, known, opened.newest)
    return {
        "open": None,
        "watermark": opened.newest,
        "known": known.pack(),
        "validators": state.validators | opened.validators,
        "last": opened.model_copy(update={"known": "", "validators": {}}),
        "ended_at": stamp(utc_now()),
        "error": None,
    }


def _forget_old(info: SourceInfo, known: KnownRows, newest: str | None) -> None:
    """Forget the rows that the overlap of the next sync will not bring again."""
    if newest:
        known.forget_before(parse(newest) - info.overlap)


def _result(state: SourceState, *, dry_run: bool) -> SyncResult:
    of = state.open or state.last
    assert of is not None  # noqa: S101 - a state that was read has one or the other
    return SyncResult(
        source=state.source,
        sync_id=of.sync_id,
        since=of.since,
        until=of.until,
        watermark=state.watermark,
        read=of.read,
        written=of.written,
        known=of.read - of.written,
        files=of.files,
        done=state.open is None,
        dry_run=dry_run,
    )
