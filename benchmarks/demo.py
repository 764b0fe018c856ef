"""How long `make demo` takes: once in a fresh copy of the checkout, with everything to install, and once more."""

import json
import os
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]


def measure() -> list[dict[str, Any]]:
    """Clone, `make setup`, `lake up`, `lake demo` twice; seconds by phase, downloads included.

    `make demo` is the first three, `up` among them because its phases are worth a line each: `up_start` is the server,
    `up_terraform` the `terraform init` and `apply`.
    """
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "cartlake"
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
        seconds = {"setup": _timed(["make", "setup"], clone)}
        seconds |= {f"up_{phase}": value for phase, value in _seconds("up", clone).items()}
        first, again = _demo(clone), _demo(clone)
        subprocess.run([clone / ".venv/bin/lake", "down"], cwd=clone, check=True, capture_output=True)
    seconds |= {f"first_{name}": value for name, value in first.items()}
    seconds |= {f"again_{name}": value for name, value in again.items()}
    return [
        {"name": f"demo_{name}_seconds", "value": value, "unit": "s", "aim": None, "runs": [value]}
        for name, value in seconds.items()
    ]


def _demo(clone: Path) -> dict[str, float]:
    started = time.monotonic()
    phases = _seconds("demo", clone)
    return {**phases, "total": round(time.monotonic() - started, 2)}


def _seconds(command_name: str, clone: Path) -> dict[str, float]:
    """Run a `lake` command and return the seconds by phase it prints."""
    command = [str(clone / ".venv/bin/lake"), command_name, "--json"]
    done = subprocess.run(command, cwd=clone, check=True, stdout=subprocess.PIPE, env=_environment())
    phases: dict[str, float] = json.loads(done.stdout)["seconds"]
    return phases


def _timed(command: list[str], folder: Path) -> float:
    started = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=_environment())
    return round(time.monotonic() - started, 2)


def _environment() -> dict[str, str]:
    """Return the environment without this checkout's settings, which must not apply to the clone."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CARTLAKE_", "VIRTUAL_ENV"))}
