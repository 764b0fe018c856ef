"""How late an event may be: the time between the event and its message, held against the contract's horizon."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cartlake.contracts.names import column_of, written_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake.contracts import Contract

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE: Final = re.compile(r" ?(UTC|GMT|[Zz]|(?<=:\d\d) ?[+-]\d\d(:?\d\d)?)$")


@dataclass(frozen=True, slots=True)
class Horizon:
    """The event-time column by the names that messages give it, and how long before its message an event may be.

    The time of a message is the one that the broker has: a lake that reads late makes no event late.
    """

    names: Mapping[str, str]
    column: str
    most: timedelta | None
    loose: bool = False

    def is_late(self, row: Mapping[str, Any], timestamp: int) -> bool:
        """Return whether an event is later than the horizon. A time that cannot be read is for the engines to judge."""
        if self.most is None:
            return False
        moment = next((event_at(value) for name, value in row.items() if self._is_column(name)), None)
        return moment is not None and _EPOCH + timedelta(milliseconds=timestamp) - moment > self.most

    def _is_column(self, name: str) -> bool:
        return column_of(name, self.names, loose=self.loose) == self.column


NO_HORIZON: Final = Horizon({}, "", None)


def horizon_of(contract: Contract) -> Horizon:
    """Return the horizon of a contract's stream."""
    hours = contract.stream.horizon_hours if contract.stream else None
    if hours is None:
        return NO_HORIZON
    names = written_names((column.name, column.aliases) for column in contract.table.file_columns)
    return Horizon(
        names, str(contract.table.event_time), timedelta(hours=hours), loose=contract.file_options.names == "loose"
    )


def event_at(value: object) -> datetime | None:
    """Return a time as engines read it (`cartlake.contracts.casts`), in UTC unless it names an offset; else None."""
    if not isinstance(value, str):
        return None
    text = value.strip(" ")
    if (zone := _ZONE.search(text)) is not None:
        text = text[: zone.start()] + re.sub(r" |UTC|GMT|[Zz]", "", zone[0])
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
