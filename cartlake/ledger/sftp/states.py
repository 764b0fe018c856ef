"""What the ledger knows of a server, of each file in its folder, and of each content that came from it."""

from enum import StrEnum

from cartlake.ledger.items.leases import LeasedState
from cartlake.ledger.models import Record


class ListedState(StrEnum):
    """What became of a file on the server."""

    WAITING = "WAITING"
    """It was seen, and may still be written."""
    READ = "READ"
    """Its content is in the raw bucket."""
    REFUSED = "REFUSED"
    """It is not read; `why` says the reason."""


class ListedFile(Record):
    """A file as it was listed: `size` in bytes, `modified` in seconds since 1970 by the server's clock.

    `seen_at` is when it was first listed with these two, by the lake's clock. `refused_at` is when it was first
    refused.
    """

    file_id: str
    path: str
    size: int
    modified: int
    seen_at: str
    state: ListedState = ListedState.WAITING
    why: str | None = None
    refused_at: str | None = None
    sha256: str | None = None
    key: str | None = None
    read_at: str | None = None

    def looks_like(self, size: int, modified: int) -> bool:
        """Return whether the file had this size and modification time."""
        return (self.size, self.modified) == (size, modified)


class LandedContent(Record):
    """A content that is, or is about to be, the object `key`; `landed_at` is None until the object is known to exist.

    `path` is the name under which it was first read.
    """

    sha256: str
    key: str
    path: str
    size: int
    claimed_at: str
    landed_at: str | None = None


class ListingCounts(Record):
    """What one read found: `listed` = `fetched` + `known` + `waiting` + `refused`."""

    listed: int = 0
    fetched: int = 0
    known: int = 0
    waiting: int = 0
    refused: int = 0


class ServerState(LeasedState):
    """What the ledger knows of a server: the counts of the last read that ended well, and why a later one did not."""

    server: str
    last: ListingCounts | None = None
    ended_at: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the server in the lake's settings."""
        return self.server
