"""Reads a server: each finished file becomes one object in the raw bucket, whatever ends the read on the way.

A content is claimed in the ledger before its object is written, and the claim says its key. Whoever finds a claim whose
object may be missing writes the same object, unless it is there. So a content has one object, under whatever names it
is found, and no object is overwritten.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

from cartlake.ledger.sftp import LandedContent, ListedFile, ListedState, ServerState
from cartlake.times import parse, stamp, utc_now
from sources.sftp.judging import judged, refused, seen
from sources.sftp.model import MB, FileChangedError, OutOfTimeError, UnreadableFileError
from sources.sftp.names import object_key
from sources.sftp.results import FetchResult, FileOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from cartlake.ledger.sftp import SftpLedger
    from sources.sftp.judging import FileLimits, Judgement
    from sources.sftp.model import RemoteFile, Server

RENEWED_AFTER: Final = timedelta(seconds=60)
"""How old a lease gets during a copy before it is extended. It lasts five minutes."""
ALARMING_FOR: Final = timedelta(minutes=10)
"""How long after its first refusal a file fails scheduled reads: longer than Lambda takes for the tries of a call."""


class ObjectStore(Protocol):
    """Where copies go."""

    def create(self, content: LandedContent, body: BinaryIO) -> None:
        """Write the object of a content, unless it is there already."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What is read: a server by its name, the dataset that its files are of, and what is taken."""

    name: str
    dataset: str
    server: Server
    settle: timedelta
    limits: FileLimits


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Reads servers. `has_time` is asked between files and while one is copied; `now` is the clock of this machine."""

    ledger: SftpLedger
    objects: ObjectStore
    has_time: Callable[[], bool] = lambda: True
    now: Callable[[], datetime] = utc_now
    holder: str = field(default_factory=lambda: uuid4().hex)

    def fetch(self, folder: Folder) -> FetchResult:
        """Copy the files that are finished and were not read before.

        Raises SourceBusyError while another reader is at work, and the errors of the server. After any error the next
        read goes on behind the last file. A file that cannot be read holds no other: it is an outcome, not an error.
        """
        state = self.ledger.take(folder.name, self.holder, self.now())
        try:
            return _Read(self, folder, state).run()
        except Exception as error:
            self.ledger.give_up(folder.name, self.holder, error, self.now(), ended_at=stamp(self.now()))
            raise

    def look(self, folder: Folder) -> FetchResult:
        """Say what `fetch` would do, and copy and write nothing. Of files to fetch the content is not known yet."""
        noted, now = self.ledger.files(folder.name), self.now()
        outcomes, waits = [], []
        for file in _in_order(folder.server.files()):
            found = judged(file, noted.get(file.file_id), now, folder.settle, folder.limits)
            outcomes.append(FileOutcome(file.path, file.size, found.outcome or "fetched", found.why))
            waits.append(found.settles_in)
        return _result(folder, outcomes, waits, dry_run=True)


class _Read:
    """One read of a server, under its lease."""

    def __init__(self, fetcher: Fetcher, folder: Folder, state: ServerState) -> None:
        self._of, self._folder, self._state = fetcher, folder, state
        self._leased_at = fetcher.now()
        self._copied = 0
        self._done = True
        self._refusals: list[ListedFile] = []

    def run(self) -> FetchResult:
        ledger, name = self._of.ledger, self._folder.name
        files, noted = _in_order(self._folder.server.files()), ledger.files(name)
        now = self._of.now()
        rules = self._folder.settle, self._folder.limits
        found = {file.file_id: judged(file, noted.get(file.file_id), now, *rules) for file in files}
        changed = [one.noted for key, one in found.items() if one.noted is not None and one.noted is not noted.get(key)]
        ledger.note(name, changed, [key for key in noted if key not in found])
        outcomes = []
        # A file that was refused may take all the time there is, so it comes last.
        for file in sorted(files, key=lambda file: _was_refused(noted.get(file.file_id))):
            judgement = found[file.file_id]
            outcomes.append(self._outcome(file, judgement))
        waits = [one.settles_in for one in found.values()]
        result = _result(self._folder, outcomes, waits)
        result = replace(result, alarming=self._alarming(), done=self._done)
        ended = {"last": result.counts, "ended_at": stamp(self._of.now()), "error": None}
        ledger.release(self._state.model_copy(update=ended), self._of.now())
        return result

    def _outcome(self, file: RemoteFile, judgement: Judgement) -> FileOutcome:
        if judgement.outcome == "refused" and judgement.noted is not None:
            self._refusals.append(judgement.noted)
        if judgement.outcome is None and judgement.noted is not None:
            return self._read(file, judgement.noted)
        return FileOutcome(file.path, file.size, judgement.outcome or "waiting", judgement.why)

    def _read(self, file: RemoteFile, noted: ListedFile) -> FileOutcome:
        """Copy a file and land it; returns what became of it."""
        if not self._of.has_time():
            self._done = False
            return FileOutcome(file.path, file.size, "waiting", "The time of this call was over.")
        with tempfile.TemporaryFile() as body:
            try:
                sha256 = self._folder.server.copy(file, body, self._tick)
            except FileChangedError as error:
                return self._changed(file, error)
            except OutOfTimeError:
                return self._out_of_time(file, noted)
            except UnreadableFileError as error:
                return self._refused(file, noted, str(error))
            self._copied += 1
            return self._landed(file, noted, sha256, body)

    def _landed(self, file: RemoteFile, noted: ListedFile, sha256: str, body: BinaryIO) -> FileOutcome:
        folder, ledger = self._folder, self._of.ledger
        key = object_key(folder.name, folder.dataset, sha256, file.path)
        at = stamp(self._of.now())
        content = LandedContent(sha256=sha256, key=key, path=file.path, size=file.size, claimed_at=at)
        claimed = ledger.claim(folder.name, folder.dataset, content)
        is_new = claimed.landed_at is None
        if is_new:
            self._renew()  # the object may take minutes
            self._of.objects.create(claimed, body)
            claimed = claimed.model_copy(update={"landed_at": stamp(self._of.now())})
        read = {"state": ListedState.READ, "sha256": sha256, "key": claimed.key, "read_at": at, "why": None}
        ledger.landed(folder.name, folder.dataset, claimed, noted.model_copy(update={**read, "refused_at": None}))
        if is_new:
            return FileOutcome(file.path, file.size, "fetched", key=claimed.key)
        return FileOutcome(file.path, file.size, "known", f"Its content was read as {claimed.path!r}.", claimed.key)

    def _changed(self, file: RemoteFile, error: FileChangedError) -> FileOutcome:
        if error.now is not None:
            self._of.ledger.note(self._folder.name, [seen(error.now, self._of.now())])
        return FileOutcome(file.path, file.size, "waiting", str(error))

    def _out_of_time(self, file: RemoteFile, noted: ListedFile) -> FileOutcome:
        self._done = False
        if self._copied:
            return FileOutcome(file.path, file.size, "waiting", "The time of this call was over.")
        # It was the first of this call, so no call has time enough for it.
        why = (
            f"Its {file.size / MB:,.1f} MB did not come within the time of one call of the function, about 13 minutes. "
            f"Ask the vendor for smaller files, or for a faster server."
        )
        self._done = True
        return self._refused(file, noted, why)

    def _refused(self, file: RemoteFile, noted: ListedFile, why: str) -> FileOutcome:
        self._refusals.append(refused(file, noted, why, self._of.now()))
        self._of.ledger.note(self._folder.name, self._refusals[-1:])
        return FileOutcome(file.path, file.size, "refused", why)

    def _alarming(self) -> tuple[str, ...]:
        since = self._of.now() - ALARMING_FOR
        return tuple(one.path for one in self._refusals if one.refused_at is not None and parse(one.refused_at) > since)

    def _tick(self, _read: int) -> None:
        if not self._of.has_time():
            raise OutOfTimeError
        if self._of.now() - self._leased_at > RENEWED_AFTER:
            self._renew()

    def _renew(self) -> None:
        """Extend the lease. Raises SyncReplacedError where another reader has it by now."""
        self._state = self._of.ledger.save(self._state, self._of.now())
        self._leased_at = self._of.now()


def _was_refused(noted: ListedFile | None) -> bool:
    return noted is not None and noted.state is ListedState.REFUSED


def _in_order(files: Iterable[RemoteFile]) -> list[RemoteFile]:
    """Return files with the oldest first, so that versions of a row come in their order."""
    return sorted(files, key=lambda file: (file.modified, file.path))


def _result(
    folder: Folder, outcomes: Iterable[FileOutcome], waits: Iterable[int | None], *, dry_run: bool = False
) -> FetchResult:
    settles_in = max((one for one in waits if one is not None), default=None)
    return FetchResult(folder.name, folder.dataset, tuple(outcomes), settles_in, (), done=True, dry_run=dry_run)
