"""Pages are put together to files: the rows that were not written before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.times import parse, stamp
from sources.errors import SourceUnavailableError
from sources.files import WrittenFile
from sources.known_rows import KnownRows, modified_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cartlake.ledger.sources import OpenSync, SourceState
    from sources.model import Page, Row, SourceInfo


def gathered(
    info: SourceInfo,
    state: SourceState,
    pages: Iterator[Page],
    validators: dict[str, str],
    is_full: Callable[[int], bool],
) -> WrittenFile:
    """Return the next file: at least one page, then more until `is_full` says so of the number of its rows, or the end.

    The ETags of the pages are added to `validators`. Raises SourceUnavailableError for a cursor that comes twice, and
    what the source raises.
    """
    opened = state.opened
    known, read, cursor, newest = KnownRows.unpack(state.known, opened.known), 0, opened.cursor, opened.newest
    rows: list[Row] = []
    for page in pages:
        if page.cursor is not None and page.cursor == cursor:
            raise SourceUnavailableError(
                f"{info.name} gave the cursor {cursor} twice, so it would be read for ever. The next sync tries again."
            )
        cursor = page.cursor
        validators |= page.validators
        read += len(page.rows)
        rows += [row for row in page.rows if known.add(info, row)]
        newest = _newest(info, opened, newest, page.rows)
        if cursor is None or is_full(len(rows)):
            return WrittenFile(tuple(rows), cursor, newest, read)
    raise SourceUnavailableError(f"{info.name} ended before its last page. The next sync goes on behind the last file.")


def _newest(info: SourceInfo, opened: OpenSync, newest: str | None, rows: tuple[Row, ...]) -> str | None:
    """Return the newest modification time, no later than the window's end: what is modified after it was not read."""
    times = [modified_at(info, row) for row in rows] + ([parse(newest)] if newest else [])
    return stamp(min(max(times), parse(opened.until))) if times else None
