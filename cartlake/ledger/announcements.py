"""What was announced before, so that it is announced less often.

Files that a sweep announced again because they were not on record, until they are: one that cannot be validated does
not fill the dead-letter queue. And how many mails about rejected files of a dataset were sent in the current hour.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.items.table import Key, Table, delete, put, update
from cartlake.ledger.models import Announcement
from cartlake.times import stamp

_ALL: Final = "ANNOUNCED"
_NOTICES: Final = "NOTICES"
_TO_THE_HOUR: Final = len("2026-01-31T08")


class AnnouncementLedger:
    """The announcements of sweeps, by file."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> Mapping[str, Announcement]:
        """Return every announcement by file id; strongly consistent."""
        return {str(item["sk"]): Announcement.model_validate(item) for item in self._table.query(_ALL)}

    def note(self, file_id: str, earlier: Announcement | None, now: datetime) -> None:
        """Record that a file was announced now; `earlier` is the announcement before, None if there was none."""
        noted = Announcement(at=stamp(now), times=earlier.times + 1 if earlier else 1)
        self._table.write(put(Key(_ALL, file_id), noted.model_dump()))

    def forget(self, file_ids: Iterable[str]) -> None:
        """Delete the announcements of files that are on record by now."""
        for file_id in file_ids:
            self._table.write(delete(Key(_ALL, file_id)))


class NoticeLedger:
    """The counters of all datasets, one item each: a new hour begins at 1."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def next(self, dataset: str, now: datetime) -> int:
        """Count one more notice about a dataset, and return how many there are in this hour of the clock."""
        key, hour = Key(_NOTICES, dataset), stamp(now)[:_TO_THE_HOUR]
        if self._table.try_write(update(key, {}, when=Attr("at_hour").eq(hour), add={"notices": 1})):
            return int((self._table.get(key) or {}).get("notices", 1))
        self._table.write(put(key, {"at_hour": hour, "notices": 1}))
        return 1
