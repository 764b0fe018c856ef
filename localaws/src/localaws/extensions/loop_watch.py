"""Logs a request that blocks all others: MiniStack answers all requests on one event loop."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

from ministack import app

if TYPE_CHECKING:
    import asyncio
    from types import FrameType

logger = logging.getLogger("localaws.loop")

POLL_SECONDS = 0.25
LIMIT_SECONDS = 1.0
FRAMES = 6


def install() -> None:
    """Start the thread that checks the event loop. Raises AttributeError when MiniStack no longer has one."""
    if not hasattr(app, "_MAIN_LOOP"):
        raise AttributeError("MiniStack no longer has _MAIN_LOOP")
    threading.Thread(target=_watch_forever, name="localaws-loop-watch", daemon=True).start()


def _watch_forever() -> None:
    while True:
        time.sleep(POLL_SECONDS)
        loop = app._MAIN_LOOP
        if loop is None:
            continue
        try:
            look(loop, threading.main_thread())
        except RuntimeError:  # the loop is closed: the server ends
            return


def look(loop: asyncio.AbstractEventLoop, thread: threading.Thread, limit_seconds: float = LIMIT_SECONDS) -> float:
    """Return the seconds until the event loop runs a callback; above the limit, log what blocks it.

    Raises RuntimeError when the loop is closed.
    """
    answered = threading.Event()
    started = time.monotonic()
    loop.call_soon_threadsafe(answered.set)
    if not answered.wait(limit_seconds):
        blocked_in = _where(sys._current_frames().get(thread.ident or 0))
        answered.wait()
        logger.warning("all requests waited %.1f s for: %s", time.monotonic() - started, blocked_in)
    return time.monotonic() - started


def _where(frame: FrameType | None) -> str:
    stack = traceback.extract_stack(frame) if frame is not None else []
    own = [line for line in stack if not line.filename.startswith("<frozen")]  # not the frames of an import
    return " <- ".join(f"{line.name} ({line.filename}:{line.lineno})" for line in reversed(own[-FRAMES:]))
