"""What a source is: it gives the rows of a window of modification times, page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

Row: TypeAlias = dict[str, Any]
"""One version of one record: JSON values by column."""


@dataclass(frozen=True, slots=True)
class Window:
    """The modification times that a sync reads, both included; without `since` all up to `until`.

    `validators` are the ETags of what the last sync read, by address.
    """

    since: datetime | None
    until: datetime
    validators: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor of the page after it; None where it is the last one."""

    rows: tuple[Row, ...]
    cursor: str | None
    validators: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is the same for all syncs of a source.

    `name` is that of its dataset, and so of its contract. `modified_column` holds the modification time of a row, as
    ISO 8601. A row that was read before is known by its values, without those of `unstable_columns`: what differs each
    time although nothing was modified. `overlap` is how long before the newest row the next sync begins, because a
    source may show a row that late.
    """

    name: str
    modified_column: str
    overlap: timedelta
    unstable_columns: frozenset[str] = frozenset()


class Source(Protocol):
    """A system that is read."""

    @property
    def info(self) -> SourceInfo:
        """Return what is the same for all syncs."""

    def now(self) -> datetime:
        """Return the time by the clock that modification times are of. Raises what `pages` raises."""

    def pages(self, window: Window, cursor: str | None) -> Iterator[Page]:
        """Yield the pages of a window from a cursor on, None for the first page.

        A cursor stands for rows, not for a number of them: rows that are modified meanwhile must shift no page. Raises
        SourceUnavailableError, CredentialsError, SchemaChangedError or RefusedRequestError.
        """
