"""The workers of one server: one warm, a second one while two jobs run at a time, a cold one for other JVM settings."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localaws.errors import TransientError
from localaws.spark import archive
from localaws.spark.worker_process import Settings, Worker, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

logger = logging.getLogger("localaws.spark")

MAX_WORKERS = 2
EXTRA_WORKER_IDLE_SECONDS = 60.0


class CancelledError(TransientError):
    """The run was stopped while it waited for a worker."""


@dataclass
class Pool:
    """Lends workers: a warm one if its JVM fits, never more than MAX_WORKERS at a time."""

    settings: Settings
    _idle: list[Worker] = field(default_factory=list)
    _count: int = 0
    _free: threading.Condition = field(default_factory=threading.Condition)

    @contextlib.contextmanager
    def worker(self, static: Mapping[str, str], cancelled: Callable[[], bool]) -> Iterator[Worker]:
        """Lend a worker whose JVM has the given settings, for one run.

        Raises CancelledError when `cancelled()` becomes true while waiting, WorkerDiedError when a new one does not
        come up, JarsError or JavaNotFoundError when `python -m localaws.spark.jars` was not run.
        """
        worker = self._take(static, cancelled)
        try:
            if worker is None:
                worker = Worker(self.settings, static)
                worker.wait_until_ready()
            yield worker
        except CancelledError:  # the run never used it
            raise
        except BaseException:
            if worker is not None:
                worker.kill()
            raise
        finally:
            self._give_back(worker)

    def _take(self, static: Mapping[str, str], cancelled: Callable[[], bool]) -> Worker | None:
        """Take an idle worker that fits, or None with the right to start one."""
        with self._free:
            while True:
                self._drop_ended()
                if not static and self._idle:
                    return self._idle.pop()
                if self._count < MAX_WORKERS:
                    self._count += 1
                    return None
                if self._idle:  # with a JVM that does not fit: the one unused for longest makes way
                    self._idle.pop(0).end()
                    return None
                self._free.wait(timeout=0.2)
                if cancelled():
                    raise CancelledError("stopped while waiting for a Spark worker")

    def _drop_ended(self) -> None:
        for worker in [idle for idle in self._idle if not idle.usable]:
            self._idle.remove(worker)
            self._count -= 1

    def _give_back(self, worker: Worker | None) -> None:
        with self._free:
            if worker is not None and worker.usable and not worker.static:
                self._idle.append(worker)
                if len(self._idle) > 1:
                    self._end_later(worker)
            else:
                self._count -= 1
            self._free.notify_all()
        if worker is not None and worker.usable and worker.static:
            worker.end()

    def _end_later(self, worker: Worker) -> None:
        def end_if_idle() -> None:
            with self._free:
                if worker not in self._idle:
                    return
                self._idle.remove(worker)
                self._count -= 1
            worker.end()

        timer = threading.Timer(EXTRA_WORKER_IDLE_SECONDS, end_if_idle)
        timer.daemon = True
        timer.start()

    def prewarm(self) -> None:
        """Start the first worker and let it run a rehearsal, in the background."""
        threading.Thread(target=self._prewarm, name="localaws-spark-prewarm", daemon=True).start()

    def prewarm_if_cold(self) -> None:
        """Replace a worker that its last run took with it, before the next run asks for one."""
        with self._free:
            self._drop_ended()
            cold = self._count == 0
        if cold:
            self.prewarm()

    def _prewarm(self) -> None:
        try:
            with self.worker({}, lambda: False) as worker:
                worker.rehearse()
            with archive.recording() as flags:
                if flags:
                    self._rehearse_for_the_archive(flags)
        except Exception:
            logger.exception("the Spark worker could not be warmed up")

    def _rehearse_for_the_archive(self, java_flags: tuple[str, ...]) -> None:
        """Let a JVM of its own record the classes of a rehearsal. Raises WorkerDiedError when it ends badly."""
        recorder = Worker(self.settings, {}, java_flags)
        os.setpriority(os.PRIO_PGRP, recorder.pid, 19)
        recorder.wait_until_ready()
        recorder.rehearse()
        recorder.end()
        if (code := recorder.wait()) != 0:
            raise WorkerDiedError(f"the recording of Spark's classes ended with exit code {code}")
