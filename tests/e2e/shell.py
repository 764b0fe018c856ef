"""Runs commands of the documentation as a person would: in a shell, in a folder with the project's `.venv`."""

import os
import subprocess
from pathlib import Path

from tests.contract.pages import ROOT, Commands, Page

FAILURES_END_IT = "trap 'code=$?; [ $code -le 1 ] || exit $code' ERR\n"


def commands_below(page: Path, heading: str) -> list[Commands]:
    """The blocks of commands below a heading that are run from the page."""
    return [block for block in Page(page).commands if block.heading == heading and block.note is None]


def typed(folder: Path, blocks: list[Commands], **variables: str) -> str:
    """Type the blocks one after another in one shell; returns what was printed. The first failure ends it.

    Exit code 1 is none: it says that a command worked and found something. What is written for an account is said to
    the lake on this machine.
    """
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(ROOT / ".venv")
    script = "\n".join(block.code for block in blocks).replace("--env dev", "--env local")
    script = FAILURES_END_IT + script.replace("--env prod", "--env local") + "\nexit 0"
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-uxo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **variables, "PATH": path, "CARTLAKE_ENV": "local"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
