"""Lock files, which the kernel releases when the process that holds them ends, even by SIGKILL."""

from __future__ import annotations

import fcntl
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def try_lock(path: Path) -> IO[str] | None:
    """Take the lock, or return None if another process holds it. Closing the returned file releases it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def lock(path: Path, *, seconds: float) -> IO[str] | None:
    """Take the lock, or return None if another process still holds it after `seconds`.

    `is_locked` in another process holds it for an instant, so one attempt may fail without reason.
    """
    deadline = time.monotonic() + seconds
    while (handle := try_lock(path)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return handle


def is_locked(path: Path) -> bool:
    """Return whether a running process holds the lock."""
    if not path.exists():
        return False
    handle = try_lock(path)
    if handle is None:
        return True
    handle.close()
    return False
