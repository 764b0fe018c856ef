"""The environments of the peers, which conflict with Cartlake's own: `python -m benchmarks.peers.environment`."""

import subprocess
import sys
import venv
from pathlib import Path
from shutil import rmtree

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache"
HERE = Path(__file__).parent
DUCKDB = "@duckdb/node-bindings-linux-x64@1.5.5-r.5"
"""The package of npm with the shared library of DuckDB, of the version in requirements.txt."""


def python() -> Path:
    """Return the interpreter of the environment with dbt and dlt, which is made unless it has requirements.txt."""
    return _environment(CACHE / "peers-venv", HERE / "requirements.txt") / "python"


def ingestr() -> Path:
    """Return the program ingestr, whose environment is made unless it has requirements-ingestr.txt."""
    return _environment(CACHE / "ingestr-venv", HERE / "requirements-ingestr.txt") / "ingestr"


def duckdb_drivers() -> Path:
    """Return a folder that says where ingestr finds DuckDB, which it would download; made at the first call."""
    folder = CACHE / f"duckdb-adbc-{DUCKDB.rpartition('@')[2]}"
    manifest = folder / "duckdb.toml"
    if not manifest.exists():
        rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", DUCKDB], cwd=folder, check=True, capture_output=True, text=True
        )
        subprocess.run(["tar", "-xzf", packed.stdout.strip()], cwd=folder, check=True)
        manifest.write_text(
            "manifest_version = 1\n"
            'name = "DuckDB"\n'
            "[Driver]\n"
            'entrypoint = "duckdb_adbc_init"\n'
            "[Driver.shared]\n"
            f'linux_amd64 = "{folder / "package" / "libduckdb.so"}"\n'
        )
    return folder


def _environment(home: Path, requirements: Path) -> Path:
    """Return the folder of an environment's programs, which is made anew unless it has exactly these requirements."""
    programs, installed = home / "bin", home / "requirements.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
        installed.write_text(requirements.read_text())
    return programs


if __name__ == "__main__":
    sys.stdout.write(f"{python()}\n{ingestr()}\n{duckdb_drivers()}\n")
