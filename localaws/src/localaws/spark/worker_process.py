"""The server's side of a worker: start it, send it a job, receive its result, collect what it writes, kill it."""

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
from localaws.spark.messages import REHEARSAL, RunRequest, RunResult, encode, end_mark
from localaws.spark.session import catalog_conf, worker_conf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO

logger = logging.getLogger("localaws.spark")

OUTPUT, ERROR = "output", "error"
LONGEST_LINE_BYTES = 250_000  # CloudWatch Logs takes 256 KB
# The rest of the server's environment says where the server keeps things, which a job must not see.
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "USER", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


class WorkerDiedError(TransientError):
    """The worker ended while it ran a job."""


@dataclass(frozen=True)
class Settings:
    """What the pool of one server needs to know: its endpoint, and where it may keep files."""

    endpoint: str
    scratch: Path
    log: Path


class Worker:
    """One worker process with its JVM: runs one job at a time."""

    def __init__(self, settings: Settings, static: Mapping[str, str], java_flags: tuple[str, ...] = ()) -> None:
        self.static = dict(static)
        self._settings = settings
        self._sink: Callable[[str, str], None] = self._write_log
        self._ends = {OUTPUT: threading.Event(), ERROR: threading.Event()}
        self._mark: bytes | None = None
        self._fit = True
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
        conf = {**worker_conf(settings.endpoint), "spark.app.name": "glue", **static}
        start = {"conf": conf, "java_flags": [*archive.use_flags(), *java_flags]}
        with contextlib.suppress(OSError):  # it has ended already: wait_until_ready reports that
            self._control.sendall(json.dumps(start).encode() + b"\n")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it runs, and its last run left it fit for another."""
        return self._fit and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait for the JVM and its SparkContext. Raises WorkerDiedError when they do not come up."""
        self._answer()

    def run(self, request: RunRequest, sink: Callable[[str, str], None]) -> RunResult:
        """Run one job; each line that it writes goes to `sink(stream, line)`.

        Raises WorkerDiedError when the worker ends before the job.
        """
        for end in self._ends.values():
            end.clear()
        self._mark, self._sink = end_mark(request.run_id), sink
        try:
            with contextlib.suppress(OSError):
                self._control.sendall(encode(request))
            result = self._answer()
            self._fit = result.reusable
            return result
        finally:
            for end in self._ends.values():
                end.wait(timeout=10)
            self._sink = self._write_log

    def rehearse(self) -> None:
        """Do once what every job does. Raises WorkerDiedError when the worker ends."""
        name = f"rehearsal-{uuid.uuid4().hex}"
        directory = str(self._settings.scratch / "glue" / name)
        settings = catalog_conf(self._settings.endpoint)
        self.run(RunRequest(name, REHEARSAL, directory, settings=settings), self._write_log)
        self._write_log(OUTPUT, "is warm")

    def end(self) -> None:
        """Let an idle worker end in good order, without waiting for it."""
        with contextlib.suppress(OSError):
            self._control.sendall(b'{"end": true}\n')
        threading.Thread(target=self._process.wait, daemon=True).start()

    def wait(self) -> int:
        return self._process.wait()

    def kill(self) -> None:
        """End the worker, its JVM and the job at once."""
        # Once it is reaped its number may be another's. What it leaves then ends by itself: the JVM when its standard
        # input closes, the job's process when its parent is gone.
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
                self._process.wait(timeout=5)  # its own exit code says more than our kill
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
            logger.exception("a line of a job was lost")

    def _write_log(self, _stream: str, line: str) -> None:
        with self._settings.log.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} worker {self.pid} {line}\n")


def _environment(settings: Settings) -> dict[str, str]:
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
