"""The workers of one server: one warm, a second while two jobs run, and a new one for other JVM settings."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localaws.errors import TransientError
from localaws.spark import archive
from localaws.spark.worker_process import Worker, WorkerDiedError, WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

logger = logging.getLogger("localaws.spark")

MAX_WORKERS = 2
EXTRA_WORKER_IDLE_SECONDS = 60.0


class CancelledError(TransientError):
    """The run was stopped while it waited for a worker."""


@dataclass
class Pool:
    """Provides workers for runs: an idle one if its JVM has the right settings, at most MAX_WORKERS at a time."""

    settings: WorkerSettings
    _idle: list[Worker] = field(default_factory=list)
    _count: int = 0
    _free: threading.Condition = field(default_factory=threading.Condition)

    @contextlib.contextmanager
    def worker(self, static: Mapping[str, str], cancelled: Callable[[], bool]) -> Iterator[Worker]:
        """Return a context manager of a worker for one run, whose JVM has the settings `static`.

        Raises CancelledError when `cancelled()` becomes true while waiting, WorkerDiedError when a new worker does not
        start, JarsError or JavaNotFoundError when `python -m localaws.spark.jars` was not run.
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
        """Wait for an idle worker with these settings; None when the caller may start one. Raises CancelledError."""
        with self._free:
            while True:
                self._drop_ended()
                if not static and self._idle:
                    return self._idle.pop()
                if self._count < MAX_WORKERS:
                    self._count += 1
                    return None
                if self._idle:  # their JVMs have other settings: the one idle for longest is ended
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
        kept = worker is not None and worker.usable and not worker.static
        with self._free:
            if worker is not None and kept:
                self._idle.append(worker)
                if len(self._idle) > 1:
                    self._end_later(worker)
            else:
                self._count -= 1
            self._free.notify_all()
        if worker is not None and not kept:
            worker.end()  # also one that has ended or was killed: its socket is released

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
        """Start the first worker and warm it up, in the background."""
        threading.Thread(target=self._prewarm, name="localaws-spark-prewarm", daemon=True).start()

    def prewarm_if_cold(self) -> None:
        """Start a worker if the last run ended the only one, before the next run needs it."""
        with self._free:
            self._drop_ended()
            cold = self._count == 0
        if cold:
            self.prewarm()

    def _prewarm(self) -> None:
        try:
            with self.worker({}, lambda: False) as worker:
                worker.warm_up()
            with archive.recording() as flags:
                if flags:
                    self._record_archive(flags)
        except Exception:
            logger.exception("the Spark worker could not be warmed up")

    def _record_archive(self, java_flags: tuple[str, ...]) -> None:
        """Record the classes of a warm-up, in another worker. Raises WorkerDiedError when it fails."""
        recorder = Worker(self.settings, {}, java_flags)
        os.setpriority(os.PRIO_PGRP, recorder.pid, 19)
        recorder.wait_until_ready()
        recorder.warm_up()
        recorder.end()
        if (code := recorder.wait()) != 0:
            raise WorkerDiedError(f"the recording of Spark's classes ended with exit code {code}")
