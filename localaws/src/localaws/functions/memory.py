"""Measures and limits the resident memory of processes, on Linux; elsewhere no memory is measured and none limited."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1024 * 1024
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LONGEST_PAUSE_SECONDS = 0.1
SHORTEST_PAUSE_SECONDS = 0.01
# A process fills new memory at a few GB/s at most: with so much to spare, it need not be looked at earlier.
FILLED_BYTES_PER_SECOND = 4 * 1024 * MIB
CHILDREN_PAUSE_SECONDS = 0.5
_STATE_TO_SESSION = 4


def machine_bytes() -> int:
    """Return the memory of this machine, or of the container, when it has less (cgroup v2)."""
    whole = os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES
    try:
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # not Linux, or `max`
        return whole


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process now; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0


def peak_bytes(pid: int) -> int:
    """Return the most resident memory that a process has ever had; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_bytes().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"VmHWM:")), 0)


def children(leader: int) -> list[int]:
    """Return the other processes of a session, whose first process is `leader`."""
    found = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in found if pid != leader and _session(pid) == leader]


def _session(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return int(stat.rpartition(b")")[2].split()[_STATE_TO_SESSION - 1])  # a command may contain spaces and brackets


@dataclass(eq=False)
class Watched:
    """A running invocation: its process, its limit, and whether the limit was passed."""

    pid: Callable[[], int | None]
    limit_bytes: int
    end: Callable[[], None]
    exceeded: bool = False
    _children: list[int] = field(default_factory=list)
    _children_from: float = field(default_factory=time.monotonic)

    def look(self) -> int:
        """Return the bytes left below the limit, after ending the process if there are none."""
        pid = self.pid()
        if pid is None or self.exceeded:
            return self.limit_bytes
        left = self.limit_bytes - resident_bytes(pid) - sum(map(resident_bytes, self._known_children(pid)))
        if left < 0:
            self._end()
        return left

    def finish(self) -> int:
        """Return the peak in bytes, after ending the process if it was over the limit between two looks."""
        pid = self.pid()
        peak = peak_bytes(pid) if pid is not None else 0
        if peak > self.limit_bytes and not self.exceeded:
            self._end()
        return self.limit_bytes if self.exceeded else peak

    def _end(self) -> None:
        self.exceeded = True
        self.end()

    def _known_children(self, pid: int) -> list[int]:
        now = time.monotonic()
        if now - self._children_from > CHILDREN_PAUSE_SECONDS:
            self._children, self._children_from = children(pid), now
        return self._children


class MemoryWatch:
    """One thread that looks at the memory of all running invocations, and sleeps while there are none."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: list[Watched] = []
        self._idle = True
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, watched: Watched) -> Iterator[None]:
        """Return a context manager in which an invocation's process is ended when it passes its limit."""
        with self._changed:
            self._watched.append(watched)
            self._start()
        try:
            yield
        finally:
            with self._changed:
                self._watched.remove(watched)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True, name="lambda-memory")
            self._thread.start()
        elif self._idle:  # otherwise it looks within a tenth of a second
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle = not self._watched
                if self._idle:
                    self._changed.wait()
                watched = list(self._watched)
            time.sleep(pause_seconds([one.look() for one in watched]))


def pause_seconds(left_bytes: list[int]) -> float:
    """Return the time in which no process can fill what it has left, within a shortest and a longest pause."""
    nearest = min(left_bytes, default=0) / FILLED_BYTES_PER_SECOND
    return max(SHORTEST_PAUSE_SECONDS, min(LONGEST_PAUSE_SECONDS, nearest))
