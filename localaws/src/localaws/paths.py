"""Where the embedded AWS keeps things in a checkout: everything under `.lake/`, nothing outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class LakePaths:
    """The files of one embedded AWS, below one checkout's root."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / ".lake"

    @property
    def server_file(self) -> Path:
        return self.home / "server.json"

    @property
    def lock(self) -> Path:
        """Held by the running server for as long as it lives, so its holder is never a stale process id."""
        return self.home / "server.lock"

    @property
    def start_lock(self) -> Path:
        return self.home / "start.lock"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def objects(self) -> Path:
        return self.home / "s3"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def server_log(self) -> Path:
        return self.logs / "server.log"

    @property
    def scratch(self) -> Path:
        """Temporary files of the server and of the Lambdas it runs; emptied at every start."""
        return self.home / "tmp"
