"""Files that the ledger has no record of, or no verdict on: they are announced to the validator again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cartlake.ledger import Announcement, FileState, Ledger, ObjectVersion
from cartlake.raw_listing import Place, compared
from cartlake.times import parse
from lambdas.lake_sweeper import adapters
from lambdas.lake_sweeper.domain import is_due, is_old

MOST_NAMED = 20
"""How many files an answer names; the log has all of them."""


@dataclass(slots=True)
class FoundFiles:
    """What was found in the raw zone; `rest` is where the listing goes on, None when it is complete."""

    versions: int = 0
    unrecorded: int = 0
    unjudged: int = 0
    announced: int = 0
    keys: list[str] = field(default_factory=list)
    rest: Place | None = None


@dataclass(frozen=True, slots=True)
class FileSweep:
    """Announces files. A `dry_run` only counts them."""

    ledger: Ledger
    bucket: str
    now: datetime
    grace: timedelta
    dry_run: bool

    def unjudged(self, found: FoundFiles) -> None:
        """Announce files that were received, and whose validation never ended."""
        records = [
            file
            for dataset in self.ledger.files.datasets()
            for file in self.ledger.files.list(dataset, FileState.RECEIVED)
        ]
        # The index lags: a file may have its verdict by now. To announce it again has no effect then.
        lost = [file for file in records if is_old(parse(file.updated_at), self.now, self.grace)]
        found.unjudged += len(lost)
        earlier = self.ledger.announcements.all() if lost else {}
        versions = [file.version for file in lost]
        self._announce(found, versions, earlier)

    def unrecorded(
        self, found: FoundFiles, after: Place | None, since: datetime | None, has_time: Callable[[], bool]
    ) -> None:
        """Announce files the ledger does not know; stops with `found.rest` when there is no time left."""
        earlier = self.ledger.announcements.all()
        for part in compared(self.ledger, self.bucket, after, since):
            lost = [one for one in part.unrecorded if is_old(one.written_at, self.now, self.grace)]
            found.versions += part.versions
            found.unrecorded += len(lost)
            self._announce(found, [one.version for one in lost], earlier)
            if not has_time():
                found.rest = part.end
                return

    def forget(self) -> None:
        """Forget announcements of files that have a verdict by now."""
        announced = self.ledger.announcements.all()
        known = self.ledger.files.get_many(list(announced))
        self.ledger.announcements.forget(file.file_id for file in known if file.state is not FileState.RECEIVED)

    def _announce(self, found: FoundFiles, versions: list[ObjectVersion], earlier: Mapping[str, Announcement]) -> None:
        found.keys += [version.key for version in versions[: MOST_NAMED - len(found.keys)]]
        due = [version for version in versions if is_due(earlier.get(version.file_id), self.now, self.grace)]
        found.announced += len(due)
        if self.dry_run:
            return
        for version in due:
            adapters.announce(version, self.now)
            # After the message: if this fails, the file is announced again, which has no effect.
            self.ledger.announcements.note(version.file_id, earlier.get(version.file_id), self.now)
