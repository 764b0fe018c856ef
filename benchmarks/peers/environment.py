"""The environment of dbt and dlt, which conflict with Cartlake's own: `python -m benchmarks.peers.environment`."""

import subprocess
import sys
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = CHECKOUT / ".cache" / "peers-venv"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def python() -> Path:
    """Return the interpreter of the environment, which is made first unless it has the packages of requirements.txt."""
    interpreter, installed = HOME / "bin" / "python", HOME / "requirements.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        venv.create(HOME, with_pip=True, clear=True)
        subprocess.run([interpreter, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        installed.write_text(REQUIREMENTS.read_text())
    return interpreter


if __name__ == "__main__":
    sys.stdout.write(f"{python()}\n")
