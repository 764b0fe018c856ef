"""A real Airflow of the lock file: its environment, its four processes, and its API, for tests that kill it."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from uuid import uuid4

from tests.contract.pages import ROOT
from tests.servers.ports import free_port

LOCK = ROOT / "requirements" / "airflow.lock"
PACKAGE = ROOT / "integrations" / "airflow"
PARTS = {
    "api": ("api-server", "--workers", "1"),
    "dag-processor": ("dag-processor",),
    "scheduler": ("scheduler",),
    "triggerer": ("triggerer",),
}
PATIENCE_SECONDS = 300
QUICK = {
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "2",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "20",
}
"""Airflow notices what was killed after seconds, and not minutes."""


def environment() -> Path:
    """The folder of a Python with the packages of the lock, made where there is none."""
    folder = ROOT / ".cache" / "airflow" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    uv, python = Path(sys.executable).with_name("uv"), folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK], check=True)
    return folder


def packed(folder: Path) -> Path:
    """The wheel of the package, as MWAA would install it, unpacked into a folder."""
    build = [Path(sys.executable).with_name("hatchling"), "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=PACKAGE, check=True, capture_output=True)
    [wheel] = folder.glob("cartlake_airflow-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def copy_dags(folder: Path) -> None:
    """Copy the example DAGs without their schedules, so that the runs of the tests are the only ones."""
    folder.mkdir()
    for dag in (PACKAGE / "dags").glob("*.py"):
        text, schedules = re.subn(r'schedule="[^"]+"', "schedule=None", dag.read_text())
        assert schedules == 1
        (folder / dag.name).write_text(text)


def until(what: str, found: Callable[[], Any], seconds: float = PATIENCE_SECONDS, pause: float = 0.5) -> Any:
    """Wait until a function returns something; returns it."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(pause)
    return value


@dataclass
class Airflow:
    """Airflow with a LocalExecutor on SQLite. Each part is a process group of its own."""

    home: Path
    programs: Path
    variables: dict[str, str]
    port: int = field(default_factory=free_port)
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    groups: list[int] = field(default_factory=list)

    def settings(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.port}"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__API__SECRET_KEY": "k" * 32,
            "AIRFLOW__API_AUTH__JWT_SECRET": "j" * 64,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            **QUICK,
            **self.variables,
        }

    def command(self, *arguments: str) -> str:
        """What an `airflow` command printed."""
        done = subprocess.run(
            [self.programs / "airflow", *arguments],
            env=self.settings(), capture_output=True, text=True, check=False, cwd=self.home,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, *names: str) -> None:
        for name in names:
            log = (self.home / f"{name}.log").open("ab")
            process = subprocess.Popen(
                [self.programs / "airflow", *PARTS[name]],
                env=self.settings(), stdout=log, stderr=log, cwd=self.home, start_new_session=True,
            )  # fmt: skip
            self.parts[name] = process
            self.groups.append(process.pid)
        until("the API", self.is_up)

    def kill(self, name: str, *, with_workers: bool = True) -> None:
        """SIGKILL a part: at once, without a chance to tidy up. Without its workers these go on as orphans."""
        process = self.parts.pop(name)
        (os.killpg if with_workers else os.kill)(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def is_up(self) -> bool:
        try:
            return bool(self.ask("GET", "/monitor/health"))
        except (URLError, ConnectionError):
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the API, below /api/v2."""
        address = f"http://127.0.0.1:{self.port}"
        with urllib.request.urlopen(f"{address}/auth/token", timeout=30) as answer:
            token = json.load(answer)["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{address}/api/v2{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def has_dag(self, dag: str) -> bool:
        return any(known["dag_id"] == dag for known in self.ask("GET", "/dags")["dags"])

    def trigger(self, dag: str, day: str) -> str:
        """Start a run of a DAG as of a day; returns its id."""
        until(f"DAG {dag}", lambda: self.has_dag(dag))
        moment = f"{day}T06:00:00Z"
        body = {"logical_date": moment, "run_after": moment, "dag_run_id": f"prove-{uuid4().hex[:8]}"}
        return str(self.ask("POST", f"/dags/{dag}/dagRuns", body)["dag_run_id"])

    def tasks(self, dag: str, run: str) -> dict[str, dict[str, Any]]:
        found = self.ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def state(self, dag: str, run: str) -> str:
        return str(self.ask("GET", f"/dags/{dag}/dagRuns/{run}")["state"])

    def wait(self, dag: str, run: str, wanted: str = "success") -> dict[str, dict[str, Any]]:
        """Wait for the end of a run; returns its tasks."""
        ended = until(f"{dag} {run}", lambda: (now := self.state(dag, run)) in ("success", "failed") and now)
        tasks = self.tasks(dag, run)
        assert ended == wanted, f"{ {name: task['state'] for name, task in tasks.items()} }; logs: {self.home}"
        return tasks

    def clear(self, dag: str, run: str, task: str) -> None:
        """Clear a task and all that come after it, as a user does in the browser."""
        body = {
            "dry_run": False,
            "dag_run_id": run,
            "task_ids": [task],
            "include_downstream": True,
            "only_failed": False,
        }
        self.ask("POST", f"/dags/{dag}/clearTaskInstances", body)

    def returned(self, dag: str, run: str, task: str) -> Any:
        """What a task returned."""
        value = self.ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value")["value"]
        return json.loads(value) if isinstance(value, str) else value


@contextmanager
def running(home: Path, variables: dict[str, str]) -> Iterator[Airflow]:
    """A whole Airflow in a folder, with these variables of its environment; all of it is killed at the end."""
    home.mkdir(parents=True)
    installed = {"PYTHONPATH": str(packed(home / "wheel"))}
    airflow = Airflow(home, environment() / "bin", installed | variables)
    copy_dags(home / "dags")
    airflow.command("db", "migrate")
    try:
        airflow.start("api")  # the others ask it, and are not patient
        airflow.start("dag-processor", "scheduler", "triggerer")
        yield airflow
    finally:
        airflow.stop()
