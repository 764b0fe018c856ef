"""The server's side of a worker: starts and kills it, sends it jobs, receives results, collects its output."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.errors import TransientError
from localaws.spark import archive, java
from localaws.spark.messages import WARM_UP, RunRequest, RunResult, encode, end_mark
from localaws.spark.session import catalog_conf, worker_conf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO

logger = logging.getLogger("localaws.spark")

OUTPUT, ERROR = "output", "error"
LONGEST_LINE_BYTES = 250_000  # CloudWatch Logs takes 256 KB
# The server's other variables name its files, which a job must not use.
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "USER", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


class WorkerDiedError(TransientError):
    """The worker ended while it ran a job."""


@dataclass(frozen=True)
class WorkerSettings:
    """The endpoint of the server, a folder for temporary files, and the log file of workers."""

    endpoint: str
    scratch: Path
    log: Path


class Worker:
    """One worker process with its JVM, which runs one job at a time."""

    def __init__(self, settings: WorkerSettings, static: Mapping[str, str], java_flags: tuple[str, ...] = ()) -> None:
        self.static = dict(static)
        self._settings = settings
        self._sink: Callable[[str, str], None] = self._write_log
        self._ends = {OUTPUT: threading.Event(), ERROR: threading.Event()}
        self._mark: bytes | None = None
        self._reusable = True
        conf = {**worker_conf(settings.endpoint), "spark.app.name": "glue", **static}
        start = {"conf": conf, "java_flags": [*archive.use_flags(), *java_flags]}
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localaws.spark.worker", "--control", str(theirs.fileno())],
                cwd=settings.scratch,
                env=_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # one group to kill: the worker, its JVM, the job's process
            )
        self._control = ours
        self._answers = ours.makefile("rb")
        for stream, pipe in ((OUTPUT, self._process.stdout), (ERROR, self._process.stderr)):
            threading.Thread(target=self._pump, args=(stream, pipe), daemon=True).start()
        with contextlib.suppress(OSError):  # it has ended already: wait_until_ready reports that
            self._control.sendall(json.dumps(start).encode() + b"\n")

    @property
    def pid(self) -> int:
        """The id of the process, which is also that of its process group."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it can run a job: it is running, and its last result was reusable."""
        return self._reusable and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait for the JVM and its SparkContext. Raises WorkerDiedError when they do not start."""
        self._answer()

    def run(self, request: RunRequest, sink: Callable[[str, str], None]) -> RunResult:
        """Run one job and return its result; `sink(stream, line)` is called for each line that it writes.

        Raises WorkerDiedError when the worker ends before the job does.
        """
        for end in self._ends.values():
            end.clear()
        self._mark, self._sink = end_mark(request.run_id), sink
        try:
            with contextlib.suppress(OSError):
                self._control.sendall(encode(request))
            result = self._answer()
            self._reusable = result.reusable
            return result
        finally:
            for end in self._ends.values():
                end.wait(timeout=10)
            self._sink = self._write_log

    def warm_up(self) -> None:
        """Run what most jobs do, once. Raises WorkerDiedError when the worker ends."""
        name = f"warm-up-{uuid.uuid4().hex}"
        directory = str(self._settings.scratch / "glue" / name)
        settings = catalog_conf(self._settings.endpoint)
        self.run(RunRequest(name, WARM_UP, directory, settings=settings), self._write_log)
        self._write_log(OUTPUT, "is warm")

    def end(self) -> None:
        """Ask an idle worker to end, without waiting for it."""
        with contextlib.suppress(OSError):
            self._control.sendall(b'{"end": true}\n')
        threading.Thread(target=self.wait, daemon=True).start()

    def wait(self) -> int:
        """Wait until the worker has ended, release its socket, and return its exit code."""
        code = self._process.wait()
        self._answers.close()
        self._control.close()
        return code

    def kill(self) -> None:
        """Kill the worker, its JVM and the job."""
        # After it has ended, its process id may be that of another process. Its JVM then ends when its standard input
        # closes, and the job's process when its parent has ended.
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answer(self) -> RunResult:
        try:
            line = self._answers.readline()
        except OSError:
            line = b""
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)  # its own exit code is more useful than that of the kill below
            self.kill()
            code = self._process.returncode
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
            raise WorkerDiedError(f"the Spark worker (process {self.pid}) was ended {how}")
        return RunResult(**json.loads(line))

    def _pump(self, stream: str, pipe: IO[bytes]) -> None:
        while line := pipe.readline(LONGEST_LINE_BYTES):
            text = line.rstrip(b"\r\n")
            if text == self._mark:
                self._ends[stream].set()
            elif text:
                self._deliver(stream, text.decode(errors="replace"))
        self._ends[stream].set()

    def _deliver(self, stream: str, line: str) -> None:
        try:
            self._sink(stream, line)
        except Exception:
            logger.exception("a line of a job could not be logged")

    def _write_log(self, _stream: str, line: str) -> None:
        with self._settings.log.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} worker {self.pid} {line}\n")


def _environment(settings: WorkerSettings) -> dict[str, str]:
    kept = {name: value for name in KEPT_ENVIRONMENT if (value := os.environ.get(name)) is not None}
    return kept | {
        "TZ": "UTC",
        "JAVA_HOME": str(java.java_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(settings.scratch / "spark"),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "AWS_ENDPOINT_URL": settings.endpoint,
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # macOS: the worker forks after loading frameworks
    }
