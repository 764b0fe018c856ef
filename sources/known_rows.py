"""Rows near the newest one that were written before: what the overlap of the next sync brings again is left out."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sources.model import Row, SourceInfo

MOST_ROWS: Final = 8_000
"""How many rows are remembered, the newest, of all syncs before and as many of the open one: 340 KB, where an item of
DynamoDB holds 400 KB. Of a larger overlap the oldest rows are
written again, and the table counts them as duplicates."""

_PACKED: Final = struct.Struct(">8sq")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def modified_at(info: SourceInfo, row: Row) -> datetime:
    """Return when a row was modified; a date, and a time without zone, are taken as UTC."""
    moment = datetime.fromisoformat(row[info.modified_column])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def digest_of(info: SourceInfo, row: Row) -> bytes:
    """Return 8 bytes that stand for the values of a row, whatever the order of its columns."""
    stable = {name: value for name, value in row.items() if name not in info.unstable_columns}
    return blake2b(json.dumps(stable, sort_keys=True).encode(), digest_size=8).digest()


@dataclass(slots=True)
class KnownRows:
    """Digests of rows, with their modification times in microseconds since 1970."""

    times: dict[bytes, int] = field(default_factory=dict)

    @classmethod
    def unpack(cls, *texts: str) -> KnownRows:
        """Return the rows of all texts that `pack` wrote."""
        return cls({digest: time for text in texts for digest, time in _PACKED.iter_unpack(base64.b64decode(text))})

    def pack(self) -> str:
        """Return the rows as text, as many as the ledger holds."""
        newest = sorted(self.times.items(), key=lambda known: known[1])[-MOST_ROWS:]
        return base64.b64encode(b"".join(_PACKED.pack(*known) for known in newest)).decode()

    def add(self, info: SourceInfo, row: Row) -> bool:
        """Remember a row. Returns False if it was known."""
        digest = digest_of(info, row)
        is_new = digest not in self.times
        self.times[digest] = _micros(modified_at(info, row))
        return is_new

    def forget_before(self, moment: datetime) -> None:
        """Forget the rows that were modified before a moment."""
        first = _micros(moment)
        self.times = {digest: time for digest, time in self.times.items() if time >= first}


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
