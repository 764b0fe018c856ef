"""Runs Glue jobs on the pool's workers, with timeouts and stops, to one of Glue's end states."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localaws.errors import LocalAwsError
from localaws.spark.arguments import LaunchError, spark_settings, split_settings
from localaws.spark.messages import RunRequest
from localaws.spark.pool import CancelledError
from localaws.spark.session import catalog_conf, local_conf, s3_files_conf
from localaws.spark.worker_process import WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localaws.spark.pool import Pool
    from localaws.spark.worker_process import Worker

SUCCEEDED, FAILED, STOPPED, TIMEOUT = "SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"
ICEBERG_CATALOG = "org.apache.iceberg.spark.SparkCatalog"
ICEBERG_SESSION_CATALOG = "org.apache.iceberg.spark.SparkSessionCatalog"


@dataclass(frozen=True)
class JobRun:
    """One run: `script_uri` is an S3 URI, `arguments` are all arguments of Glue, `environment` the job's variables.

    A run of EMR Serverless has the arguments of its script in `argv`, and folder and URI of archives in `archives`.
    """

    run_id: str
    script_uri: str
    arguments: dict[str, str]
    environment: dict[str, str]
    timeout_seconds: float
    argv: tuple[str, ...] | None = None
    archives: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Glue's end state of a run, and its error message ("" without one)."""

    state: str
    message: str = ""


@dataclass
class _Active:
    """A run in progress. `interrupt` kills its worker and sets its outcome."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    worker: Worker | None = None
    ended_by: Outcome | None = None
    finished: bool = False

    def interrupt(self, outcome: Outcome) -> None:
        """End the run with an outcome, unless it has one already."""
        with self.lock:
            if self.finished or self.ended_by:
                return
            self.ended_by = outcome
            if self.worker is not None:
                self.worker.kill()

    def use(self, worker: Worker) -> None:
        """Set the worker of the run. Raises CancelledError when the run was interrupted before."""
        with self.lock:
            if self.ended_by:
                raise CancelledError("stopped before it started")
            self.worker = worker

    def finish(self, outcome: Outcome) -> Outcome:
        """Return the outcome of the run: that of an interruption, else the given one."""
        with self.lock:
            self.finished = True
            return self.ended_by or outcome


class Runner:
    """Executes runs, each in the thread that calls `execute`; any thread may stop one."""

    def __init__(self, pool: Pool, endpoint: str, scratch: Path) -> None:
        self._pool = pool
        self._endpoint = endpoint
        self._scratch = scratch
        self._active: dict[str, _Active] = {}

    def admit(self, run_id: str) -> None:
        """Register a run before its record is visible, so that it can be stopped before it is executed."""
        self._active[run_id] = _Active()

    def stop(self, run_id: str) -> bool:
        """Kill the worker of a run, with all its processes. Returns False if the run is not in progress."""
        active = self._active.get(run_id)
        if active is None:
            return False
        active.interrupt(Outcome(STOPPED))
        return True

    def execute(self, run: JobRun, on_running: Callable[[], None], sink: Callable[[str, str], None]) -> Outcome:
        """Run a job that was registered by `admit`, and return its outcome.

        `on_running` is called when a worker starts the run, `sink(stream, line)` for each line that it writes.
        """
        active = self._active[run.run_id]
        try:
            outcome = self._execute(run, active, on_running, sink)
        except LocalAwsError as failure:
            outcome = Outcome(FAILED, _message_of(failure))
        finally:
            del self._active[run.run_id]
        return active.finish(outcome)

    def _execute(
        self, run: JobRun, active: _Active, on_running: Callable[[], None], sink: Callable[[str, str], None]
    ) -> Outcome:
        session, static = self._settings(run.arguments)
        with self._pool.worker(static, lambda: active.ended_by is not None) as worker:
            active.use(worker)
            on_running()
            minutes = f"{run.timeout_seconds / 60:g}"
            expired = Outcome(TIMEOUT, f"Job run exceeded its timeout of {minutes} minutes and was ended.")
            timer = threading.Timer(run.timeout_seconds, active.interrupt, args=(expired,))
            timer.daemon = True
            timer.start()
            try:
                result = worker.run(self._request(run, session), sink)
            finally:
                timer.cancel()
            # Before the worker is returned to the pool: then it may run another job, which a stop must not kill.
            return active.finish(Outcome(SUCCEEDED) if result.succeeded else Outcome(FAILED, result.message))

    def _settings(self, arguments: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        running = {**local_conf(), **s3_files_conf(self._endpoint)}
        # Without this setting a job has no Iceberg statements on Glue, so its JVM must not have them either.
        settings = {"spark.sql.extensions": "", **spark_settings(arguments)}
        session, static = split_settings(settings, running)
        for name, value in list(session.items()):
            if value in (ICEBERG_CATALOG, ICEBERG_SESSION_CATALOG):
                # The endpoint is added to the job's own settings of its catalog.
                here = catalog_conf(self._endpoint, name.removeprefix("spark.sql.catalog."))
                session |= {key: setting for key, setting in here.items() if key not in session}
        return session, static

    def _request(self, run: JobRun, session: dict[str, str]) -> RunRequest:
        directory = str(self._scratch / "glue" / run.run_id)
        argv = None if run.argv is None else list(run.argv)
        return RunRequest(
            run.run_id, run.script_uri, directory, run.arguments, session, run.environment, argv, dict(run.archives)
        )


def _message_of(failure: LocalAwsError) -> str:
    if isinstance(failure, WorkerDiedError):
        return f"Command failed: {failure} while it ran the job"
    if isinstance(failure, LaunchError):
        return f"LAUNCH ERROR | {failure} Please refer logs for details."
    return str(failure)
