"""The files of the embedded AWS: all of them in its home folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The files of one embedded AWS, below its home folder."""

    home: Path

    @property
    def server_file(self) -> Path:
        return self.home / "server.json"

    @property
    def lock(self) -> Path:
        """Locked by the running server until its process ends, unlike a process id, which another process may get."""
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
    def request_log(self) -> Path:
        """What AWS would bill, a JSON object a line, with the setting `request_log`."""
        return self.logs / "requests.jsonl"

    @property
    def iam_log(self) -> Path:
        """The calls of roles and the rights that they need, a JSON object a line, with the setting `iam_log`."""
        return self.logs / "iam_calls.jsonl"

    @property
    def scratch(self) -> Path:
        """Temporary files of the server and of the Lambdas it runs; emptied at every start."""
        return self.home / "tmp"

    @property
    def lambda_faults(self) -> Path:
        """Failures of Lambda that tests ordered, a file for each function."""
        return self.home / "lambda-faults"

    @property
    def lambda_runtime(self) -> Path:
        """Files that all Lambdas share: links to the SDK, the interpreter, unpacked layers."""
        return self.home / "lambda-runtime"
