"""What a read of a server did."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from cartlake.ledger.sftp import ListingCounts

Outcome: TypeAlias = Literal["fetched", "known", "waiting", "refused"]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one listed file. `why` says it of those that were not fetched."""

    file: str
    bytes: int
    outcome: Outcome
    why: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What one read did with each file that was listed; `done` is false where the time was over before the last one.

    `settles_in` is in how many seconds the last of the files that were seen, and may still be written, can be read;
    None where none is. `alarming` are files that were refused for the first time minutes ago.
    """

    server: str
    dataset: str
    outcomes: tuple[FileOutcome, ...]
    settles_in: int | None
    alarming: tuple[str, ...]
    done: bool
    dry_run: bool

    @property
    def counts(self) -> ListingCounts:
        """Return how many files were listed, fetched, known, waiting and refused."""
        counted = Counter[str](one.outcome for one in self.outcomes)
        return ListingCounts(listed=len(self.outcomes), **counted)

    def answer(self) -> dict[str, Any]:
        """Return the result as JSON values. Files that were known are counted alone: there may be many."""
        files = [asdict(one) for one in self.outcomes if one.outcome != "known" or one.why]
        return {
            "server": self.server,
            "dataset": self.dataset,
            **self.counts.model_dump(),
            "settles_in": self.settles_in,
            "dry_run": self.dry_run,
            "files": files[:MOST_FILES],
        }


MOST_FILES = 1_000
"""How many files an answer names: an answer of a function has 6 MB at most."""
