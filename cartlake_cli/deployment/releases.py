"""A release: a checkout of Cartlake that is deployed, tested and repaired by its own commands."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cartlake_cli.context import ENVIRONMENTS_FOLDER
from cartlake_cli.environments import LOCAL
from cartlake_cli.errors import CommandError, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHOWN_LINES: Final = 30
"""Lines at the end of a step's output that its error quotes."""


class StepError(CommandError):
    """A step of a deployment failed. The message quotes the end of its output."""


@dataclass(frozen=True, slots=True)
class Release:
    """A checkout that is or was deployed to an environment.

    Its own code does it, so that an older release is brought back by what brought it the first time.
    """

    root: Path
    environment: str

    def check(self) -> None:
        """Raise NotReadyError if the folder is no checkout of Cartlake."""
        if not (self.root / ENVIRONMENTS_FOLDER / self.environment).is_dir():
            raise NotReadyError(
                f"{self.root} is no checkout of Cartlake: it has no {ENVIRONMENTS_FOLDER}/{self.environment}. "
                "`git worktree add FOLDER TAG` makes one of an earlier release."
            )

    def deploy(self) -> None:
        """Build the artifacts, apply Terraform, and create and change tables and views. Raises StepError."""
        if self.environment == LOCAL:
            self.lake("up")
            return
        folder = f"{ENVIRONMENTS_FOLDER}/{self.environment}"
        self.lake("build", "--platform", "aws")
        if os.environ.get("BACKEND_BUCKET"):
            self._run([".github/scripts/init", self.environment])
        else:
            self._run(["terraform", f"-chdir={folder}", "init", "-input=false", "-backend-config=backend.hcl"])
        self._run(["terraform", f"-chdir={folder}", "apply", "-input=false", "-auto-approve"])
        self.lake("tables", "apply")

    def smoke(self, options: Sequence[str]) -> None:
        """Run the smoke test with these options. Raises StepError when it finds a fault of this release."""
        self.lake("smoke", *options)

    def lake(self, *arguments: str) -> None:
        """Run a `lake` command of this release. Raises StepError when it fails."""
        own = self.root / ".venv" / "bin" / "python"
        self._run([str(own if own.exists() else sys.executable), "-m", "cartlake_cli", *arguments])

    def _run(self, command: Sequence[str]) -> None:
        own = {"PYTHONPATH": str(self.root), "CARTLAKE_CHECKOUT": str(self.root), "CARTLAKE_ENV": self.environment}
        own["CARTLAKE_CONTRACTS_DIR"] = str(self.root / "contracts")
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        sys.stderr.write(done.stdout)
        if done.returncode:
            shown = " ".join(command[3:] if command[1:3] == ["-m", "cartlake_cli"] else command)
            end = "\n".join(done.stdout.strip().splitlines()[-SHOWN_LINES:])
            raise StepError(f"`{shown}` of {self.root.name} failed with exit code {done.returncode}:\n{end}")
