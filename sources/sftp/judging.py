"""Whether a listed file is read now: rules over what it looks like, and what it looked like before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cartlake.ledger.sftp import ListedFile, ListedState
from cartlake.times import parse, stamp
from sources.sftp.model import MB
from sources.sftp.names import is_temporary

if TYPE_CHECKING:
    from sources.sftp.model import RemoteFile
    from sources.sftp.results import Outcome


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The largest file that is read, in bytes, and the setting that says so."""

    bytes: int
    setting: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a file; `outcome` is None for one that is read now.

    `noted` is how the ledger has the file from now on, the same object as before where nothing changed, None where it
    is not in the ledger. `settles_in` is in how many seconds it can be read, if it looks the same then.
    """

    outcome: Outcome | None
    noted: ListedFile | None
    why: str | None = None
    settles_in: int | None = None


def judged(
    file: RemoteFile, before: ListedFile | None, now: datetime, settle: timedelta, limits: FileLimits
) -> Judgement:
    """Judge a file that was listed at `now`; `before` is how the ledger has it."""
    same = before if before is not None and before.looks_like(file.size, file.modified) else None
    if same is not None and same.state is ListedState.READ:
        return Judgement("known", same)
    if is_temporary(file.path):
        return Judgement("waiting", None, "Its name is that of a file that is being written.")
    if why := file.refusal or _too_large(file, limits):
        return Judgement("refused", refused(file, same, why, now), why)
    if file.size == 0:
        return Judgement("waiting", None, "It has no bytes yet.")
    noted = same if same is not None and parse(same.seen_at) <= now else seen(file, now)
    left = parse(noted.seen_at) + settle - now
    if left > timedelta():  # always so for one that looks otherwise than at the last listing
        seconds = max(math.ceil(left.total_seconds()), 1)
        why = f"It may still be written. It is read if it looks the same in {seconds} s."
        return Judgement("waiting", noted, why, seconds)
    return Judgement(None, noted)


def seen(file: RemoteFile, now: datetime) -> ListedFile:
    """Return how the ledger has a file that was listed for the first time with this size and time."""
    return ListedFile(file_id=file.file_id, path=file.path, size=file.size, modified=file.modified, seen_at=stamp(now))


def refused(file: RemoteFile, before: ListedFile | None, why: str, now: datetime) -> ListedFile:
    """Return how the ledger has a file that is refused: since when does not change while the reason stays."""
    if before is not None and before.state is ListedState.REFUSED and before.why == why:
        return before
    changed = {"state": ListedState.REFUSED, "why": why, "refused_at": stamp(now)}
    return (before or seen(file, now)).model_copy(update=changed)


def _too_large(file: RemoteFile, limits: FileLimits) -> str | None:
    if file.size <= limits.bytes:
        return None
    return (
        f"It has {file.size / MB:,.1f} MB, and {limits.setting} allows {limits.bytes / MB:,.1f} MB. Raise the limit, "
        f"or ask the vendor for smaller files."
    )
