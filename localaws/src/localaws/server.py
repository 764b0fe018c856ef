"""Starts, stops and finds an embedded AWS: the interface for other packages.

One server runs for each home folder. Its port is chosen at the first start and kept in `server.json` there, because
queue URLs and Terraform state contain it. A lock file, not the process id, says whether the server runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from localaws.errors import TerminalError
from localaws.locks import is_locked, try_lock
from localaws.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.settings import Settings

HOST = "127.0.0.1"
REGION = "us-east-1"
# Below the ephemeral ports of Linux and macOS: no outgoing connection uses one of these.
FIRST_PORT, PORT_COUNT = 20_000, 10_000
LOG_LIMIT_BYTES = 50_000_000
PACKAGE_ROOT = Path(__file__).resolve().parent.parent


class ServerError(TerminalError):
    """The embedded AWS could not be started or stopped; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """One embedded AWS: where it listens, and its process."""

    port: int
    pid: int
    endpoint: str


def start(settings: Settings, *, timeout_seconds: float = 60.0) -> Server:
    """Start the server of this home folder and wait until it answers; return the running one if there is one.

    Raises ServerError when its port is in use by another program, or when it does not answer in time.
    """
    paths = Paths(settings.home)
    deadline = time.monotonic() + timeout_seconds
    while (
        guard := try_lock(paths.start_lock)
    ) is None:  # two starts at once: the second returns the server of the first
        _sleep_until(deadline, f"another process is still starting the embedded AWS in {paths.home}")
    with guard:
        running = status(settings)
        if running is not None and _wait_until_it_answers(running, paths, deadline):
            return running
        launched = _launch(settings, paths)
        if not _wait_until_it_answers(launched, paths, deadline):
            raise ServerError(f"the embedded AWS ended while starting: {_log_tail(paths)}")
        return launched


def stop(settings: Settings, *, timeout_seconds: float = 90.0) -> bool:
    """Stop the server and wait until its state is saved. Returns False when none was running.

    Raises ServerError when it does not end in time.
    """
    paths = Paths(settings.home)
    running = status(settings)
    if running is None:
        return False
    with contextlib.suppress(ProcessLookupError):  # it has ended since: its lock is, or will be, released
        os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_seconds
    while is_locked(paths.lock):
        _sleep_until(
            deadline, f"process {running.pid} did not end in {timeout_seconds:g} s; its log is {paths.server_log}"
        )
    return True


def status(settings: Settings) -> Server | None:
    """Return the running server of this home folder, or None."""
    paths = Paths(settings.home)
    if not is_locked(paths.lock) or not paths.server_file.exists():
        return None
    return Server(**json.loads(paths.server_file.read_text(encoding="utf-8")))


def client_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that point any AWS client at the embedded AWS of this home folder, running or not.

    Raises ServerError when it was never started there.
    """
    file = Paths(settings.home).server_file
    if not file.exists():
        raise ServerError(f"the embedded AWS was never started in {settings.home}: start it first")
    return {
        "AWS_ENDPOINT_URL": json.loads(file.read_text(encoding="utf-8"))["endpoint"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def wipe(settings: Settings) -> None:
    """Delete the home folder. Raises ServerError while the server runs, and for a file that cannot be deleted."""
    if status(settings) is not None:
        raise ServerError(f"the embedded AWS in {settings.home} is running: stop it first")
    try:
        shutil.rmtree(settings.home)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ServerError(f"{settings.home} cannot be deleted: {error}. Delete it by hand.") from error


def _launch(settings: Settings, paths: Paths) -> Server:
    port = choose_port(settings)
    _clear_scratch(paths)
    with _open_log(paths) as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "localaws.serve", "--port", str(port)],
            cwd=PACKAGE_ROOT,
            env={**server_environment(os.environ), **settings.environment()},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it
        )
    server = Server(port=port, pid=process.pid, endpoint=f"http://{HOST}:{port}")
    write_server_file(paths, server)
    return server


def write_server_file(paths: Paths, server: Server) -> None:
    """Write the server's port, process and endpoint, atomically: readers never see a partial file."""
    temporary = paths.server_file.with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(server)), encoding="utf-8")
    temporary.replace(paths.server_file)


def server_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the server: the caller's, without variables that change AWS clients or Python.

    A developer's real AWS keys, profile or endpoint must never reach the Lambdas and jobs that run in the server.
    """
    return {
        name: value for name, value in environment.items() if not name.startswith(("AWS_", "PYTHON", "POWERTOOLS_"))
    } | {"TZ": "UTC"}


def choose_port(settings: Settings) -> int:
    """Return the port of the settings, else that of the first start, else a free one derived from the home folder.

    Raises ServerError when the port of the settings or of the first start is in use by another program.
    """
    file = Paths(settings.home).server_file
    port = settings.port
    if port is None and file.exists():
        port = int(json.loads(file.read_text(encoding="utf-8"))["port"])
    if port is not None:
        if not _is_free(port):
            raise ServerError(
                f"port {port} of {settings.home} is used by another program: stop that program, or set "
                "LOCALAWS_PORT to a free port"
            )
        return port
    offset = int.from_bytes(hashlib.sha256(str(settings.home).encode()).digest()[:4], "big")
    candidates = (FIRST_PORT + (offset + step) % PORT_COUNT for step in range(PORT_COUNT))
    return next(port for port in candidates if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _clear_scratch(paths: Paths) -> None:
    shutil.rmtree(paths.scratch, ignore_errors=True)
    for directory in (paths.scratch, paths.state, paths.objects, paths.logs):
        directory.mkdir(parents=True, exist_ok=True)


def _open_log(paths: Paths) -> IO[bytes]:
    if paths.server_log.exists() and paths.server_log.stat().st_size > LOG_LIMIT_BYTES:
        paths.server_log.replace(paths.server_log.with_suffix(".log.1"))
    return paths.server_log.open("ab")


def _wait_until_it_answers(server: Server, paths: Paths, deadline: float) -> bool:
    """Wait until the server answers. Returns False when its process has ended instead."""
    while not _answers(server.port):
        if not _is_running(server.pid):
            return False
        _sleep_until(deadline, f"the embedded AWS does not answer on port {server.port}; its log is {paths.server_log}")
    return True


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _is_running(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):  # a child process that ended stays a zombie until it is waited for
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _log_tail(paths: Paths, lines: int = 15) -> str:
    return "\n".join(paths.server_log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _sleep_until(deadline: float, message: str) -> None:
    if time.monotonic() > deadline:
        raise ServerError(message)
    time.sleep(0.05)
