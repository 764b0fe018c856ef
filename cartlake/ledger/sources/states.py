"""How far a source was read: its watermark, the sync that is open, and who works on it."""

from pydantic import Field

from cartlake.ledger.items.leases import LeasedState
from cartlake.ledger.models import Record


class OpenSync(Record):
    """A sync that has begun and is not done: its window of modification times, and what it has written so far.

    `since` and `until` are included; without `since` everything is read. `cursor` is where the source goes on. `known`
    are rows it wrote near the newest one, as `sources.known_rows` packs them. `read` counts all rows, also known ones.
    """

    sync_id: str
    since: str | None
    until: str
    cursor: str | None = None
    newest: str | None = None
    known: str = ""
    validators: dict[str, str] = Field(default_factory=dict)
    files: int = 0
    read: int = 0
    written: int = 0


class SourceState(LeasedState):
    """What the ledger knows of a source. `watermark` is the newest modification time of all syncs that are done.

    `validators` are the ETags of what was read last, by address.
    """

    source: str
    watermark: str | None = None
    known: str = ""
    validators: dict[str, str] = Field(default_factory=dict)
    open: OpenSync | None = None
    last: OpenSync | None = None
    ended_at: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the source."""
        return self.source

    @property
    def opened(self) -> OpenSync:
        """Return the sync that is open. Raises ValueError where there is none."""
        if self.open is None:
            raise ValueError(f"No sync of source {self.source} is open.")
        return self.open
